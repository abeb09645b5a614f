import { MAX_NAME_LENGTH } from '../clients/monitors.ts'
import type { LockOwner } from '../files/client-locks.ts'

/** Of an owner's handle: Linux makes it of a process number and the host's name. Locks are counted, not what they say of owners. */
const MAX_HANDLE_LENGTH = 128

const NO_BYTES = new Uint8Array(0)

/** What of a lock or a share says whose it is. */
export interface WireOwner {
  caller_name: Uint8Array
  oh: Uint8Array
}

/** True for an owner who could be that of a lock: what is longer is of nobody, and takes too much room. */
export function isOwner({ caller_name, oh }: WireOwner): boolean {
  return caller_name.length <= MAX_NAME_LENGTH && oh.length <= MAX_HANDLE_LENGTH
}

/** Who a client is: the name that it gives itself (a character for each byte), and where it calls from. */
export function keyOf(name: string, address: string): string {
  return `${name} ${address}`
}

/** The owner of a byte range: a process of a client. */
export function rangeOwner({ caller_name, oh, svid }: WireOwner & { svid: number }, address: string): LockOwner {
  return { protocol: 'nlm', client: keyOf(textOf(caller_name), address), owner: `${svid} ${textOf(oh)}` }
}

/** The owner of a share reservation, which knows no processes. */
export function shareOwner({ caller_name, oh }: WireOwner, address: string): LockOwner {
  return { protocol: 'nlm', client: keyOf(textOf(caller_name), address), owner: `share ${textOf(oh)}` }
}

/** An owner of locks of one file, among those of all files of its volume. */
export function ownerInFile(ino: number, { client, owner }: LockOwner): string {
  return `${ino} ${client} ${owner}`
}

/** The process that a range's owner is; 0 for owners of other kinds. */
export function svidOf({ protocol, owner }: LockOwner): number {
  const svid = protocol === 'nlm' ? Number.parseInt(owner, 10) : 0
  return Number.isNaN(svid) ? 0 : svid
}

/** The bytes that the client gave its owner; none for owners of other kinds. */
export function ownerBytes({ protocol, owner }: LockOwner): Uint8Array {
  return protocol === 'nlm' ? Buffer.from(owner.slice(owner.indexOf(' ') + 1), 'latin1') : NO_BYTES
}

/** A character for each byte. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
