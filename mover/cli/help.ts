import { COMMON_OPTIONS } from './arguments.ts'
import type { Command, OptionSpec } from './command.ts'
import { formatTable } from './table.ts'

/** What `--help` prints, without a command: all of them; with one: its options. */
export function helpText(name: string | null, commands: Readonly<Record<string, Command>>): string {
  const command = name === null ? undefined : commands[name]
  if (name !== null && command !== undefined) {
    const usage = ['lockkeeper', name, ...operandsOf(command), ...Object.entries(command.options).map(optionUsage)]
    return [`usage: ${usage.join(' ')}`, '', command.summary, '', ...optionRows(command.options)].join('\n')
  }
  const rows = Object.entries(commands).map(([word, one]) => [`  ${[word, ...operandsOf(one)].join(' ')}`, one.summary])
  return ['usage: lockkeeper COMMAND [--config FILE]', '', ...formatTable(rows), '', ...optionRows({})].join('\n')
}

function operandsOf({ operands, more = [] }: Command): string[] {
  return more.length === 0 ? [...operands] : [...operands, `[${more.join(' ')}]`]
}

function optionUsage([name, { value }]: [string, OptionSpec]): string {
  return `[--${name}${value === null ? '' : ` ${value}`}]`
}

function optionRows(own: Readonly<Record<string, OptionSpec>>): string[] {
  const all = Object.entries({ ...own, ...COMMON_OPTIONS })
  return formatTable(all.map(([name, { value, help }]) => [`  --${name}${value === null ? '' : ` ${value}`}`, help]))
}
