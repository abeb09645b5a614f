import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Config } from '../config/schema.ts'

/** Descriptor of a mover's end of the channel to its supervisor. */
export const CHANNEL_FD = 3

/** A volume's device as its supervisor claimed it; the mover inherits the descriptor, and with it the claim. */
export interface InheritedClaim {
  volume: string
  fd: number
}

/** What a mover is to a volume, and who else is. */
export interface VolumeRole {
  volume: string
  role: 'primary' | 'secondary'
  /** Name of the mover that is primary. */
  primary: string
  /** The primary's term, as every mover of the volume is told it. */
  term: number
}

/** One start of a mover: a process. */
export interface Incarnation {
  /** The mover's name. */
  name: string
  /** Drawn for this start: 32 hexadecimal digits. */
  incarnation: string
}

/** What a mover needs to know to begin. */
export interface StartMessage {
  type: 'start'
  config: Config
  claims: InheritedClaim[]
  /** One for each volume of the configuration. */
  roles: VolumeRole[]
  incarnation: string
  /** What its clients know this start by: see `StartStates`. */
  state: number
  /** All movers that run. */
  movers: Incarnation[]
  /** Those of them that may hold something of earlier reigns of the volumes that this mover is to open as their primary. */
  holders: Incarnation[]
}

/**
 * What a supervisor tells a mover. `start` comes once, when the mover has been recorded. `started`: another mover is about
 * to be; `gone`: nothing is left of one, and its next start, if there is one, comes later; `reigns`: these volumes have other
 * primaries, in new terms, perhaps this mover (`holders`: see `StartMessage`). `ping` is answered at once; `atMs` is when it was
 * sent, by the clock of the host. `stop` lets clients and primaries go, `close`, when all movers have done so, the volumes.
 */
export type SupervisorMessage =
  | StartMessage
  | ({ type: 'started' } & Incarnation)
  | ({ type: 'gone' } & Incarnation)
  | { type: 'reigns'; roles: VolumeRole[]; holders: Incarnation[] }
  | { type: 'ping'; atMs: number }
  | { type: 'stop' }
  | { type: 'close' }

/** Where a mover really listens. */
export interface MoverAddresses {
  address: string
  nfs: number
  /** 0: there is no portmapper. */
  portmap: number
}

/** An export that is left out, and why, in words. */
export interface UnservedExport {
  path: string
  reason: string
}

/** What a mover serves, and where. */
export interface ServingState {
  addresses: MoverAddresses
  unserved: UnservedExport[]
}

/** A mover that was asked for something of a file, in vain. */
export interface StuckMover extends Incarnation {
  volume: string
  ino: number
  forMs: number
}

/**
 * What a mover tells its supervisor. `silent`: this other mover does not say what it holds, and keeps all others waiting.
 * `stuck`: it has not given back something of this file, nor written to it, for so long.
 * `quiet`: it serves nobody any more. After `failed` and `stopped` it ends.
 */
export type MoverMessage =
  | { type: 'pong' }
  | { type: 'ready'; serving: ServingState }
  | ({ type: 'silent' } & Incarnation)
  | ({ type: 'stuck' } & StuckMover)
  | { type: 'failed'; message: string }
  | { type: 'quiet' }
  | { type: 'stopped' }

/** Far more than any message: a configuration of thousands of exports. */
const MAX_LINE_BYTES = 16 * 2 ** 20

/** Both ends of a stream of messages, one JSON text a line. A pipe needs no library to notice that its other end died. */
export class Channel<In, Out> {
  readonly #stream: Duplex
  #partial = ''

  /** `onEnd` is called once, when the other end is gone or sent what is no message. */
  constructor(stream: Duplex, onMessage: (message: In) => void, onEnd: () => void) {
    this.#stream = stream
    let ended = false
    const end = (): void => {
      if (ended) return
      ended = true
      stream.destroy()
      onEnd()
    }
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      if (!ended && !this.#take(text, onMessage)) end()
    })
    stream.on('end', end)
    stream.on('error', end)
    stream.on('close', end)
  }

  /** Sends a message; `sent` is called when it has left the process or never will. */
  send(message: Out, sent?: () => void): void {
    if (this.#stream.writable) this.#stream.write(`${JSON.stringify(message)}\n`, () => sent?.())
    else sent?.()
  }

  /** Closes this end once what was sent has left. */
  end(): void {
    this.#stream.end()
  }

  #take(text: string, onMessage: (message: In) => void): boolean {
    const lines = (this.#partial + text).split('\n')
    this.#partial = lines.pop() ?? ''
    if (this.#partial.length > MAX_LINE_BYTES) return false
    for (const line of lines) {
      let message: In
      try {
        message = JSON.parse(line) as In
      } catch {
        return false
      }
      onMessage(message)
    }
    return true
  }
}

/** A mover's end; throws when the process was not started by a supervisor. */
export function openMoverChannel(
  onMessage: (message: SupervisorMessage) => void,
  onEnd: () => void,
): Channel<SupervisorMessage, MoverMessage> {
  return new Channel(new Socket({ fd: CHANNEL_FD, readable: true, writable: true }), onMessage, onEnd)
}
