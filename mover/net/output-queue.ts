import { FRAGMENT_HEADER_BYTES, fragmentHeader } from '../../protocol/rpc/record.ts'
import { OutWriter } from './out-writer.ts'

const KIB = 1024
const MIB = 1024 * KIB
/** A batch this long is not added to, so that its memory is free again soon. */
const BATCH_BYTES = MIB
/** The longest message beyond what is spliced in. */
export const MAX_MESSAGE_BYTES = 2 * MIB
const FIRST_BYTES = 16 * KIB
/** Idle writers are kept for reuse up to this sum. */
const KEPT_BYTES = 16 * MIB

/** Where an output queue writes to: a socket. */
export interface ByteSink {
  cork(): void
  uncork(): void
  /** `written` is called later, once the bytes have left the process or never will. */
  write(bytes: Uint8Array, written?: () => void): unknown
}

/** Messages that leave in one write. */
class OutBatch {
  readonly writer = new OutWriter(BATCH_BYTES + MAX_MESSAGE_BYTES, FIRST_BYTES)
  readonly releases: (() => void)[] = []
}

/** Idle batches, shared by all connections: one that has nothing to send keeps no memory. */
export class BatchPool {
  readonly #free: OutBatch[] = []
  #freeBytes = 0

  take(): OutBatch {
    const batch = this.#free.pop()
    if (batch === undefined) return new OutBatch()
    this.#freeBytes -= batch.writer.bytes.length
    return batch
  }

  give(batch: OutBatch): void {
    const { releases } = batch
    for (const release of releases) release()
    // To set `length` calls V8's runtime each time.
    while (releases.length > 0) releases.pop()
    batch.writer.reset()
    const byteCount = batch.writer.bytes.length
    if (this.#freeBytes + byteCount > KEPT_BYTES) return
    this.#freeBytes += byteCount
    this.#free.push(batch)
  }
}

/**
 * The outgoing messages of one connection, as records (RFC 5531 §11). Messages gather in a batch until `flush`; while
 * a write is under way they go on gathering, so that the client's pace decides how many leave in one write.
 */
export class OutputQueue {
  /** Bytes of batches that are full or being written. */
  waitingBytes = 0
  /** Writes that have ended. */
  writtenBatches = 0
  readonly #sink: ByteSink
  readonly #pool: BatchPool
  readonly #onWritten: () => void
  #current: OutBatch | null = null
  #full: OutBatch[] = []
  #writing: OutBatch | null = null
  /** Memory of batches that are full or being written. */
  #waitingMemory = 0
  #isClosed = false
  #messageStart = 0
  #messageSplices = 0

  /** `onWritten` is called when a write has ended, after its batch was released. */
  constructor(sink: ByteSink, pool: BatchPool, onWritten: () => void) {
    this.#sink = sink
    this.#pool = pool
    this.#onWritten = onWritten
  }

  /** Bytes that have not left the process. */
  get byteCount(): number {
    return this.#current === null ? this.waitingBytes : this.waitingBytes + this.#current.writer.length
  }

  /** Bytes of memory that is taken: data where it lies, and the batches' own bytes with the room that they have left. */
  get memoryBytes(): number {
    return this.#current === null ? this.#waitingMemory : this.#waitingMemory + memoryOf(this.#current)
  }

  get isWriting(): boolean {
    return this.#writing !== null
  }

  /** See `MessageConnection.beginMessage`. */
  begin(): OutWriter {
    this.#current ??= this.#pool.take()
    const writer = this.#current.writer
    this.#messageStart = writer.position
    this.#messageSplices = writer.splices.length
    writer.reserve(FRAGMENT_HEADER_BYTES)
    return writer
  }

  /** See `MessageConnection.endMessage`. */
  end(release: (() => void) | null): void {
    const batch = this.#current as OutBatch
    const { writer } = batch
    let length = writer.position - this.#messageStart - FRAGMENT_HEADER_BYTES
    for (let i = this.#messageSplices; i < writer.splices.length; i++) length += writer.splices[i].byteCount
    writer.patchU32(this.#messageStart, fragmentHeader(length, true))
    if (release !== null) batch.releases.push(release)
    if (this.#isClosed) this.#drop()
    else if (writer.length >= BATCH_BYTES) this.#seal(batch)
  }

  /** See `MessageConnection.cancelMessage`. */
  cancel(): void {
    this.#current?.writer.reset(this.#messageStart, this.#messageSplices)
  }

  /** Writes what has gathered, unless a write is under way: its end does that. True when something has been written. */
  flush(): boolean {
    if (this.#writing !== null || this.#isClosed) return false
    if (this.#full.length === 0) {
      if (this.#current === null || this.#current.writer.position === 0) return false
      this.#seal(this.#current)
    }
    const batch = this.#full.shift() as OutBatch
    this.#writing = batch
    this.#write(batch)
    return true
  }

  /** The connection is gone: releases everything. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const batches = this.#writing === null ? this.#full : [this.#writing, ...this.#full]
    this.#full = []
    this.#writing = null
    this.waitingBytes = 0
    this.#waitingMemory = 0
    for (const batch of batches) this.#pool.give(batch)
    this.#drop()
  }

  #drop(): void {
    const batch = this.#current
    this.#current = null
    if (batch !== null) this.#pool.give(batch)
  }

  #seal(batch: OutBatch): void {
    this.#full.push(batch)
    this.waitingBytes += batch.writer.length
    this.#waitingMemory += memoryOf(batch)
    this.#current = null
  }

  #write(batch: OutBatch): void {
    const { bytes, position, splices } = batch.writer
    if (splices.length === 0) {
      this.#sink.write(bytes.subarray(0, position), this.#written)
      return
    }
    this.#sink.cork()
    let at = 0
    let last: Uint8Array | null = null
    for (const splice of splices) {
      if (splice.position > at) {
        if (last !== null) this.#sink.write(last)
        last = bytes.subarray(at, splice.position)
        at = splice.position
      }
      for (const segment of splice.segments) {
        if (last !== null) this.#sink.write(last)
        last = segment
      }
    }
    if (position > at) {
      if (last !== null) this.#sink.write(last)
      last = bytes.subarray(at, position)
    }
    this.#sink.write(last as Uint8Array, this.#written)
    this.#sink.uncork()
  }

  readonly #written = (): void => {
    const batch = this.#writing
    if (batch === null) return
    this.#writing = null
    this.waitingBytes -= batch.writer.length
    this.#waitingMemory -= memoryOf(batch)
    this.writtenBatches++
    this.#pool.give(batch)
    this.#onWritten()
  }
}

function memoryOf({ writer }: OutBatch): number {
  return writer.bytes.length + writer.splicedBytes
}
