import type { Timestamp } from '../../environment.ts'
import { INODE_BYTES, INODE_FLAG, InodeValue, TYPE_NUMBER } from '../inode-value.ts'
import { keyA, keyB } from '../keys.ts'
import { BLOCK_BYTES, MAX_FILE_BYTES, MAX_SYMLINK_BYTES } from '../layout.ts'
import { blocksOf, SYMLINK_PIECE_BYTES } from '../records/extent-parts.ts'
import { inoOfValue } from '../records/name-parts.ts'
import { blockRange, plural } from './findings.ts'
import { STATE } from './inode-table.ts'
import type { CheckParts, RecordCheck } from './record-check.ts'
import { typeWord } from './type-words.ts'

const EXTENT_BYTES = 16
const MODE_BITS = 0o7777
/** The top 16 bits of an inode number are its birth domain: 0 in this version. */
const MAX_INO = 2 ** 48 - 1
const FIRST_COOKIE = 3
/** Flags of inodes that may have blocks behind their size. */
const SHRINKING_FLAGS = INODE_FLAG.orphan | INODE_FLAG.truncating
const KNOWN_FLAGS = SHRINKING_FLAGS | INODE_FLAG.locked
/** What lies in the spare fields of an inode record: project, DOS attributes, the end. */
const SPARE: readonly [number, number][] = [
  [16, 20],
  [112, 116],
  [124, 128],
  [130, INODE_BYTES],
]

/** The inode whose records are being read: what they must add up to is checked behind the last of them. */
export class InodeCheck {
  ino = 0
  /** Its row in the table. */
  row = 0
  readonly #check: RecordCheck
  readonly #p: CheckParts
  readonly #value = new InodeValue()
  readonly #time: Timestamp = { sec: 0, nsec: 0 }
  #isLoaded = false
  #blocks = 0
  #endBlock = 0
  #pieces = 0
  #targetBytes = 0
  #lastPieceBytes = SYMLINK_PIECE_BYTES
  #entries = 0
  #indexed = 0
  /** Sum of the entries' hashes without those of the name index. */
  #entrySum = 0
  #lastCookie = 0

  constructor(check: RecordCheck, parts: CheckParts) {
    this.#check = check
    this.#p = parts
  }

  begin(ino: number): void {
    this.ino = ino
    this.row = this.#p.table.row(ino)
    this.#isLoaded = false
    this.#blocks = 0
    this.#endBlock = 0
    this.#pieces = 0
    this.#targetBytes = 0
    this.#lastPieceBytes = SYMLINK_PIECE_BYTES
    this.#entries = 0
    this.#indexed = 0
    this.#entrySum = 0
    this.#lastCookie = 0
  }

  /** Takes the inode record. */
  load(words: Uint32Array, bytes: Uint8Array, offset: number, length: number): void {
    const { table } = this.#p
    if (length !== INODE_BYTES || keyA(words, 0) !== 0 || keyB(words, 0) !== 0) {
      this.#check.problem(`has an inode record of ${length} bytes, or one with a damaged key`)
      return
    }
    const value = this.#value.load(bytes, offset, length)
    this.#isLoaded = true
    this.#check.counts.inodes++
    table.set(this.row, STATE.present)
    table.type[this.row] = value.type
    table.nlink[this.row] = value.nlink
    this.#count(value.type)
    this.#checkFlags(value)
    this.#checkFields(value)
  }

  symlinkPiece(words: Uint32Array, length: number): void {
    const piece = keyB(words, 0)
    if (piece !== this.#pieces || this.#lastPieceBytes !== SYMLINK_PIECE_BYTES || length < 1) {
      this.#check.problem(`has piece ${piece} of a target (${length} bytes) behind piece ${this.#pieces - 1}`)
    }
    this.#pieces = piece + 1
    this.#lastPieceBytes = length
    this.#targetBytes += length
  }

  extent(words: Uint32Array, bytes: Uint8Array, offset: number, length: number): void {
    const { space, suspects } = this.#p
    const fileBlock = keyB(words, 0)
    if (length !== EXTENT_BYTES || keyA(words, 0) !== 0) {
      this.#check.problem(`has an extent of ${length} bytes at file block ${fileBlock}, or one with a damaged key`)
      return
    }
    const start = inoOfValue(bytes, offset)
    const tail = inoOfValue(bytes, offset + 8)
    const count = tail % 2 ** 32
    this.#check.counts.extents++
    const what = `has file block ${fileBlock} at device ${blockRange(start, count)}`
    if (count === 0 || tail !== count) {
      this.#check.problem(`has a damaged extent at file block ${fileBlock}`)
      return
    }
    if (fileBlock < this.#endBlock)
      this.#check.problem(`${what}, over the extent before, which reaches to block ${this.#endBlock}`)
    if ((fileBlock + count) * BLOCK_BYTES > MAX_FILE_BYTES) this.#check.problem(`${what}, beyond the largest file`)
    this.#endBlock = fileBlock + count
    this.#blocks += count
    if (!space.isInside(start, count)) {
      this.#check.problem(`${what}, outside of the volume`)
      return
    }
    const type = space.typeAt(start)
    if (type !== null && type !== 'data')
      this.#check.problem(`${what}, in chunk ${space.chunkOf(start)}, which is a ${type} chunk`)
    this.#check.counts.dataBlocks += count
    if (!space.use(start, count)) suspects.addShared({ start, length: count })
  }

  addEntry(cookie: number, hash: number): void {
    this.#entries++
    this.#entrySum = (this.#entrySum + hash) >>> 0
    this.#lastCookie = cookie
  }

  addIndexed(hash: number): void {
    this.#indexed++
    this.#entrySum = (this.#entrySum - hash) >>> 0
  }

  /** Behind the inode's last record. */
  end(): void {
    if (this.ino === 0 || !this.#check.isWhole) return
    if (this.#entries !== this.#indexed || this.#entrySum !== 0) this.#p.suspects.addDirectory(this.ino)
    if (!this.#isLoaded) return
    const value = this.#value
    const { type, flags } = value
    const isDirectory = type === TYPE_NUMBER.directory
    const word = typeWord(type)
    if (this.#pieces > 0 && type !== TYPE_NUMBER.symlink)
      this.#check.problem(`is a ${word} and has the target of a symbolic link`)
    if (this.#endBlock > 0 && type !== TYPE_NUMBER.file) this.#check.problem(`is a ${word} and has extents`)
    if (this.#entries + this.#indexed > 0 && !isDirectory) this.#check.problem(`is a ${word} and has entries`)
    const isGone = (flags & INODE_FLAG.orphan) !== 0
    if (type === TYPE_NUMBER.symlink && this.#targetBytes !== (isGone ? 0 : value.size)) {
      this.#check.problem(`has a size of ${value.size}, and its target has ${plural(this.#targetBytes, 'byte')}`)
    }
    if (value.blocks !== this.#blocks) {
      this.#check.problem(`counts ${plural(value.blocks, 'block')}, and its extents have ${this.#blocks}`)
    }
    if (type === TYPE_NUMBER.file && (flags & SHRINKING_FLAGS) === 0 && this.#endBlock > blocksOf(value.size)) {
      this.#check.problem(
        `has extents up to file block ${this.#endBlock}, behind its size of ${plural(value.size, 'byte')}, and is not being truncated`,
      )
    }
    if (isDirectory && (value.nextCookie < FIRST_COOKIE || value.nextCookie <= this.#lastCookie)) {
      this.#check.problem(
        `would give the cookie ${value.nextCookie} to its next entry, and has one at cookie ${this.#lastCookie}`,
      )
    }
  }

  #count(type: number): void {
    const { counts } = this.#check
    if (type === TYPE_NUMBER.file) counts.files++
    else if (type === TYPE_NUMBER.directory) counts.directories++
    else if (type === TYPE_NUMBER.symlink) counts.symlinks++
    else counts.specialFiles++
  }

  /** An inode's flags and the volume's lists, which come before all inodes, say the same. */
  #checkFlags(value: InodeValue): void {
    const { table } = this.#p
    const { row } = this
    if ((value.flags & ~KNOWN_FLAGS) !== 0) this.#check.problem(`has the unknown flags 0x${value.flags.toString(16)}`)
    const isOrphan = (value.flags & INODE_FLAG.orphan) !== 0
    const isTruncating = (value.flags & INODE_FLAG.truncating) !== 0
    if (isOrphan) table.set(row, STATE.orphan)
    if (isTruncating) table.set(row, STATE.truncating)
    if (!this.#check.isWhole) return
    const listed = (bit: number): string => (table.has(row, bit) ? 'is listed' : 'is not listed')
    if (isOrphan !== table.has(row, STATE.listedOrphan)) {
      this.#check.problem(`is ${isOrphan ? 'an' : 'no'} orphan by its flag, and ${listed(STATE.listedOrphan)} as one`)
    }
    if (isTruncating !== table.has(row, STATE.listedTruncating)) {
      const flag = isTruncating ? 'is being truncated by its flag' : 'is not being truncated by its flag'
      this.#check.problem(`${flag}, and ${listed(STATE.listedTruncating)} for that`)
    }
    const isLocked = (value.flags & INODE_FLAG.locked) !== 0
    if (isLocked !== table.has(row, STATE.listedLocked)) {
      const flag = isLocked ? 'may be locked by its flag' : 'may not be locked by its flag'
      this.#check.problem(`${flag}, and ${listed(STATE.listedLocked)} for that`)
    } else if (isLocked && value.lockers !== table.lockers[row]) {
      const [own, said] = [value.lockers, table.lockers[row]].map((movers) => `0x${movers.toString(16)}`)
      this.#check.problem(`may be locked by clients of the movers ${own}, and is listed for those of ${said}`)
    }
  }

  #checkFields(value: InodeValue): void {
    const { type, size } = value
    const isFile = type === TYPE_NUMBER.file
    const limit = type === TYPE_NUMBER.symlink ? MAX_SYMLINK_BYTES : MAX_FILE_BYTES
    if (this.ino > MAX_INO) this.#check.problem('has a number that is too high')
    if (type < TYPE_NUMBER.file || type > TYPE_NUMBER.socket) this.#check.problem(`is a ${typeWord(type)}`)
    if (size > limit) this.#check.problem(`has a size of ${size} bytes, and a ${typeWord(type)} has ${limit} at most`)
    if (value.mode > MODE_BITS) this.#check.problem(`has the mode 0${value.mode.toString(8)}`)
    if (!isFile && value.blocks !== 0)
      this.#check.problem(`is a ${typeWord(type)} and counts ${plural(value.blocks, 'block')}`)
    if (!isFile && (value.flags & INODE_FLAG.truncating) !== 0)
      this.#check.problem(`is a ${typeWord(type)} and is being truncated`)
    if (!isFile && (value.flags & INODE_FLAG.locked) !== 0)
      this.#check.problem(`is a ${typeWord(type)} and may be locked`)
    if (!Number.isSafeInteger(value.change)) this.#check.problem('has a change number that is too high')
    for (const time of ['atime', 'mtime', 'ctime', 'birth'] as const) {
      const { nsec } = value[time](this.#time)
      if (nsec > 999_999_999) this.#check.problem(`has ${nsec} nanoseconds in its ${time}`)
    }
    for (const [from, end] of SPARE) {
      if (value.bytes.subarray(from, end).some((byte) => byte !== 0)) {
        this.#check.problem(`has something in the spare bytes ${from} to ${end - 1} of its record`)
      }
    }
  }
}
