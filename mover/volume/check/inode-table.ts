/** Bits of an inode's `state`. */
export const STATE = {
  /** It has an inode record. */
  present: 1,
  /** Its record's flags. */
  orphan: 2,
  truncating: 4,
  /** Listed among the volume's own records. */
  listedOrphan: 8,
  listedTruncating: 16,
  marked: 32,
  /** Directories: the way up has been followed. */
  onPath: 64,
  reached: 128,
  listedLocked: 256,
} as const

/** `namedType` of an inode that no entry names, and of one that entries name with several types. */
export const NO_TYPE = 0
export const MANY_TYPES = 255

const FIRST_ROWS = 1024
const WORD = 4294967296
const GOLDEN = 0x9e3779b1
const MURMUR = 0x85ebca6b

/** A hash of two numbers below 2^53, for sums that do not depend on the order of their parts. */
export function mix(seed: number, a: number, b: number): number {
  let h = Math.imul(seed ^ (a % WORD), GOLDEN)
  h = Math.imul(h ^ (h >>> 15) ^ Math.floor(a / WORD), MURMUR)
  h = Math.imul(h ^ (h >>> 13) ^ (b % WORD), GOLDEN)
  h = Math.imul(h ^ (h >>> 15) ^ Math.floor(b / WORD), MURMUR)
  return (h ^ (h >>> 16)) >>> 0
}

/**
 * What the check remembers of every inode that was mentioned anywhere: about 93 bytes each, in columns. Names and parent
 * pointers are not kept: their hashes are summed up, and the sums of the two must agree.
 */
export class InodeTable {
  /** Rows in use. */
  count = 0
  ino = new Float64Array(FIRST_ROWS)
  state = new Uint16Array(FIRST_ROWS)
  type = new Uint8Array(FIRST_ROWS)
  /** The type that the entries say. */
  namedType = new Uint8Array(FIRST_ROWS)
  nlink = new Uint32Array(FIRST_ROWS)
  /** Entries that name it, parent pointers that it has. */
  names = new Uint32Array(FIRST_ROWS)
  parents = new Uint32Array(FIRST_ROWS)
  /** Directories: row of the parent, -1 when there is none. */
  parentRow = new Int32Array(FIRST_ROWS).fill(-1)
  subdirectories = new Uint32Array(FIRST_ROWS)
  /** Movers whose clients may have locked it, by the list of such files. */
  lockers = new Uint16Array(FIRST_ROWS)
  #sumA = new Uint32Array(FIRST_ROWS)
  #sumB = new Uint32Array(FIRST_ROWS)
  readonly #rows = new Map<number, number>()

  /** The row of `ino`; makes one at its first mention. */
  row(ino: number): number {
    const known = this.#rows.get(ino)
    if (known !== undefined) return known
    if (this.count === this.ino.length) this.#grow()
    const row = this.count++
    this.#rows.set(ino, row)
    this.ino[row] = ino
    return row
  }

  /** The row of `ino`, -1 when it was never mentioned. */
  find(ino: number): number {
    return this.#rows.get(ino) ?? -1
  }

  has(row: number, bit: number): boolean {
    return (this.state[row] & bit) !== 0
  }

  set(row: number, bit: number): void {
    this.state[row] |= bit
  }

  /** Directory `dir` has an entry for this inode. */
  addName(row: number, dir: number, cookie: number, type: number): void {
    this.names[row]++
    this.#sumA[row] += mix(1, dir, cookie)
    this.#sumB[row] += mix(2, dir, cookie)
    const before = this.namedType[row]
    this.namedType[row] = before === NO_TYPE || before === type ? type : MANY_TYPES
  }

  /** This inode has a parent pointer to an entry of `dir`. */
  addParent(row: number, dir: number, cookie: number): void {
    this.parents[row]++
    this.#sumA[row] -= mix(1, dir, cookie)
    this.#sumB[row] -= mix(2, dir, cookie)
    this.parentRow[row] = this.row(dir)
  }

  /** True when its parent pointers are those of the entries that name it. */
  linksAgree(row: number): boolean {
    return this.names[row] === this.parents[row] && this.#sumA[row] === 0 && this.#sumB[row] === 0
  }

  #grow(): void {
    const length = this.ino.length * 2
    const longer = <T extends Float64Array | Uint8Array | Uint16Array | Uint32Array | Int32Array>(
      bigger: T,
      old: T,
    ): T => {
      bigger.set(old)
      return bigger
    }
    this.ino = longer(new Float64Array(length), this.ino)
    this.state = longer(new Uint16Array(length), this.state)
    this.type = longer(new Uint8Array(length), this.type)
    this.namedType = longer(new Uint8Array(length), this.namedType)
    this.nlink = longer(new Uint32Array(length), this.nlink)
    this.names = longer(new Uint32Array(length), this.names)
    this.parents = longer(new Uint32Array(length), this.parents)
    this.parentRow = longer(new Int32Array(length).fill(-1), this.parentRow)
    this.subdirectories = longer(new Uint32Array(length), this.subdirectories)
    this.lockers = longer(new Uint16Array(length), this.lockers)
    this.#sumA = longer(new Uint32Array(length), this.#sumA)
    this.#sumB = longer(new Uint32Array(length), this.#sumB)
  }
}
