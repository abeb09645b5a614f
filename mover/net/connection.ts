import type { Socket } from 'node:net'
import type { Lease } from '../lease.ts'
import { plainAddress } from './address.ts'
import type { AssemblyBuffers } from './assembly-buffers.ts'
import type { NetLimits } from './limits.ts'
import type { MessageConnection, MessageService, MessageSink } from './message.ts'
import type { OutWriter } from './out-writer.ts'
import { type BatchPool, OutputQueue } from './output-queue.ts'
import { RecordAssembler, RecordError } from './record-assembler.ts'
import type { Sequel } from './sequel.ts'

/**
 * After so much input, or so many messages, everybody else has a turn: the event loop would read one busy socket for many
 * megabytes, or stay with thousands of calls that one read has brought, and all others would wait.
 */
const TURN_BYTES = 2 * 1024 * 1024
export const TURN_MESSAGES = 256

/** What a call that waits costs beyond its bytes, roughly. */
const HELD_CALL_BYTES = 1024

/** Why the server closed a connection: the peer's doing, or the server's own wish. */
export type CloseCause = 'refused' | 'stalled' | 'crowded' | 'shutdown'

/** What the connections of a server have in common. */
export interface ConnectionHost {
  readonly limits: NetLimits
  /** Nothing leaves without it. */
  readonly lease: Lease
  readonly buffers: AssemblyBuffers
  readonly batches: BatchPool
  /** Memory kept for all connections: see `Connection.keptBytes`. */
  totalBytes: number
  /** Counts arrivals of data, which tells what connection has been silent longest. */
  readonly sequel: Sequel
  /** Calls `connection.wake()` once, after the events of this tick. */
  wakeLater(connection: Connection): void
  /** Makes room for `byteCount` more bytes of partial records, at the cost of others than `asking`. */
  makeRoom(byteCount: number, asking: Connection): void
  /** Too much is kept for all: closes the connection other than `asking` that does most to deserve it. */
  shed(asking: Connection): void
  /** The server is about to close `connection`; `reason` completes "closed the connection of …: it …". */
  closing(connection: Connection, cause: CloseCause, reason: string): void
  /** The connection is gone. */
  closed(connection: Connection): void
}

/**
 * One client's TCP connection: cuts its input into messages, hands them to its sink in order, and sends what the sink
 * answers. Its input rests while too much is kept for it (`NetLimits`).
 */
export class Connection implements MessageConnection {
  readonly transport = 'tcp'
  readonly address: string
  readonly port: number
  open = true
  /** Calls that are not answered yet and keep bytes. */
  inFlight = 0
  /** `Sequel.arrivals` at the last data. */
  lastArrival = 0
  /** Memory kept for it now: queued replies, calls that wait, input that rests. Its share of `ConnectionHost.totalBytes`. */
  keptBytes = 0
  readonly #host: ConnectionHost
  readonly #socket: Socket
  readonly #output: OutputQueue
  readonly #input: RecordAssembler
  readonly #sink: MessageSink
  /** What `receiveBuffer` gave last. */
  #direct: Uint8Array | null = null
  /** Bytes received and messages handled in this turn. */
  #turnBytes = 0
  #turnMessages = 0
  /** True while the input rests for the others' sake: the host wakes it. */
  #isTurnOver = false
  #heldBytes = 0
  #isPumping = false
  #isResting = false
  #isAwaited = false
  #inputEnded = false
  /** What `sweep` saw last, and since when it has not changed. */
  #seenWritten = 0
  #seenUnacknowledged: number | null = null
  #seenArrival = 0
  #writtenSinceMs = 0
  #arrivedSinceMs = 0

  constructor(host: ConnectionHost, socket: Socket, service: MessageService, nowMs: number) {
    this.#host = host
    this.#socket = socket
    this.address = plainAddress(socket.remoteAddress ?? '')
    this.port = socket.remotePort ?? 0
    this.#writtenSinceMs = nowMs
    this.#arrivedSinceMs = nowMs
    this.#output = new OutputQueue(socket, host.batches, this.#goOn)
    this.#input = new RecordAssembler(host.limits, host.buffers, (byteCount) => host.makeRoom(byteCount, this))
    this.#sink = service.open(this)
    socket.on('end', this.#ended)
    socket.on('error', ignore)
    socket.on('close', this.#closed)
  }

  get localAddress(): string {
    return plainAddress(this.#socket.localAddress ?? '')
  }

  /** True while a record that has begun to arrive occupies a buffer. */
  get hasPartialRecord(): boolean {
    return this.#input.hasBuffer
  }

  /** True while the input rests: too much is kept for this client, or it is the others' turn. */
  get isResting(): boolean {
    return this.#isResting
  }

  /** Replies that have not left the process, in bytes. */
  get queuedBytes(): number {
    return this.#output.byteCount
  }

  beginMessage(): OutWriter {
    return this.#output.begin()
  }

  endMessage(release: (() => void) | null): void {
    this.#output.end(release)
    // Of a call that was held, `unhold` follows.
    if (!this.#isPumping && this.inFlight === 0) this.#await()
  }

  cancelMessage(): void {
    this.#output.cancel()
  }

  hold(byteCount: number): void {
    this.inFlight++
    this.#heldBytes += byteCount
  }

  unhold(byteCount: number): void {
    this.inFlight--
    this.#heldBytes -= byteCount
    if (this.#isPumping) return
    // The answers of a tick leave in one write; when this was the last one that is due, there is nothing to wait for.
    if (this.inFlight === 0 && !this.#isResting) this.#flush()
    else this.#await()
  }

  giveBack(buffer: Uint8Array): void {
    this.#host.buffers.reuse(buffer)
  }

  refuse(reason: string): void {
    this.close('refused', reason)
  }

  /** Ends the connection now; replies that have not left are lost. */
  close(cause: CloseCause, reason: string): void {
    if (!this.open) return
    this.open = false
    this.#host.closing(this, cause, reason)
    this.#socket.destroy()
    this.#input.close()
    this.#count()
  }

  /** Sends what has gathered and goes on with input that rested; see `ConnectionHost.wakeLater`. */
  wake(): void {
    this.#isAwaited = false
    this.#beginTurn()
    this.#goOn()
  }

  /**
   * Closes the connection if its replies, or the record that it has begun, have made no progress for too long.
   * `unacknowledged` is asked how many bytes its client has not acknowledged yet; null: that is not known.
   */
  sweep(nowMs: number, unacknowledged: (socket: Socket) => number | null): void {
    const { stallMs } = this.#host.limits
    if (this.#hasWritten(unacknowledged)) {
      this.#writtenSinceMs = nowMs
    } else if (nowMs - this.#writtenSinceMs >= stallMs) {
      this.close('stalled', `has not read its replies for ${stallMs / 1000} s (${this.#output.byteCount} bytes wait)`)
      return
    }
    if (this.#isResting || !this.#input.isPartial || this.lastArrival !== this.#seenArrival) {
      this.#seenArrival = this.lastArrival
      this.#arrivedSinceMs = nowMs
    } else if (nowMs - this.#arrivedSinceMs >= stallMs) {
      this.close('stalled', `has not completed a record for ${stallMs / 1000} s`)
    }
  }

  /**
   * True when replies have left since the last look, or none wait. A client that reads slowly ends no write for minutes:
   * the kernel takes more only when a third of what it has is gone, and that may be more than a megabyte.
   */
  #hasWritten(unacknowledged: (socket: Socket) => number | null): boolean {
    const { isWriting, writtenBatches } = this.#output
    if (!isWriting || writtenBatches !== this.#seenWritten) {
      this.#seenWritten = writtenBatches
      this.#seenUnacknowledged = null
      return true
    }
    const before = this.#seenUnacknowledged
    this.#seenUnacknowledged = unacknowledged(this.#socket)
    return before !== null && this.#seenUnacknowledged !== null && before !== this.#seenUnacknowledged
  }

  /** Where the next bytes should be received, for `received`; null: anywhere. A long record's go where they will be read. */
  receiveBuffer(): Uint8Array | null {
    this.#direct = this.open ? this.#input.room() : null
    return this.#direct
  }

  /** `count` bytes have arrived in `chunk`, which is the caller's again when this returns. */
  received(chunk: Uint8Array, count: number): void {
    if (!this.open) return
    this.lastArrival = this.#host.sequel.arrived()
    if (chunk === this.#direct) this.#input.filled(count)
    else this.#input.feed(chunk, count)
    this.#direct = null
    this.#pump()
    this.#turnBytes += count
    if (this.#turnBytes >= TURN_BYTES && !this.#isResting) this.#endTurn()
    if (this.#isResting) {
      this.#input.detach()
      this.#socket.pause()
      this.#count()
      this.#makeRoom()
    } else if (count < chunk.length) {
      // There was no more to read: the event loop goes on to the others anyway.
      this.#turnMessages = 0
    }
  }

  readonly #ended = (): void => {
    this.#inputEnded = true
    this.#endIfDone()
  }

  readonly #closed = (): void => {
    this.open = false
    this.#input.close()
    this.#output.close()
    this.#count()
    this.#sink.closed()
    this.#host.closed(this)
  }

  /** Sends what has gathered, and goes on with input that rests if it may. */
  readonly #goOn = (): void => {
    if (this.open && this.#isResting && this.#mayGoOn()) {
      this.#isResting = false
      this.#pump()
      if (!this.#isResting) this.#socket.resume()
    } else {
      this.#flush()
    }
  }

  #beginTurn(): void {
    this.#isTurnOver = false
    this.#turnBytes = 0
    this.#turnMessages = 0
  }

  #endTurn(): void {
    this.#isResting = true
    this.#isTurnOver = true
    this.#await()
  }

  /** Hands over all complete messages, or as many as limits and turn allow, and sends the answers in one write. */
  #pump(): void {
    const input = this.#input
    this.#isPumping = true
    try {
      this.#sink.batch()
      while (this.open && input.next()) {
        if (this.#sink.message(input.bytes, input.start, input.end, input.isKeepable)) input.keep()
        else input.release()
        if (this.#isTooMuch()) {
          this.#isResting = true
          break
        }
        if (++this.#turnMessages >= TURN_MESSAGES) {
          this.#endTurn()
          break
        }
      }
    } catch (error) {
      if (!(error instanceof RecordError)) throw error
      this.#flush()
      this.refuse(error.message)
    } finally {
      this.#isPumping = false
    }
    this.#flush()
  }

  #flush(): void {
    if (this.open) {
      if (this.#host.lease.isHeld) this.#send()
      else this.#host.lease.whenHeld(() => this.#await())
    }
    this.#count()
    this.#endIfDone()
  }

  #send(): void {
    if (this.#output.flush()) this.#host.sequel.answered()
  }

  #endIfDone(): void {
    if (!this.#inputEnded || !this.open || this.#isResting) return
    if (this.inFlight === 0 && this.#output.byteCount === 0) this.#socket.end()
  }

  #await(): void {
    if (this.#isAwaited) return
    this.#isAwaited = true
    this.#host.wakeLater(this)
  }

  /**
   * Brings the host's sum up to date; returns the bytes of replies and waiting calls, for which the client answers itself.
   * Memory of a connection that is about to end counts as free, so that for one lack of room only one has to go.
   */
  #count(): number {
    const queuedBytes = this.open ? this.#output.memoryBytes : 0
    const keptBytes = queuedBytes + this.#heldBytes + this.inFlight * HELD_CALL_BYTES + this.#input.detachedBytes
    this.#host.totalBytes += keptBytes - this.keptBytes
    this.keptBytes = keptBytes
    return this.#output.byteCount + this.#heldBytes
  }

  #isTooMuch(): boolean {
    const { limits } = this.#host
    const bytes = this.#count()
    this.#makeRoom()
    if (bytes >= limits.maxConnectionBytes || this.inFlight >= limits.maxInFlight) return true
    return this.#host.totalBytes >= limits.maxTotalBytes && bytes > limits.shareBytes
  }

  /** Far too much is kept for all: somebody else has to go. */
  #makeRoom(): void {
    const host = this.#host
    if (host.totalBytes >= 2 * host.limits.maxTotalBytes) host.shed(this)
  }

  #mayGoOn(): boolean {
    if (this.#isTurnOver) return false
    const { limits } = this.#host
    const bytes = this.#count()
    if (bytes > limits.maxConnectionBytes / 2 || this.inFlight >= limits.maxInFlight) return false
    return this.#host.totalBytes < limits.maxTotalBytes || bytes <= limits.shareBytes
  }
}

/** A reset is followed by 'close', which is where connections end. */
function ignore(): void {}
