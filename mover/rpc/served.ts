import type { Procedure, Program } from './program.ts'

/** RFC 5531 §12.1: procedure 0 of every program does nothing, takes nothing and returns nothing. */
export const NULL_PROCEDURE: Procedure<undefined, undefined> = {
  name: 'NULL',
  read: () => undefined,
  write: () => {},
  handle: () => undefined,
  fail: null,
  idempotent: true,
}

/** A procedure of any program: arguments and results are its own business. */
type AnyProcedure = NonNullable<Program['procedures'][number]>

/** A procedure as it is served, with its counters. */
export class ServedProcedure {
  readonly procedure: AnyProcedure
  readonly program: Program
  readonly number: number
  calls = 0
  /** Calls with undecodable arguments, with results that tell of a failure, and those that failed unexpectedly. */
  errors = 0
  /** Calls that were answered at once; the time of some of them was taken. */
  promptCalls = 0
  sampledCalls = 0
  sampledMs = 0
  /** Milliseconds from arrival to answer of all calls that had to wait for something. */
  waitedMs = 0

  constructor(program: Program, number: number, procedure: AnyProcedure) {
    this.program = program
    this.number = number
    this.procedure = procedure
  }

  /** For messages: "nfs CREATE". */
  get label(): string {
    return `${this.program.name} ${this.procedure.name}`
  }

  /** Microseconds from arrival to answer, of all calls together; estimated from samples where answers were prompt. */
  get micros(): number {
    const promptMs = this.sampledCalls === 0 ? 0 : (this.sampledMs / this.sampledCalls) * this.promptCalls
    return Math.round((promptMs + this.waitedMs) * 1000)
  }
}

/** The versions of one program. */
export interface ServedProgram {
  /** Lowest and highest version. */
  low: number
  high: number
  datagrams: boolean
  /** By version, then by procedure number. */
  versions: Map<number, readonly (ServedProcedure | undefined)[]>
}

/** Programs by number. Throws when a program and version are there twice. */
export function serve(programs: readonly Program[]): Map<number, ServedProgram> {
  const served = new Map<number, ServedProgram>()
  for (const program of programs) {
    const { version, datagrams = false } = program
    const entry = served.get(program.program) ?? { low: version, high: version, datagrams, versions: new Map() }
    if (entry.versions.has(version)) throw new Error(`program ${program.program} version ${version} is there twice`)
    entry.low = Math.min(entry.low, version)
    entry.high = Math.max(entry.high, version)
    const procedures = Array.from(program.procedures, (procedure, number) =>
      procedure === undefined ? undefined : new ServedProcedure(program, number, procedure),
    )
    procedures[0] ??= new ServedProcedure(program, 0, NULL_PROCEDURE)
    entry.versions.set(version, procedures)
    served.set(program.program, entry)
  }
  return served
}
