import { SM_PROG, SM_VERS, SM_VERS_codecs } from '../../protocol/nsm/nsm.gen.ts'
import type { MonitoredClient } from '../clients/monitors.ts'
import type { Environment } from '../environment.ts'
import type { RpcClient } from '../rpc/client/rpc-client.ts'

/**
 * Addresses that are called at a time, each for one client: so many may not answer, and the others learn of it in time to
 * reclaim their locks.
 */
const AT_ONCE = 256
/**
 * Between two attempts to tell a client: with these it has a good twelve minutes, nearly as many as Linux' sm-notify gives it.
 * After the last one it is given up: what has been away for so long has lost its locks.
 */
const RETRY_MS = [5000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000] as const

interface News {
  readonly client: MonitoredClient
  readonly from: string
  readonly done: () => void
}

/** Tells clients that their mover has started anew (C702 §11.3 SM_NOTIFY), so that they reclaim their locks. */
export class Announcer {
  readonly #environment: Environment
  readonly #client: RpcClient
  readonly #state: number
  /** Attempts that are to come, by address; those of addresses that are called now are in `#underWay`. */
  readonly #waiting = new Map<string, (() => void)[]>()
  readonly #underWay = new Map<string, (() => void)[]>()

  /** `state` as of `nsmProgram`. */
  constructor(environment: Environment, client: RpcClient, state: number) {
    this.#environment = environment
    this.#client = client
    this.#state = state
  }

  /**
   * Tells a client, from an address of ours. `done` is called when it has been told, or cannot be; not when we end before.
   */
  tell(client: MonitoredClient, from: string, done: () => void): void {
    this.#enqueue({ client, from, done }, 0)
  }

  #enqueue(news: News, attempts: number): void {
    const { address } = news.client
    const attempt = (): void => this.#attempt(news, attempts)
    const queue = this.#underWay.get(address) ?? this.#waiting.get(address)
    if (queue === undefined) this.#waiting.set(address, [attempt])
    else queue.push(attempt)
    this.#goOn()
  }

  #goOn(): void {
    for (const [address, queue] of this.#waiting) {
      if (this.#underWay.size >= AT_ONCE) return
      this.#waiting.delete(address)
      this.#underWay.set(address, queue)
      queue.shift()?.()
    }
  }

  /** An address may be called again, after others. */
  #ended(address: string): void {
    const queue = this.#underWay.get(address) ?? []
    this.#underWay.delete(address)
    if (queue.length > 0) this.#waiting.set(address, queue)
  }

  #attempt(news: News, attempts: number): void {
    const { client, from, done } = news
    const { address, localAddress } = client
    const codec = SM_VERS_codecs.SM_NOTIFY
    // Clients know us by the address that they use. Whatever they call it, they see where we call from; and where that is
    // another one, Linux' rpc.statd looks for whom it monitors there by this word alone.
    const args = { mon_name: Buffer.from(localAddress), state: this.#state }
    const host = { transport: 'udp', localAddress: from, host: address } as const
    this.#client.call(host, { program: SM_PROG, version: SM_VERS, codec, args }, (failure) => {
      if (failure === 'BUSY') {
        // It has not been attempted.
        this.#client.whenRoom(host, () => this.#attempt(news, attempts))
        return
      }
      this.#ended(address)
      if (failure === 'CLOSED') return
      const waitMs = RETRY_MS.at(attempts)
      if (failure === null || waitMs === undefined) done()
      else this.#environment.timer(waitMs, () => this.#enqueue(news, attempts + 1))
      this.#goOn()
    })
  }
}
