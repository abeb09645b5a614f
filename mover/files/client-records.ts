import { MAX_CLIENTS } from '../../protocol/moverlock/moverlock.gen.ts'
import type { Failure } from '../failure.ts'
import type { ClientRecord } from '../volume/records/client-parts.ts'
import { MAX_CLIENT_BYTES, MAX_CLIENT_ID_BYTES } from '../volume/records/schema.ts'
import type { FilesContext } from './context.ts'
import { clientsOf, dropClient, setClient } from './lock-records.ts'
import type { Operation } from './service.ts'

export type { ClientRecord } from '../volume/records/client-parts.ts'
export { MAX_CLIENT_BYTES, MAX_CLIENT_ID_BYTES } from '../volume/records/schema.ts'

/** What a volume remembers of clients for its movers, durably. Called as a `FileService` is. */
export interface ClientRecords {
  /** Remembers `value` under `id`, in the place of what there was; INVAL when either is too long. */
  set(op: Operation, client: ClientRecord): Failure | null
  drop(op: Operation, id: Uint8Array): Failure | null
  /** The next ones behind `after`, `MAX_CLIENTS` at most, of those whose ids begin with `prefix`, in the order of their ids. */
  list(op: Operation, prefix: Uint8Array, after: Uint8Array): ClientRecord[] | Failure
}

/** True for what no volume remembers. */
export function isTooLong({ id, value }: ClientRecord): boolean {
  return id.length > MAX_CLIENT_ID_BYTES || value.length > MAX_CLIENT_BYTES
}

/** At the primary. */
export class OwnClientRecords implements ClientRecords {
  readonly #context: FilesContext

  constructor(context: FilesContext) {
    this.#context = context
  }

  set(op: Operation, client: ClientRecord): Failure | null {
    if (isTooLong(client)) return 'INVAL'
    this.#context.volume.begin()
    return setClient(this.#context, op, client)
  }

  drop(op: Operation, id: Uint8Array): Failure | null {
    this.#context.volume.begin()
    return dropClient(this.#context, op, id)
  }

  list(_op: Operation, prefix: Uint8Array, after: Uint8Array): ClientRecord[] {
    this.#context.volume.begin()
    const isMeant = ({ id }: ClientRecord): boolean =>
      Buffer.compare(id.subarray(0, prefix.length), prefix) === 0 && Buffer.compare(id, after) > 0
    const inOrder = (a: ClientRecord, b: ClientRecord): number => Buffer.compare(a.id, b.id)
    return clientsOf(this.#context).filter(isMeant).sort(inOrder).slice(0, MAX_CLIENTS)
  }
}
