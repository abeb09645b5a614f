import { NLM_PROG, type nlm4_stats } from '../../protocol/nlm4/nlm.gen.ts'
import type { Environment } from '../environment.ts'
import type { HostAddress } from '../net/carrier.ts'
import type { OutgoingCall } from '../rpc/client/outgoing-calls.ts'
import type { RpcClient } from '../rpc/client/rpc-client.ts'
import type { NlmVersion, TestArgs } from './version.ts'

/** Between two attempts to tell a client. After the last one it is given up, if it cannot have heard of any. */
const RETRY_MS = [1000, 2000, 5000, 10_000, 20_000, 30_000] as const
/** Who may have heard of one is told again as often as this, until it answers. */
const KEPT_RETRY_MS = 60_000
/** After a GRANTED_MSG a client has so long for its GRANTED_RES. */
const ANSWER_MS = 5000
/** A client that has just started anew says that it knows nothing yet. */
const GRACE_RETRY_MS = 10_000

const COOKIE_BYTES = 8

/** How a client is to be told that it has the lock that it waits for. */
export interface GrantCall {
  address: HostAddress
  version: NlmVersion
  /** The client has used LOCK_MSG: it is told by GRANTED_MSG, the others by GRANTED. What does not work is exchanged. */
  isMessage: boolean
  /** Without the cookie. */
  args: Omit<TestArgs, 'cookie'>
}

/** A client is being told. */
export interface Grant {
  /** It need not be told any more. */
  cancel(): void
}

/**
 * Tells clients that they have the locks they have waited for (C702 §10.3 NLM_GRANTED), until they have understood. Whoever
 * may have heard of it is told for ever, and has the lock meanwhile, as with Linux: it may rely on it.
 */
export class Grants {
  readonly #environment: Environment
  readonly #client: RpcClient
  /** Sent with GRANTED_MSG, and not answered, by cookie. */
  readonly #awaited = new Map<string, Telling>()
  readonly #cookieBase: Uint8Array
  readonly #untold: (host: string) => void
  #lastCookie = 0

  /** `untold`: a client has not answered all attempts. */
  constructor(environment: Environment, client: RpcClient, untold: (host: string) => void) {
    this.#environment = environment
    this.#client = client
    this.#untold = untold
    this.#cookieBase = environment.randomBytes(COOKIE_BYTES / 2)
  }

  /** `done` is called once, later, unless it is cancelled: true when the client has the lock now, false when it will not have it. */
  tell(call: GrantCall, done: (isTaken: boolean) => void): Grant {
    const parts = { environment: this.#environment, client: this.#client, awaited: this.#awaited, untold: this.#untold }
    const telling = new Telling(parts, this.#nextCookie(), call, done)
    telling.begin()
    return telling
  }

  /** A GRANTED_RES has come from `address`. */
  answered(address: string, cookie: Uint8Array, stat: nlm4_stats): void {
    this.#awaited.get(keyOf(cookie))?.answered(address, stat)
  }

  #nextCookie(): Uint8Array {
    const cookie = Buffer.alloc(COOKIE_BYTES)
    cookie.set(this.#cookieBase)
    this.#lastCookie = (this.#lastCookie + 1) % 2 ** 32
    cookie.writeUInt32BE(this.#lastCookie, COOKIE_BYTES / 2)
    return cookie
  }
}

interface TellingParts {
  environment: Environment
  client: RpcClient
  awaited: Map<string, Telling>
  untold: (host: string) => void
}

/** One client and one lock. */
class Telling implements Grant {
  readonly #environment: Environment
  readonly #client: RpcClient
  readonly #awaited: Map<string, Telling>
  readonly #untold: (host: string) => void
  readonly #cookie: Uint8Array
  readonly #call: GrantCall
  readonly #done: (isTaken: boolean) => void
  #attempts = 0
  /** The client may have been told without our having heard its answer. */
  #mayKnow = false
  #isOver = false
  #cancelWait: () => void = () => {}

  constructor(
    { environment, client, awaited, untold }: TellingParts,
    cookie: Uint8Array,
    call: GrantCall,
    done: (isTaken: boolean) => void,
  ) {
    this.#environment = environment
    this.#client = client
    this.#awaited = awaited
    this.#untold = untold
    this.#cookie = cookie
    this.#call = call
    this.#done = done
    awaited.set(keyOf(cookie), this)
  }

  /** The reply to the client's LOCK leaves first. */
  begin(): void {
    this.#after(0, () => this.#attempt())
  }

  cancel(): void {
    this.#isOver = true
    this.#cancelWait()
    this.#awaited.delete(keyOf(this.#cookie))
  }

  answered(address: string, stat: nlm4_stats): void {
    if (address === this.#call.address.host) this.#settle(stat, this.#mayKnow)
  }

  #attempt(): void {
    const { address, version, isMessage, args } = this.#call
    const isOdd = this.#attempts++ % 2 === 1
    const call = {
      program: NLM_PROG,
      version: version.version,
      args: { ...args, cookie: this.#cookie } as TestArgs,
      // Who waits for the same again would take it for its own.
      isWanted: () => !this.#isOver,
    }
    if (isMessage !== isOdd) {
      this.#message({ ...call, codec: version.codecs.GRANTED_MSG })
      return
    }
    this.#client.call(address, { ...call, codec: version.codecs.GRANTED }, (failure, result, arrivals) => {
      if (this.#isOver) return
      if (failure === null && result !== undefined) this.#settle(result.stat.stat, this.#mayKnow || arrivals > 1)
      else if (failure === 'BUSY') this.#whenRoom(arrivals > 0)
      else this.#again(arrivals > 0)
    })
  }

  /** One whose port is found too late is not sent: it would say what is not so any more. */
  #message(call: OutgoingCall<TestArgs, undefined>): void {
    let isDue = true
    let isSent = false
    const isWanted = (): boolean => isDue && !this.#isOver
    this.#client.tell(this.#call.address, { ...call, isWanted }, (failure) => {
      isSent = failure === null
      if (failure === 'BUSY') this.#whenRoom(false)
    })
    this.#after(ANSWER_MS, () => {
      isDue = false
      this.#again(isSent)
    })
  }

  /** It has not been attempted: there are too many calls under way. Their ends make room for it. */
  #whenRoom(mayKnow: boolean): void {
    this.#mayKnow ||= mayKnow
    this.#attempts--
    this.#cancelWait()
    this.#cancelWait = this.#client.whenRoom(this.#call.address, () => this.#attempt())
  }

  /** The client has not answered, though it may have heard of it. */
  #again(mayKnow: boolean): void {
    this.#mayKnow ||= mayKnow
    if (this.#attempts === RETRY_MS.length + 1) this.#untold(this.#call.address.host)
    const waitMs = RETRY_MS.at(this.#attempts - 1) ?? (this.#mayKnow ? KEPT_RETRY_MS : null)
    if (waitMs === null) this.#end(false)
    else this.#after(waitMs, () => this.#attempt())
  }

  /** Who has been told before, and is told again, waits for nothing any more, and says so in its own way: it has the lock. */
  #settle(stat: nlm4_stats, mayKnow: boolean): void {
    if (this.#isOver) return
    const { statuses } = this.#call.version
    if (stat === statuses.GRACE) this.#after(GRACE_RETRY_MS, () => this.#attempt())
    else this.#end(stat === statuses.GRANTED || mayKnow)
  }

  #end(isTaken: boolean): void {
    this.cancel()
    this.#done(isTaken)
  }

  #after(ms: number, task: () => void): void {
    this.#cancelWait()
    this.#cancelWait = this.#environment.timer(ms, task)
  }
}

function keyOf(cookie: Uint8Array): string {
  return Buffer.from(cookie.buffer, cookie.byteOffset, cookie.byteLength).toString('latin1')
}
