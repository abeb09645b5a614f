import { SM_PROG, SM_VERS, SM_VERS_codecs } from '../../protocol/nsm/nsm.gen.ts'
import type { MonitoredClient } from '../clients/monitors.ts'
import type { Environment } from '../environment.ts'
import type { RpcClient } from '../rpc/client/rpc-client.ts'

/** Clients that are told at a time. */
const AT_ONCE = 16
/** Between two attempts to tell a client; after the last one it is given up: what has been away for so long has lost its locks. */
const RETRY_MS = [5000, 10_000, 20_000, 40_000, 80_000] as const

/** Tells clients that their mover has started anew (C702 §11.3 SM_NOTIFY), so that they reclaim their locks. */
export class Announcer {
  readonly #environment: Environment
  readonly #client: RpcClient
  readonly #state: number
  readonly #waiting: (() => void)[] = []
  #underWay = 0

  /** `state` as of `nsmProgram`. */
  constructor(environment: Environment, client: RpcClient, state: number) {
    this.#environment = environment
    this.#client = client
    this.#state = state
  }

  /** `done` is called when the client has been told, or cannot be; not when we end before. */
  tell(client: MonitoredClient, done: () => void): void {
    this.#enqueue(() => this.#attempt(client, 0, done))
  }

  #enqueue(task: () => void): void {
    this.#waiting.push(task)
    this.#goOn()
  }

  #goOn(): void {
    while (this.#underWay < AT_ONCE) {
      const task = this.#waiting.shift()
      if (task === undefined) return
      this.#underWay++
      task()
    }
  }

  #attempt(client: MonitoredClient, attempts: number, done: () => void): void {
    const { address, localAddress } = client
    const codec = SM_VERS_codecs.SM_NOTIFY
    // Clients know us by the address that they use, and whatever they call it, they see where we call from.
    const args = { mon_name: Buffer.from(localAddress), state: this.#state }
    const host = { transport: 'udp', localAddress, host: address } as const
    this.#client.call(host, { program: SM_PROG, version: SM_VERS, codec, args }, (failure) => {
      this.#underWay--
      if (failure === 'CLOSED') return
      const waitMs = RETRY_MS.at(attempts)
      if (failure === null || waitMs === undefined) done()
      else this.#environment.timer(waitMs, () => this.#enqueue(() => this.#attempt(client, attempts + 1, done)))
      this.#goOn()
    })
  }
}
