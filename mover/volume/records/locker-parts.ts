import { ALL_MOVERS, type InodeValue } from '../inode-value.ts'
import { KIND, setKeyOf } from '../keys.ts'
import type { Transaction } from '../transaction.ts'

/**
 * Which files may be locked by whose clients: the inode's `lockers`, and the same in the volume's list of such files, where
 * they are found without a look at all inodes. Two bytes there; none where an earlier version has written it.
 */
export const LOCKERS_BYTES = 2

/** Clients of these movers (bits), too, may lock the file from now on. */
export function addLockers(txn: Transaction, ino: number, movers: number): void {
  const inode = txn.existingInode(ino)
  inode.lockers |= movers
  txn.scratch[0] = inode.lockers & 0xff
  txn.scratch[1] = inode.lockers >> 8
  txn.put(setKeyOf(txn.key, 0, KIND.locked, ino, 0), txn.scratch, LOCKERS_BYTES)
}

/** Nobody has locks on the file any more. */
export function dropLockers(txn: Transaction, ino: number, inode: InodeValue): void {
  if (inode.lockers === 0) return
  inode.lockers = 0
  txn.delete(setKeyOf(txn.key, 0, KIND.locked, ino, 0))
}

/** What the list says of a file: the value of its record there. */
export function listedLockers(bytes: Uint8Array, offset: number, length: number): number {
  return length === 0 ? ALL_MOVERS : bytes[offset] + 256 * bytes[offset + 1]
}
