import type { Logger } from 'pino'
import type { ReplayLimits } from '../../mover/clients/replay-cache.ts'
import type { Failure } from '../../mover/failure.ts'
import type { ReplayTag } from '../../mover/operation.ts'
import { Dispatcher, type DispatcherOptions } from '../../mover/rpc/dispatch.ts'
import type { Call, Program, RpcCredentials } from '../../mover/rpc/program.ts'
import type { ReplayMemory } from '../../mover/rpc/runner.ts'
import { Suspend } from '../../mover/suspend.ts'
import type { XdrReader } from '../../protocol/xdr/reader.ts'
import type { XdrWriter } from '../../protocol/xdr/writer.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { memoryLogger } from './rpc-support.ts'

export const TOY = 400_000
/** Procedures of the toy program. */
export const Toy = { NULL: 0, ECHO: 1, MAKE: 2, BREAK: 3, BULK: 5, BROKEN_WRITE: 6, MAKE_BULK: 7 } as const

const DATA_MAX = 1000

function readNumber(reader: XdrReader): number {
  return reader.u32()
}

function writeNumber(writer: XdrWriter, value: number): void {
  writer.u32(value)
}

/** What the toy's handlers do is decided here. */
export class ToyWorld {
  /** Names of what was run, in order. */
  readonly runs: string[] = []
  /** Calls as the handlers saw them. */
  readonly seen: {
    address: string
    port: number
    uid: number
    machine: string
    gids: string
    replay: ReplayTag | null
  }[] = []
  /** The credential objects of those calls. */
  readonly credentials: RpcCredentials[] = []
  /** The next runs of ECHO and MAKE suspend this many times. */
  suspensions = 0
  readonly resumes: (() => void)[] = []
  /** Whatever is waited for has happened already. */
  resumeAtOnce = false
  /** MAKE, ECHO and BULK set a barrier. */
  useBarrier = false
  readonly barriers: ((failure: Failure | null) => void)[] = []
  /** BREAK and `fail` throw this. */
  breakFail = false
  /** Pages in use by replies. */
  pins = 0
  made = 0
  readonly bulk = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251)

  /** What every handler does first. */
  enter(name: string, call: Call): void {
    const { uid, machineName, gids } = call.credentials
    this.runs.push(name)
    this.seen.push({
      address: call.address,
      port: call.port,
      uid,
      machine: machineName,
      gids: gids.join(),
      replay: call.replay,
    })
    this.credentials.push(call.credentials)
    if (this.suspensions > 0) {
      this.suspensions--
      throw new Suspend((resume) => {
        this.resumes.push(resume)
        if (this.resumeAtOnce) this.resumeAll()
      })
    }
    if (this.useBarrier) call.barrier = { wait: (done) => this.barriers.push(done) }
  }

  /** Resumes everything that is suspended. */
  resumeAll(): void {
    for (const resume of this.resumes.splice(0)) resume()
  }

  settleAll(failure: Failure | null): void {
    for (const done of this.barriers.splice(0)) done(failure)
  }
}

export function toyProgram(world: ToyWorld): Program {
  const procedures: Program['procedures'][number][] = []
  procedures[Toy.ECHO] = {
    name: 'ECHO',
    read: (reader: XdrReader) => reader.opaque(DATA_MAX),
    write: (writer: XdrWriter, data: Uint8Array) => writer.opaque(data),
    handle: (data: Uint8Array, call: Call) => {
      world.enter(`echo ${data.length}`, call)
      return data
    },
    fail: null,
    idempotent: true,
    replyBytes: (data: Uint8Array) => data.length,
  }
  procedures[Toy.MAKE] = {
    name: 'MAKE',
    read: readNumber,
    write: writeNumber,
    handle: (number: number, call: Call) => {
      world.enter(`make ${number}`, call)
      return 1000 * ++world.made + number
    },
    fail: () => 77,
    idempotent: false,
    replayed: (objectIno: number, number: number, call: Call) => {
      world.enter(`replayed ${number}`, call)
      return objectIno
    },
    isError: (result: number) => result === 77,
  }
  procedures[Toy.BREAK] = {
    name: 'BREAK',
    read: readNumber,
    write: writeNumber,
    handle: () => {
      throw new Error('the toy is broken')
    },
    fail: () => {
      if (world.breakFail) throw new Error('the toy is quite broken')
      return 99
    },
    idempotent: true,
  }
  const pinned = {
    read: readNumber,
    write: (writer: XdrWriter, length: number) => {
      writer.u32(length)
      writer.splice([world.bulk.subarray(0, 10), world.bulk.subarray(10, length)], 2, length)
    },
    handle: (length: number, call: Call) => {
      world.enter(`bulk ${length}`, call)
      world.pins++
      call.release = () => world.pins--
      return length
    },
    fail: null,
  }
  procedures[Toy.BULK] = { ...pinned, name: 'BULK', idempotent: true }
  procedures[Toy.MAKE_BULK] = { ...pinned, name: 'MAKE_BULK', idempotent: false }
  procedures[Toy.BROKEN_WRITE] = {
    ...pinned,
    name: 'BROKEN_WRITE',
    write: (writer: XdrWriter, length: number) => {
      pinned.write(writer, length)
      throw new Error('the toy cannot say it')
    },
    idempotent: true,
  }
  return { program: TOY, version: 3, name: 'toy', procedures }
}

/** A dispatcher with the toy program in versions 3 and 5 (5 has NULL only), in a world with its own clock. */
export function toyDispatcher(
  options: { replayMemory?: ReplayMemory; replayLimits?: ReplayLimits; logger?: Logger } = {},
): {
  dispatcher: Dispatcher
  world: ToyWorld
  environment: TestEnvironment
  lines: { level: number; msg: string; client?: string }[]
} {
  const world = new ToyWorld()
  const environment = new TestEnvironment(1)
  const { logger, lines } = memoryLogger()
  const programs = [toyProgram(world), { program: TOY, version: 5, name: 'toy', procedures: [] }]
  const all: DispatcherOptions = { environment, logger, programs, ...options }
  return { dispatcher: new Dispatcher(all), world, environment, lines }
}
