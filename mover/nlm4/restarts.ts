import { SM_PROG, SM_VERS, SM_VERS_codecs } from '../../protocol/nsm/nsm.gen.ts'
import { isPrivileged } from '../files/exports.ts'
import type { HostAddress } from '../net/carrier.ts'
import type { RpcClient } from '../rpc/client/rpc-client.ts'
import type { Call } from '../rpc/program.ts'
import type { NlmClient, NlmClients } from './clients.ts'

export interface RestartsOptions {
  clients: NlmClients
  /** Calls clients back. */
  client: RpcClient
  /** True when some export is for callers from there. */
  serves(address: string, port: number): boolean
  /** The client has started anew: its locks go. */
  release(client: NlmClient): void
  /** A client at this address has: what it has asked for before that state, and not been given yet, is not wanted. */
  voidUnasked(address: string, state: number | null): void
}

/** A client of which it is said that it has started anew, and perhaps not by itself. */
interface Accused {
  /** Its own when that was said. */
  readonly state: number
  /** By somebody whom the host that said so trusts, and not of a start before the last. */
  isTrusted: boolean
}

/**
 * News that clients have started anew, which anybody may send. Who says so from where its locks came from is believed, if it
 * could unlock them, too: anybody at that host can call, but not from a privileged port. What comes from elsewhere, as it does
 * when a client has several addresses or another one than before, or by a name that could be any of several clients', is
 * looked into: the status monitor where the locks came from is asked for its state (C702 §11.3 SM_STAT), which is another one
 * if it is so. Where there is no answer, a host that may use an export is believed if it calls from a privileged port, as
 * those do that send such news.
 */
export class Restarts {
  readonly #o: RestartsOptions
  /** Those who are accused, by the address that is being asked. */
  readonly #asked = new Map<string, Map<NlmClient, Accused>>()

  constructor(options: RestartsOptions) {
    this.#o = options
  }

  /** Addresses that are being asked. */
  get size(): number {
    return this.#asked.size
  }

  /**
   * It is said that the host `name` has started anew, in this state; null: none is told. Whoever has asked for locks in that
   * state already keeps them: what was from before is gone. A state before that may be of news that come late: it is looked
   * into, and where there is no answer nothing is believed.
   */
  heard(name: string, state: number | null, { address, port, localAddress }: Call): void {
    const { clients, release, serves } = this.#o
    const { meant, isSure } = clients.named(name, address)
    const mayUnlock = serves(address, port)
    // Who is not known yet may be meant, too. It is no loss: what is wanted is asked for again.
    if (mayUnlock) this.#o.voidUnasked(address, state)
    for (const client of meant) {
      if (state === client.state || state === client.lastState) continue
      const isOld = state !== null && state < client.state
      if (isSure && mayUnlock && !isOld) release(client)
      else if (isSure || mayUnlock) this.#accuse(client, localAddress, isPrivileged(port) && !isOld)
    }
  }

  #accuse(client: NlmClient, localAddress: string, isTrusted: boolean): void {
    const { address, state } = client
    const asked = this.#asked.get(address)
    const accused = asked ?? new Map<NlmClient, Accused>()
    const known = accused.get(client)
    if (known?.state === state) known.isTrusted ||= isTrusted
    else accused.set(client, { state, isTrusted })
    if (asked !== undefined) return
    this.#asked.set(address, accused)
    this.#ask({ transport: 'udp', localAddress, host: address }, accused)
  }

  #ask(address: HostAddress, accused: ReadonlyMap<NlmClient, Accused>): void {
    const call = {
      program: SM_PROG,
      version: SM_VERS,
      codec: SM_VERS_codecs.SM_STAT,
      // Whom it would monitor does not matter; a number is nothing that it has to look for.
      args: { mon_name: Buffer.from(address.localAddress) },
    }
    this.#o.client.call(address, call, (failure, result) => {
      if (failure === 'BUSY') {
        // It has not been asked.
        this.#o.client.whenRoom(address, () => this.#ask(address, accused))
        return
      }
      this.#asked.delete(address.host)
      if (failure === 'CLOSED') return
      for (const [client, { state, isTrusted }] of accused) {
        // Who tells no state, when it locks or when it is asked, can only be believed, or not.
        const now = result?.state ?? 0
        const isTrue = now > 0 && state > 0 ? now !== state : isTrusted
        // Who calls from there by its name now may have come since: what it has is its own.
        const isGone = !this.#o.clients.isOne(client) || client.state !== state
        if (isTrue && !isGone) this.#o.release(client)
      }
    })
  }
}
