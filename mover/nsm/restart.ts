import { isIPv6 } from 'node:net'
import { type MonitoredClient, monitoringMover, monitorPrefix, readMonitor } from '../clients/monitors.ts'
import type { Failure } from '../failure.ts'
import { inBackground } from '../files/background.ts'
import type { ClientRecords } from '../files/client-records.ts'
import type { Announcer } from './announcer.ts'

export interface RestartOptions {
  announcer: Announcer
  /** A volume's. */
  records: ClientRecords
  /** The one that has started anew. */
  mover: string
  /**
   * This mover tells the clients of those, too, that the configuration does not have (any more), by which name it has all: none
   * is left that could. Null: another one does.
   */
  movers: readonly string[] | null
  /** Where a client of a mover that is not there any more is told from: see `sourceOf`. */
  sourceFor(client: MonitoredClient): string
  /** True for a client that has asked this mover for locks again. */
  isBack(client: MonitoredClient): boolean
  /** The volume need not remember a client of this mover any more. */
  forget(client: MonitoredClient): void
  /** Clients cannot be listed, so that not all of them are told. */
  failed(failure: Failure): void
}

/**
 * Tells all clients that a volume remembers for a mover that it has started anew. Who has been told is forgotten, unless it
 * `isBack`: it has locks again.
 */
export function announceRestart(options: RestartOptions): void {
  const { announcer, records, mover, movers, sourceFor, isBack, forget, failed } = options
  const prefix = monitorPrefix(movers === null ? mover : null)
  const announce = (id: Uint8Array, value: Uint8Array): void => {
    const of = monitoringMover(id)
    if (of !== mover && movers?.includes(of) !== false) return
    const client = readMonitor(value)
    const drop = (): void => inBackground((op) => void records.drop(op, id))
    if (client === null) drop()
    // Who comes back comes to a mover that is there, and is remembered by its name.
    else if (of !== mover) announcer.tell(client, sourceFor(client), drop)
    else
      announcer.tell(client, client.localAddress, () => {
        if (!isBack(client)) forget(client)
      })
  }
  const announceBehind = (after: Uint8Array): void =>
    inBackground((op) => {
      const known = records.list(op, prefix, after)
      if (typeof known === 'string') {
        failed(known)
        return
      }
      for (const { id, value } of known) announce(id, value)
      const last = known.at(-1)
      if (last !== undefined) announceBehind(last.id)
    })
  announceBehind(prefix)
}

/**
 * The address of ours that a client is told from by another mover than its own: the one that it knows, if a mover still has it
 * (`addresses`), else that of the mover that tells it; or any that reaches it, where that is of another family than the client's.
 */
export function sourceOf(client: MonitoredClient, own: string, addresses: readonly string[]): string {
  const { address, localAddress } = client
  const isReachable = (from: string): boolean => isIPv6(from) === isIPv6(address)
  const known = [...addresses.filter((one) => one === localAddress), own].find(isReachable)
  return known ?? (isIPv6(address) ? '::' : '0.0.0.0')
}
