import { KIND, keyIno, keyKind, setKey } from '../keys.ts'
import type { NameHasher } from '../names.ts'
import type { Transaction } from '../transaction.ts'
import type { Cursor } from '../tree/cursor.ts'
import { Key } from '../tree/key.ts'

/** What is remembered of a client: the length of its id (16 bits), the id, the rest. */
const LENGTH_BYTES = 2

export interface ClientRecord {
  id: Uint8Array
  value: Uint8Array
}

/** Where a client's record is; its id is hashed as names are. */
export function clientKey(key: Key, names: NameHasher, id: Uint8Array): Key {
  const { folded, exact } = names.hash(id)
  return setKey(key, 0, KIND.client, folded, exact, 0)
}

export function putClient(txn: Transaction, id: Uint8Array, value: Uint8Array): void {
  const { scratch } = txn
  scratch[0] = id.length & 0xff
  scratch[1] = id.length >>> 8
  scratch.set(id, LENGTH_BYTES)
  scratch.set(value, LENGTH_BYTES + id.length)
  txn.put(clientKey(txn.key, txn.names, id), scratch, LENGTH_BYTES + id.length + value.length)
}

/** A record's value in its parts, which are views of it; null when they cannot be. */
export function clientOf(value: Uint8Array): ClientRecord | null {
  if (value.length < LENGTH_BYTES) return null
  const end = LENGTH_BYTES + value[0] + 256 * value[1]
  return end > value.length ? null : { id: value.subarray(LENGTH_BYTES, end), value: value.subarray(end) }
}

/** All clients that are remembered, copied. Throws Suspend when a tree node must be read first. */
export function listClients(cursor: Cursor): ClientRecord[] {
  const clients: ClientRecord[] = []
  let more = cursor.seek(setKey(new Key(), 0, KIND.client, 0, 0, 0))
  while (more && isClient(cursor.key)) {
    const { bytes, valueOffset, valueLength } = cursor
    const client = clientOf(bytes.slice(valueOffset, valueOffset + valueLength))
    if (client !== null) clients.push(client)
    more = cursor.next()
  }
  return clients
}

function isClient({ words }: Key): boolean {
  return keyIno(words, 0) === 0 && keyKind(words, 0) === KIND.client
}
