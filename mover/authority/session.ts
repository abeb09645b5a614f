import { type message, readmessage, writemessage } from '../../protocol/moverlock/moverlock.gen.ts'
import { XdrError } from '../../protocol/xdr/reader.ts'
import type { Environment } from '../environment.ts'
import { fileBytesOf, OpaqueCountingReader, OpaqueCountingWriter } from './payload.ts'
import { SessionError } from './session-error.ts'
import { MESSAGE_KINDS } from './told.ts'

/** The longest frame: far more than one tick has to tell; the rest goes into the next ones. */
const MAX_FRAME_BYTES = 4 * 2 ** 20
/** A frame this long is sent without waiting for the end of the tick. */
const FULL_FRAME_BYTES = 2 ** 20
const LENGTH_BYTES = 4
const NO_BYTES = new Uint8Array(0)

/** The stream that carries a session: in order, without loss, until it ends. */
export interface SessionStream {
  /** The bytes are the caller's again when this returns. */
  write(bytes: Uint8Array): void
  /** Ends the stream in both directions. */
  close(): void
}

/** What happens on a session. */
export interface SessionEvents {
  /** Bytes and lists of the message are valid during the call. Throws `SessionError` when the peer speaks wrongly. */
  message(message: message): void
  /** The session is over, for this reason. Called once. */
  ended(reason: string): void
}

/** Looks on at what is said on a session. */
export interface SessionObserver {
  /** `frame` is the number of the frame that the message leaves in: those with one number travel together. */
  sent(message: message, frame: number): void
  /** Before the message is carried out. */
  received(message: message): void
}

/** Counters of a session. */
export interface SessionCounts {
  framesSent: number
  framesReceived: number
  messagesSent: number
  messagesReceived: number
  bytesSent: number
  bytesReceived: number
  /** Bytes of files' data in messages, in either direction: there should be none. */
  fileBytes: number
}

/**
 * How long the primary's answer is stayed awake for: one on this host gives what it has in half of that, and to be woken from
 * sleep takes as long again.
 */
export const ANSWER_AWAKE_MS = 0.06

/**
 * One end of a session between a secondary and the primary: messages in both directions, in order, those of one tick in one
 * frame.
 */
export class Session {
  readonly counts: SessionCounts = {
    framesSent: 0,
    framesReceived: 0,
    messagesSent: 0,
    messagesReceived: 0,
    bytesSent: 0,
    bytesReceived: 0,
    fileBytes: 0,
  }
  observer: SessionObserver | null = null
  readonly #stream: SessionStream
  readonly #env: Environment
  readonly #events: SessionEvents
  readonly #writer = new OpaqueCountingWriter(MAX_FRAME_BYTES + LENGTH_BYTES)
  readonly #reader = new OpaqueCountingReader()
  /** Messages by kind. */
  readonly #sent = new Float64Array(MESSAGE_KINDS.length)
  readonly #received = new Float64Array(MESSAGE_KINDS.length)
  #isScheduled = false
  #isReceiving = false
  #isOpen = true
  /** A frame that has arrived in part. */
  #partial = NO_BYTES
  #partialBytes = 0

  constructor(stream: SessionStream, env: Environment, events: SessionEvents) {
    this.#stream = stream
    this.#env = env
    this.#events = events
  }

  /** All counters, and those of messages by kind as far as there were any: numbers by name. */
  counters(): Record<string, number> {
    const counters: Record<string, number> = { ...this.counts }
    for (const [way, counts] of [
      ['sent', this.#sent],
      ['received', this.#received],
    ] as const) {
      for (const [kind, count] of counts.entries()) if (count > 0) counters[`${way}.${MESSAGE_KINDS[kind]}`] = count
    }
    return counters
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Sends a message with the others of this tick. After the end of the session it does nothing. */
  send(message: message): void {
    if (!this.#isOpen) return
    const writer = this.#writer
    if (writer.position === 0) writer.reserve(LENGTH_BYTES)
    writer.opaqueBytes = 0
    writemessage(writer, message)
    this.counts.messagesSent++
    this.counts.fileBytes += fileBytesOf(message, writer.opaqueBytes)
    this.#sent[message.kind]++
    this.observer?.sent(message, this.counts.framesSent + 1)
    if (writer.position >= FULL_FRAME_BYTES) this.flush()
    else if (!this.#isScheduled && !this.#isReceiving) {
      this.#isScheduled = true
      this.#env.defer(() => {
        this.#isScheduled = false
        this.flush()
      })
    }
  }

  /** Sends a message that is waited for, or its answer: at once, unless there are others of this tick. */
  ask(message: message): void {
    const isFirst = !this.#isScheduled && !this.#isReceiving
    this.send(message)
    if (isFirst) this.flush()
  }

  /** Sends what has gathered now: its answer is waited for. */
  flush(): void {
    const writer = this.#writer
    if (writer.position === 0 || !this.#isOpen) return
    writer.patchU32(0, writer.position - LENGTH_BYTES)
    this.counts.framesSent++
    this.counts.bytesSent += writer.position
    this.#stream.write(writer.bytes.subarray(0, writer.position))
    writer.reset()
  }

  /** The stream has brought `count` bytes, the caller's again when this returns. */
  received(chunk: Uint8Array, count = chunk.length): void {
    this.#isReceiving = true
    try {
      this.#take(chunk, count)
      // What has come is often waited for at the other end: its answers do not wait for others.
      this.flush()
    } catch (error) {
      if (!(error instanceof SessionError || error instanceof XdrError)) throw error
      this.end(error.message)
    } finally {
      this.#isReceiving = false
    }
  }

  /** Ends the session: the peer learns that it is over, though not why. */
  end(reason: string): void {
    if (!this.#isOpen) return
    this.flush()
    this.#isOpen = false
    this.#stream.close()
    this.#events.ended(reason)
  }

  #take(chunk: Uint8Array, count: number): void {
    let bytes = chunk
    let last = count
    if (this.#partialBytes > 0) {
      this.#keep(chunk, 0, count)
      bytes = this.#partial
      last = this.#partialBytes
      this.#partialBytes = 0
    }
    let at = 0
    while (this.#isOpen && last - at >= LENGTH_BYTES) {
      const length = this.#reader.reset(bytes, at, last).u32()
      if (length > MAX_FRAME_BYTES) throw new SessionError(`a frame of ${length} bytes`)
      const end = at + LENGTH_BYTES + length
      if (end > last) break
      this.#frame(bytes, at + LENGTH_BYTES, end)
      at = end
    }
    if (at < last && this.#isOpen) this.#keep(bytes, at, last)
  }

  #frame(bytes: Uint8Array, start: number, end: number): void {
    this.counts.framesReceived++
    this.counts.bytesReceived += LENGTH_BYTES + end - start
    const reader = this.#reader.reset(bytes, start, end)
    while (reader.remaining > 0 && this.#isOpen) {
      reader.opaqueBytes = 0
      const message = readmessage(reader)
      this.counts.messagesReceived++
      this.counts.fileBytes += fileBytesOf(message, reader.opaqueBytes)
      this.#received[message.kind]++
      const { position } = reader
      this.observer?.received(message)
      this.#events.message(message)
      reader.reset(bytes, position, end)
    }
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    const wanted = this.#partialBytes + end - start
    if (wanted > this.#partial.length) {
      const grown = new Uint8Array(Math.max(wanted, 2 * this.#partial.length, 4096))
      grown.set(this.#partial.subarray(0, this.#partialBytes))
      this.#partial = grown
    }
    this.#partial.set(bytes.subarray(start, end), this.#partialBytes)
    this.#partialBytes = wanted
  }
}
