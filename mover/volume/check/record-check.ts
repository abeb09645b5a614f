import { KIND, keyA, keyAHigh, keyALow, keyB, keyIno, keyKind } from '../keys.ts'
import { MAX_NAME_BYTES } from '../layout.ts'
import { NameHasher } from '../names.ts'
import { clientKey, clientOf } from '../records/client-parts.ts'
import { LOCKERS_BYTES, listedLockers } from '../records/locker-parts.ts'
import { inoOfValue } from '../records/name-parts.ts'
import type { Superblock } from '../superblock.ts'
import { compareWords, Key } from '../tree/key.ts'
import { type Findings, showName } from './findings.ts'
import { InodeCheck } from './inode-check.ts'
import { type InodeTable, mix, STATE } from './inode-table.ts'
import type { SpaceMap } from './space-map.ts'
import type { Suspects } from './suspects.ts'

const SLASH = 0x2f
const DOT = 0x2e
/** Cookies below are the start of a directory, '.' and '..'. */
const FIRST_COOKIE = 3
const KIND_NAMES = new Map<number, string>(Object.entries(KIND).map(([name, kind]) => [kind, name]))

export interface CheckParts {
  superblock: Superblock
  findings: Findings
  space: SpaceMap
  table: InodeTable
  suspects: Suspects
}

type Handler = (check: RecordCheck, words: Uint32Array, bytes: Uint8Array, offset: number, length: number) => void

/** What may stand under an inode's number, in the order of the keys. */
const OF_INODE = new Map<number, Handler>([
  [KIND.inode, (check, words, bytes, offset, length) => check.inode.load(words, bytes, offset, length)],
  [KIND.parent, (check, words, _, __, length) => check.parent(words, length)],
  [KIND.symlink, (check, words, _, __, length) => check.inode.symlinkPiece(words, length)],
  [KIND.entry, (check, words, bytes, offset, length) => check.entry(words, bytes, offset, length)],
  [KIND.name, (check, words, bytes, offset, length) => check.name(words, bytes, offset, length)],
  [KIND.extent, (check, words, bytes, offset, length) => check.inode.extent(words, bytes, offset, length)],
])

/** What may stand under inode number 0. */
const OF_VOLUME = new Map<number, { state: number; count: 'orphans' | 'truncating' | 'writeMarks' | 'locked' }>([
  [KIND.orphan, { state: STATE.listedOrphan, count: 'orphans' }],
  [KIND.truncating, { state: STATE.listedTruncating, count: 'truncating' }],
  [KIND.writeMark, { state: STATE.marked, count: 'writeMarks' }],
  [KIND.locked, { state: STATE.listedLocked, count: 'locked' }],
])

/** Checks the records of a tree one after the other, in key order, and gathers in `table` what inodes say of each other. */
export class RecordCheck {
  /** False when nodes were damaged: then nothing is wrong with what is missing. */
  isWhole = true
  /** The highest inode number in use. */
  lastIno = 0
  readonly counts = {
    inodes: 0,
    files: 0,
    directories: 0,
    symlinks: 0,
    specialFiles: 0,
    names: 0,
    orphans: 0,
    truncating: 0,
    writeMarks: 0,
    locked: 0,
    clients: 0,
    extents: 0,
    records: 0,
    dataBlocks: 0,
  }
  readonly inode: InodeCheck
  readonly #p: CheckParts
  readonly #names: NameHasher
  readonly #key = new Key()
  /** Names with the hashes of the last index record. */
  #sameHash: Uint8Array[] = []
  #lastHash = { folded: 0, exact: 0 }
  #lastHashDir = 0

  constructor(parts: CheckParts) {
    this.#p = parts
    this.#names = new NameHasher(parts.superblock.nameSecret)
    this.inode = new InodeCheck(this, parts)
  }

  /** The key is in `words`. */
  record(words: Uint32Array, bytes: Uint8Array, offset: number, length: number): void {
    const ino = keyIno(words, 0)
    const kind = keyKind(words, 0)
    this.counts.records++
    if (ino === 0) {
      if (kind === KIND.client) this.#client(words, bytes.subarray(offset, offset + length))
      else this.#ofVolume(words, kind, bytes.subarray(offset, offset + length))
      return
    }
    if (ino !== this.inode.ino) {
      this.inode.end()
      this.inode.begin(ino)
      this.lastIno = ino
      if (kind !== KIND.inode && this.isWhole) {
        this.#p.findings.problem(`inode ${ino} has ${kindName(kind)} records, and no inode record`)
      }
    }
    const handler = OF_INODE.get(kind)
    if (handler === undefined)
      this.#p.findings.problem(`inode ${ino} has a record of the unknown kind ${kindName(kind)}`)
    else handler(this, words, bytes, offset, length)
  }

  /** Call behind the last record. */
  end(): void {
    this.inode.end()
  }

  problem(what: string): void {
    this.#p.findings.problem(`inode ${this.inode.ino} ${what}`)
  }

  #ofVolume(words: Uint32Array, kind: number, value: Uint8Array): void {
    const { table, findings } = this.#p
    const list = OF_VOLUME.get(kind)
    if (list === undefined) {
      findings.problem(`the volume has a record of the unknown kind ${kindName(kind)}`)
      return
    }
    const ino = keyA(words, 0)
    const row = table.row(ino)
    const { length } = value
    const hasLockers = kind === KIND.locked && (length === 0 || length === LOCKERS_BYTES)
    if ((length !== 0 && !hasLockers) || keyB(words, 0) !== 0) {
      findings.problem(`the ${kindName(kind)} record of inode ${ino} has mover ${keyB(words, 0)} and ${length} bytes`)
    }
    if (hasLockers) table.lockers[row] = listedLockers(value, 0, length)
    this.counts[list.count]++
    table.set(row, list.state)
  }

  #client(words: Uint32Array, value: Uint8Array): void {
    this.counts.clients++
    const client = clientOf(value)
    if (client === null) {
      this.#p.findings.problem(`a client's record has ${value.length} bytes, which cannot be`)
      return
    }
    if (compareWords(clientKey(this.#key, this.#names, client.id).words, 0, words, 0) !== 0)
      this.#p.findings.problem(`the record of client ${showName(client.id)} is in the wrong place`)
  }

  parent(words: Uint32Array, length: number): void {
    const { table } = this.#p
    const dir = keyA(words, 0)
    if (length !== 0) this.problem(`has a parent pointer of ${length} bytes to directory inode ${dir}`)
    table.addParent(this.inode.row, dir, keyB(words, 0))
  }

  entry(words: Uint32Array, bytes: Uint8Array, offset: number, length: number): void {
    const { table } = this.#p
    const cookie = keyB(words, 0)
    if (length < 10) {
      this.problem(`has an entry of ${length} bytes at cookie ${cookie}`)
      return
    }
    this.counts.names++
    const ino = inoOfValue(bytes, offset)
    const type = bytes[offset + 8]
    const name = bytes.subarray(offset + 9, offset + length)
    const refused = refuseName(name)
    if (refused !== null) this.problem(`has the entry ${showName(name)} at cookie ${cookie}, which is ${refused}`)
    if (cookie < FIRST_COOKIE) this.problem(`has the entry ${showName(name)} at the reserved cookie ${cookie}`)
    if (keyA(words, 0) !== 0) this.problem(`has an entry with a damaged key at cookie ${cookie}`)
    const hash = this.#names.hash(name)
    this.inode.addEntry(cookie, mixEntry(cookie, ino, hash.folded, hash.exact))
    table.addName(table.row(ino), this.inode.ino, cookie, type)
  }

  name(words: Uint32Array, bytes: Uint8Array, offset: number, length: number): void {
    const cookie = keyB(words, 0)
    const folded = keyAHigh(words, 0)
    const exact = keyALow(words, 0)
    if (length < 9) {
      this.problem(`has a name index record of ${length} bytes at cookie ${cookie}`)
      return
    }
    const ino = inoOfValue(bytes, offset)
    const name = bytes.subarray(offset + 8, offset + length)
    const hash = this.#names.hash(name)
    if (hash.folded !== folded || hash.exact !== exact) {
      this.problem(`has the name ${showName(name)} (cookie ${cookie}) under wrong hashes in its name index`)
    }
    this.inode.addIndexed(mixEntry(cookie, ino, folded, exact))
    this.#checkTwice(name, folded, exact)
  }

  /** Equal names have equal hashes and stand together. */
  #checkTwice(name: Uint8Array, folded: number, exact: number): void {
    const last = this.#lastHash
    if (last.folded !== folded || last.exact !== exact || this.#lastHashDir !== this.inode.ino) this.#sameHash = []
    if (this.#sameHash.some((other) => Buffer.compare(other, name) === 0)) {
      this.problem(`has the name ${showName(name)} twice`)
    }
    this.#sameHash.push(name.slice())
    this.#lastHash = { folded, exact }
    this.#lastHashDir = this.inode.ino
  }
}

function kindName(kind: number): string {
  return KIND_NAMES.get(kind) ?? String(kind)
}

function mixEntry(cookie: number, ino: number, folded: number, exact: number): number {
  return mix(mix(folded, cookie, exact), ino, cookie)
}

function refuseName(name: Uint8Array): string | null {
  if (name.length > MAX_NAME_BYTES) return 'too long'
  if (name.includes(SLASH) || name.includes(0)) return 'no name'
  const isDots = name.length <= 2 && name.every((byte) => byte === DOT)
  return isDots ? 'reserved' : null
}
