import type { Timestamp } from '../environment.ts'
import type { FileType, Inode } from './inode.ts'
import { BLOCK_BYTES } from './layout.ts'
import { get64, put64 } from './u64.ts'

/** Bytes of an inode record's value. */
export const INODE_BYTES = 176

/** Numbers of the file types on the device. */
export const TYPE_NUMBER = {
  file: 1,
  directory: 2,
  symlink: 3,
  block: 4,
  character: 5,
  fifo: 6,
  socket: 7,
} as const satisfies Record<FileType, number>

const TYPE_NAMES: readonly (FileType | undefined)[] = [
  undefined,
  'file',
  'directory',
  'symlink',
  'block',
  'character',
  'fifo',
  'socket',
]

/** The file type of a number; throws RangeError for an unknown one. */
export function typeName(number: number): FileType {
  const name = TYPE_NAMES[number]
  if (name === undefined) throw new RangeError(`unknown file type ${number}`)
  return name
}

/** Bits of `flags`. */
export const INODE_FLAG = { orphan: 1, truncating: 2, locked: 4 } as const

/** Of `lockers`: a bit for each mover, by its place in the configuration that it was started with. */
export const ALL_MOVERS = 0xffff

const WORD = 4294967296

/** An inode record's value: typed access to its bytes. Offsets are the format's. */
export class InodeValue {
  readonly bytes = new Uint8Array(INODE_BYTES)
  readonly #view = new DataView(this.bytes.buffer)

  load(source: Uint8Array, offset: number, length: number): this {
    if (length !== INODE_BYTES) throw new RangeError(`an inode record of ${length} bytes`)
    for (let i = 0; i < INODE_BYTES; i++) this.bytes[i] = source[offset + i]
    return this
  }

  get type(): number {
    return this.bytes[0]
  }
  set type(v: number) {
    this.bytes[0] = v
  }
  get flags(): number {
    return this.bytes[1]
  }
  set flags(v: number) {
    this.bytes[1] = v
  }
  get mode(): number {
    return this.#view.getUint16(2, true)
  }
  set mode(v: number) {
    this.#view.setUint16(2, v, true)
  }
  get nlink(): number {
    return this.#view.getUint32(4, true)
  }
  set nlink(v: number) {
    this.#view.setUint32(4, v, true)
  }
  get uid(): number {
    return this.#view.getUint32(8, true)
  }
  set uid(v: number) {
    this.#view.setUint32(8, v, true)
  }
  get gid(): number {
    return this.#view.getUint32(12, true)
  }
  set gid(v: number) {
    this.#view.setUint32(12, v, true)
  }
  /** Offset 16: project, 112: DOS attributes, 130 to the end: spare; zero in this version. */
  get generation(): number {
    return this.#view.getUint32(20, true)
  }
  set generation(v: number) {
    this.#view.setUint32(20, v, true)
  }
  /** Bytes. */
  get size(): number {
    return get64(this.#view, 24)
  }
  set size(v: number) {
    put64(this.#view, 24, v)
  }
  /** Device blocks owned. */
  get blocks(): number {
    return get64(this.#view, 32)
  }
  set blocks(v: number) {
    put64(this.#view, 32, v)
  }
  get rdevMajor(): number {
    return this.#view.getUint32(40, true)
  }
  set rdevMajor(v: number) {
    this.#view.setUint32(40, v, true)
  }
  get rdevMinor(): number {
    return this.#view.getUint32(44, true)
  }
  set rdevMinor(v: number) {
    this.#view.setUint32(44, v, true)
  }
  get change(): number {
    return get64(this.#view, 96)
  }
  set change(v: number) {
    put64(this.#view, 96, v)
  }
  /** Directories: the next entry's cookie. */
  get nextCookie(): number {
    return get64(this.#view, 104)
  }
  set nextCookie(v: number) {
    put64(this.#view, 104, v)
  }
  /**
   * Files: bits of movers whose clients may have locks on it, at offset 128. They count where its flag says so; there, no bits
   * mean all movers: earlier versions know the flag alone.
   */
  get lockers(): number {
    if ((this.flags & INODE_FLAG.locked) === 0) return 0
    return this.#view.getUint16(128, true) || ALL_MOVERS
  }
  set lockers(v: number) {
    this.#view.setUint16(128, v, true)
    this.flags = v === 0 ? this.flags & ~INODE_FLAG.locked : this.flags | INODE_FLAG.locked
  }
  /** Eight bytes that an exclusive CREATE left (RFC 1813 §3.3.8). */
  get createVerifier(): Uint8Array {
    return this.bytes.subarray(116, 124)
  }

  atime(out: Timestamp): Timestamp {
    return this.#time(48, 80, out)
  }
  mtime(out: Timestamp): Timestamp {
    return this.#time(56, 84, out)
  }
  ctime(out: Timestamp): Timestamp {
    return this.#time(64, 88, out)
  }
  birth(out: Timestamp): Timestamp {
    return this.#time(72, 92, out)
  }
  setAtime(t: Timestamp): void {
    this.#setTime(48, 80, t)
  }
  setMtime(t: Timestamp): void {
    this.#setTime(56, 84, t)
  }
  setCtime(t: Timestamp): void {
    this.#setTime(64, 88, t)
  }
  setBirth(t: Timestamp): void {
    this.#setTime(72, 92, t)
  }

  #time(at: number, nsecAt: number, out: Timestamp): Timestamp {
    out.sec = this.#view.getInt32(at + 4, true) * WORD + this.#view.getUint32(at, true)
    out.nsec = this.#view.getUint32(nsecAt, true)
    return out
  }
  #setTime(at: number, nsecAt: number, t: Timestamp): void {
    this.#view.setUint32(at, ((t.sec % WORD) + WORD) % WORD, true)
    this.#view.setInt32(at + 4, Math.floor(t.sec / WORD), true)
    this.#view.setUint32(nsecAt, t.nsec, true)
  }
}

/** What an object shows now, as an inode record has it; fields that only the volume itself needs are left empty. */
export function fillInodeValue(value: InodeValue, inode: Inode): InodeValue {
  value.bytes.fill(0)
  value.type = TYPE_NUMBER[inode.type]
  value.mode = inode.mode
  value.nlink = inode.nlink
  value.uid = inode.uid
  value.gid = inode.gid
  value.generation = inode.generation
  value.size = inode.size
  value.blocks = inode.space / BLOCK_BYTES
  value.rdevMajor = inode.rdevMajor
  value.rdevMinor = inode.rdevMinor
  value.change = inode.change
  value.setAtime({ sec: inode.atimeSec, nsec: inode.atimeNsec })
  value.setMtime({ sec: inode.mtimeSec, nsec: inode.mtimeNsec })
  value.setCtime({ sec: inode.ctimeSec, nsec: inode.ctimeNsec })
  value.setBirth({ sec: inode.birthSec, nsec: inode.birthNsec })
  return value
}
