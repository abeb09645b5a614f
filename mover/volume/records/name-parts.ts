import type { InodeValue } from '../inode-value.ts'
import { KIND, setKey, setKeyOf } from '../keys.ts'
import type { Transaction } from '../transaction.ts'

const EMPTY = new Uint8Array(0)
const WORD = 4294967296

/** Bytes before the name in an `entry` record's value (inode, type number) and in a `name` record's (inode). */
const ENTRY_HEAD = 9
const NAME_HEAD = 8

/** The inode number that an entry's or a name's value starts with. */
export function inoOfValue(bytes: Uint8Array, at: number): number {
  const low = bytes[at] + bytes[at + 1] * 0x100 + bytes[at + 2] * 0x10000 + bytes[at + 3] * 0x1000000
  const high = bytes[at + 4] + bytes[at + 5] * 0x100 + bytes[at + 6] * 0x10000 + bytes[at + 7] * 0x1000000
  return high * WORD + low
}

/** Writes an inode number and a name into the transaction's scratch; `head` bytes go before the name. */
function fillValue(txn: Transaction, ino: number, name: Uint8Array, head: number): Uint8Array {
  const { scratch } = txn
  let low = ino % WORD
  let high = Math.floor(ino / WORD)
  for (let i = 0; i < 4; i++) {
    scratch[i] = low & 0xff
    scratch[i + 4] = high & 0xff
    low >>>= 8
    high >>>= 8
  }
  scratch.set(name, head)
  return scratch
}

/** Adds a name to a directory under its next cookie: entry, index and parent pointer. */
export function addName(
  txn: Transaction,
  dirIno: number,
  dir: InodeValue,
  name: Uint8Array,
  ino: number,
  type: number,
): void {
  const cookie = dir.nextCookie
  dir.nextCookie = cookie + 1
  const hash = txn.names.hash(name)
  const { key } = txn
  fillValue(txn, ino, name, ENTRY_HEAD)[8] = type
  txn.put(setKey(key, dirIno, KIND.entry, 0, 0, cookie), txn.scratch, ENTRY_HEAD + name.length)
  fillValue(txn, ino, name, NAME_HEAD)
  txn.put(setKey(key, dirIno, KIND.name, hash.folded, hash.exact, cookie), txn.scratch, NAME_HEAD + name.length)
  txn.put(setKeyOf(key, ino, KIND.parent, dirIno, cookie), EMPTY, 0)
}

/** Removes a name from a directory: entry, index and parent pointer. */
export function removeName(txn: Transaction, dirIno: number, cookie: number, name: Uint8Array, ino: number): void {
  const hash = txn.names.hash(name)
  const { key } = txn
  txn.delete(setKey(key, dirIno, KIND.entry, 0, 0, cookie))
  txn.delete(setKey(key, dirIno, KIND.name, hash.folded, hash.exact, cookie))
  txn.delete(setKeyOf(key, ino, KIND.parent, dirIno, cookie))
}

/** A directory's contents changed at `time`. */
export function touchDirectory(dir: InodeValue, time: { sec: number; nsec: number }): void {
  dir.setMtime(time)
  dir.setCtime(time)
  dir.change += 1
}
