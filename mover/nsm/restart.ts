import { type MonitoredClient, monitorPrefix, readMonitor } from '../clients/monitors.ts'
import type { Failure } from '../failure.ts'
import { inBackground } from '../files/background.ts'
import type { ClientRecords } from '../files/client-records.ts'
import type { Announcer } from './announcer.ts'

/**
 * Tells all clients that a volume remembers for `mover` that it has started anew. Who has been told is forgotten, unless it
 * `isBack`: it has locks again. `failed`: they cannot be listed, so that not all of them are told.
 */
export function announceRestart(
  announcer: Announcer,
  records: ClientRecords,
  mover: string,
  isBack: (client: MonitoredClient) => boolean,
  failed: (failure: Failure) => void,
): void {
  const prefix = monitorPrefix(mover)
  const announceBehind = (after: Uint8Array): void =>
    inBackground((op) => {
      const known = records.list(op, prefix, after)
      if (typeof known === 'string') {
        failed(known)
        return
      }
      for (const { id, value } of known) {
        const client = readMonitor(value)
        const forget = (): void => inBackground((op) => void records.drop(op, id))
        if (client === null) forget()
        else
          announcer.tell(client, () => {
            if (!isBack(client)) forget()
          })
      }
      const last = known.at(-1)
      if (last !== undefined) announceBehind(last.id)
    })
  announceBehind(prefix)
}
