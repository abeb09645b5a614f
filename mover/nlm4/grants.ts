import { NLM_PROG, type nlm4_stats } from '../../protocol/nlm4/nlm.gen.ts'
import type { Environment } from '../environment.ts'
import type { HostAddress } from '../net/carrier.ts'
import type { RpcClient } from '../rpc/client/rpc-client.ts'
import type { NlmVersion, TestArgs } from './version.ts'

/** Between two attempts to tell a client; after the last one it is given up. */
const RETRY_MS = [1000, 2000, 5000, 10_000, 20_000, 30_000] as const
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

/** Tells clients that they have the locks they have waited for (C702 §10.3 NLM_GRANTED), until they have understood. */
export class Grants {
  readonly #environment: Environment
  readonly #client: RpcClient
  /** Sent with GRANTED_MSG, and not answered, by cookie. */
  readonly #awaited = new Map<string, Telling>()
  readonly #cookieBase: Uint8Array
  #lastCookie = 0

  constructor(environment: Environment, client: RpcClient) {
    this.#environment = environment
    this.#client = client
    this.#cookieBase = environment.randomBytes(COOKIE_BYTES / 2)
  }

  /** `done` is called once, later, unless it is cancelled: true when the client has the lock now, false when it will not have it. */
  tell(call: GrantCall, done: (isTaken: boolean) => void): Grant {
    const telling = new Telling(this.#environment, this.#client, this.#awaited, this.#nextCookie(), call, done)
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

/** One client and one lock. */
class Telling implements Grant {
  readonly #environment: Environment
  readonly #client: RpcClient
  readonly #awaited: Map<string, Telling>
  readonly #cookie: Uint8Array
  readonly #call: GrantCall
  readonly #done: (isTaken: boolean) => void
  #attempts = 0
  /** The client may have been told without our having heard its answer. */
  #mayKnow = false
  #isOver = false
  #cancelTimer: () => void = () => {}

  constructor(
    environment: Environment,
    client: RpcClient,
    awaited: Map<string, Telling>,
    cookie: Uint8Array,
    call: GrantCall,
    done: (isTaken: boolean) => void,
  ) {
    this.#environment = environment
    this.#client = client
    this.#awaited = awaited
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
    this.#cancelTimer()
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
      this.#client.tell(address, { ...call, codec: version.codecs.GRANTED_MSG })
      this.#after(ANSWER_MS, () => this.#again(true))
      return
    }
    this.#client.call(address, { ...call, codec: version.codecs.GRANTED }, (failure, result, sendings) => {
      if (this.#isOver) return
      if (failure === null && result !== undefined) this.#settle(result.stat.stat, this.#mayKnow || sendings > 1)
      else this.#again(sendings > 0 && (failure === 'TIMEOUT' || failure === 'GARBLED'))
    })
  }

  /** The client has not answered, though it may have been told. */
  #again(mayKnow: boolean): void {
    this.#mayKnow ||= mayKnow
    const waitMs = RETRY_MS.at(this.#attempts - 1)
    if (waitMs === undefined) {
      // Who can be reached again later must not hear then that it has what somebody else has by now.
      this.#client.drop(this.#call.address)
      this.#end(false)
    } else this.#after(waitMs, () => this.#attempt())
  }

  /** Who has been told before, and is told again, waits for nothing any more, and says so: it has the lock. */
  #settle(stat: nlm4_stats, mayKnow: boolean): void {
    if (this.#isOver) return
    const { statuses } = this.#call.version
    const isLast = this.#attempts > RETRY_MS.length
    if (stat === statuses.GRACE && !isLast) this.#after(GRACE_RETRY_MS, () => this.#attempt())
    else this.#end(stat === statuses.GRANTED || (stat === statuses.DENIED && mayKnow))
  }

  #end(isTaken: boolean): void {
    this.cancel()
    this.#done(isTaken)
  }

  #after(ms: number, task: () => void): void {
    this.#cancelTimer()
    this.#cancelTimer = this.#environment.timer(ms, task)
  }
}

function keyOf(cookie: Uint8Array): string {
  return Buffer.from(cookie.buffer, cookie.byteOffset, cookie.byteLength).toString('latin1')
}
