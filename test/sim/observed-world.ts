import { VolumeTrace } from '../../mover/authority/trace.ts'
import type { ShownEvent } from '../../mover/cli/trace-merger.ts'
import type { Failure } from '../../mover/failure.ts'
import { TracedCalls } from '../../mover/files/call-trace.ts'
import type { Intent, Operation, ReadResult, WriteResult } from '../../mover/files/service.ts'
import type { TokenHolder } from '../../mover/locks/token-holder.ts'
import { BLOCK_BYTES } from '../../mover/volume/layout.ts'
import { MoverWorld, type SimulatedMover } from './mover-world.ts'

interface Observed {
  readonly mover: SimulatedMover
  readonly trace: VolumeTrace
  readonly calls: TracedCalls
}

/** What a client asks for, of so many blocks. */
interface Call {
  readonly procedure: string
  readonly intent: Intent
  readonly ino: number
  readonly first: number
  readonly count: number
}

/** Movers of which everything can be seen: what is said about a file, and what it costs. */
export class ObservedWorld {
  readonly world: MoverWorld
  readonly #observed: Observed[]
  #client = 'client'

  constructor(seed: number, secondaries: number) {
    this.world = new MoverWorld(seed, secondaries)
    const { primary } = this.world
    const watched = this.#watch(primary, primary.authority)
    this.#observed = [watched]
    for (const secondary of this.world.secondaries) {
      const own = this.#watch(secondary, secondary.authority)
      secondary.session.observer = own.trace.session(primary.name)
      secondary.peer.session.observer = watched.trace.session(secondary.name)
      this.#observed.push(own)
    }
  }

  #watch(mover: SimulatedMover, authority: { readonly tokens: TokenHolder }): Observed {
    const trace = new VolumeTrace({ env: this.world.env, tokens: () => authority.tokens, turned: () => {} })
    return { mover, trace, calls: new TracedCalls(trace) }
  }

  /** What is done meanwhile costs so many frames of all sessions. */
  framesOf(action: () => void): number {
    const before = this.#frames
    action()
    return this.#frames - before
  }

  get #frames(): number {
    return this.world.secondaries.reduce(
      (sum, { session: { counts } }) => sum + counts.framesSent + counts.framesReceived,
      0,
    )
  }

  /** Bytes of all messages. */
  get bytes(): number {
    return this.world.secondaries.reduce(
      (sum, { session: { counts } }) => sum + counts.bytesSent + counts.bytesReceived,
      0,
    )
  }

  /** Bytes of files that have crossed a session, as both ends of each have counted them. */
  get fileBytes(): number[] {
    return this.world.secondaries.flatMap(({ session, peer }) =>
      [session, peer.session].map((end) => end.counts.fileBytes),
    )
  }

  /** What is said about a file meanwhile, in the order of its causes. */
  said(ino: number, action: () => void): ShownEvent[] {
    const pages = this.#observed.map(({ trace }) => trace.poll(ino, null, 0))
    action()
    return this.#observed
      .flatMap(({ mover, trace }, i) => {
        const page = trace.poll(ino, pages[i]?.trace ?? null, pages[i]?.last ?? 0)
        return (page?.events ?? []).map((event) => ({ ...event, from: mover.name }))
      })
      .sort((a, b) => a.hostMs - b.hostMs)
  }

  /** The calls from now on are those of this client. */
  as(client: string): this {
    this.#client = client
    return this
  }

  /** A file of so many blocks, made at the primary. */
  create(name: string, blocks: number): number {
    const { world } = this
    const ino = world.create(world.primary, name)
    if (blocks > 0) this.write(world.primary, ino, 0, blocks)
    return ino
  }

  /** Reads whole blocks; returns the letter that each of them is full of. */
  read(mover: SimulatedMover, ino: number, first: number, count = 1): string {
    const result: ReadResult = { segments: [], segmentCount: 0, count: 0, eof: false, release: () => {} }
    let letters = ''
    this.#call(mover, { procedure: 'READ', intent: 'read', ino, first, count }, (op) => {
      const failure = mover.read(op, ino, first * BLOCK_BYTES, count * BLOCK_BYTES, result)
      if (failure !== null) return failure
      const data = Buffer.concat(result.segments.slice(0, result.segmentCount))
      result.release()
      letters = ''
      for (let at = 0; at < data.length; at += BLOCK_BYTES) {
        const block = data.subarray(at, at + BLOCK_BYTES)
        letters += block.every((byte) => byte === block[0]) ? String.fromCharCode(block[0] ?? 0) : '?'
      }
      return null
    })
    return letters
  }

  /** Writes whole blocks full of a letter, durably. */
  write(mover: SimulatedMover, ino: number, first: number, count = 1, letter = 'x'): void {
    const data = new Uint8Array(Buffer.alloc(count * BLOCK_BYTES, letter))
    const result: WriteResult = { count: 0, committed: 'unstable' }
    this.#call(mover, { procedure: 'WRITE', intent: 'write', ino, first, count }, (op) =>
      mover.write(op, ino, first * BLOCK_BYTES, data, 'fileSync', result),
    )
  }

  /** Looks at a file's attributes; returns its size in blocks. */
  stat(mover: SimulatedMover, ino: number): number {
    let size = 0
    this.#call(mover, { procedure: 'GETATTR', intent: 'attributes', ino, first: 0, count: 0 }, (op) => {
      size = mover.look(op, ino).size
      return null
    })
    return size / BLOCK_BYTES
  }

  /** A call of a client, answered as `nfs3` does it for calls that are traced. */
  #call(mover: SimulatedMover, call: Call, attempt: (op: Operation) => Failure | null): void {
    const { procedure, intent, ino, first, count } = call
    const calls = this.#observed.find((observed) => observed.mover === mover)?.calls
    this.world.answer(mover, (op) => {
      const failure = attempt(op)
      op.intent = intent
      op.rangeStart = first * BLOCK_BYTES
      op.rangeEnd = (first + count) * BLOCK_BYTES
      calls?.answered(procedure, ino, op, this.#client, failure ?? 'OK')
      return failure
    })
  }
}
