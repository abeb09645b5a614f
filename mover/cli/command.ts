import type { Config, VolumeConfig } from '../config/schema.ts'
import { oneOf } from '../config/suggest.ts'
import { Refusal } from '../host/refusal.ts'

/** An option of a command, given as `--name` or, when it has a value, `--name VALUE`. */
export interface OptionSpec {
  /** What its value is called in the help; null when it has none. */
  value: string | null
  help: string
}

/** What a command is run with. */
export interface Invocation {
  config: Config
  operands: readonly string[]
  /** Options that were given; true for those without a value. */
  options: Readonly<Record<string, string | true>>
  /** Writes a line to standard output. */
  print: (line: string) => void
}

/** One command of the command line: a row of the table in commands.ts. */
export interface Command {
  summary: string
  /** Names of its operands, all of which must be given. */
  operands: readonly string[]
  /** Those that may follow, all of them or none; what is in small letters is given as it is. */
  more?: readonly string[]
  options: Readonly<Record<string, OptionSpec>>
  /** Returns the exit status; throws a `Refusal` with a line for people. */
  run: (invocation: Invocation) => Promise<number>
}

/** The option of commands whose output a program may want to read. */
export const JSON_OPTION = { json: { value: null, help: 'print JSON' } } as const

/** The volume that an operand names. */
export function volumeOf(config: Config, name: string): VolumeConfig {
  const volume = config.volumes.find((candidate) => candidate.name === name)
  if (volume !== undefined) return volume
  throw new Refusal(
    2,
    `there is no volume '${name}'; the configuration has ${oneOf(config.volumes.map((one) => one.name))}`,
  )
}
