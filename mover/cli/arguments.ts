import { didYouMean } from '../config/suggest.ts'
import { Refusal } from '../host/refusal.ts'
import type { Command, OptionSpec } from './command.ts'

/** Options that every command takes. */
export const COMMON_OPTIONS = {
  config: { value: 'FILE', help: 'the configuration; else ./lockkeeper.yaml if there is one, else built-in defaults' },
  help: { value: null, help: 'say how to use it' },
  version: { value: null, help: 'say which version this is' },
} as const satisfies Record<string, OptionSpec>

/** A command line that makes sense. */
export interface ParsedArguments {
  /** Null: none was given, which is right only with `--help` or `--version`. */
  command: string | null
  operands: string[]
  options: Record<string, string | true>
}

/** Understands a command line; throws a `Refusal` with exit status 2 and one line that says what is wrong. */
export function parseArguments(words: readonly string[], commands: Readonly<Record<string, Command>>): ParsedArguments {
  const allOptions = Object.assign({}, COMMON_OPTIONS, ...Object.values(commands).map(({ options }) => options))
  const { bare, options } = split(words, allOptions)
  const [name = null, ...operands] = bare
  const isQuestion = options['help'] === true || options['version'] === true
  if (name === null) {
    if (!isQuestion) throw wrong(`which command? ${Object.keys(commands).join(', ')}`)
    return { command: null, operands, options }
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) throw wrong(`unknown command '${name}'${didYouMean(name, Object.keys(commands))}`)
  for (const option of Object.keys(options)) {
    if (Object.hasOwn(COMMON_OPTIONS, option) || Object.hasOwn(command.options, option)) continue
    throw wrong(`${name} has no option --${option}`)
  }
  if (!isQuestion) checkOperands(name, command, operands)
  return { command: name, operands, options }
}

function split(
  words: readonly string[],
  specs: Readonly<Record<string, OptionSpec>>,
): { bare: string[]; options: Record<string, string | true> } {
  const bare: string[] = []
  const options: Record<string, string | true> = {}
  for (let at = 0; at < words.length; at++) {
    const word = words[at]
    if (!word.startsWith('-')) {
      bare.push(word)
      continue
    }
    const [name, given] = splitOption(word)
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined
    if (spec === undefined) throw wrong(`unknown option ${word}${suggestion(name, specs)}`)
    if (Object.hasOwn(options, name)) throw wrong(`--${name} is given twice`)
    if (spec.value === null) {
      if (given !== null) throw wrong(`--${name} takes no value`)
      options[name] = true
      continue
    }
    const value = given ?? words[++at]
    if (value === undefined || value === '') throw wrong(`--${name} needs a value: --${name} ${spec.value}`)
    options[name] = value
  }
  return { bare, options }
}

/** `--name` or `--name=value`. A single dash starts no option that we have. */
function splitOption(word: string): [string, string | null] {
  if (!word.startsWith('--')) return [word, null]
  const equals = word.indexOf('=')
  return equals < 0 ? [word.slice(2), null] : [word.slice(2, equals), word.slice(equals + 1)]
}

function suggestion(name: string, specs: Readonly<Record<string, OptionSpec>>): string {
  const hint = didYouMean(name.replace(/^-+/, ''), Object.keys(specs))
  return hint.replace('mean ', 'mean --')
}

function checkOperands(command: string, { operands, more = [] }: Command, given: readonly string[]): void {
  const wanted = given.length > operands.length ? [...operands, ...more] : operands
  for (const [at, word] of wanted.entries()) {
    const isFixed = word === word.toLowerCase()
    if (isFixed && at < given.length && given[at] !== word) throw wrong(`${command} does not take '${given[at]}'`)
  }
  if (given.length < wanted.length) throw wrong(`${command} needs ${wanted.slice(given.length).join(' and ')}`)
  if (given.length > wanted.length) throw wrong(`${command} does not take '${given[wanted.length]}'`)
}

function wrong(text: string): Refusal {
  return new Refusal(2, `${text} (lockkeeper --help tells more)`)
}
