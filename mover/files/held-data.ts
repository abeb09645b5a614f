import type { SecondaryAuthority } from '../authority/secondary.ts'
import type { Failure } from '../failure.ts'
import { FILE_END } from '../locks/token.ts'
import { Suspend } from '../suspend.ts'
import type { Inode } from '../volume/inode.ts'
import { BLOCK_BYTES, MAX_FILE_BYTES } from '../volume/layout.ts'
import type { HeldVolume } from './held-volume.ts'
import type { LiveInode } from './live-inode.ts'
import type { Operation, ReadResult, Stability, WriteResult } from './service.ts'
import { blockOf, commitFile, dataOf, endOfRead, endOfWrite, readFile, startOfWrite, writeFile } from './transfer.ts'

/** Reading and writing of files at a secondary: as at the primary, once the tokens are held. All of it may throw Suspend. */
export class HeldData {
  readonly #held: HeldVolume
  readonly #authority: SecondaryAuthority

  constructor(held: HeldVolume, authority: SecondaryAuthority) {
    this.#held = held
    this.#authority = authority
  }

  /**
   * The inode of a file that is about to be read (`BR_R`) or written (`BR_W`) from `offset` to `end`, bytes; an empty range
   * asks for its attributes. STALE when there is none, and why it cannot be written.
   */
  open(ino: number, generation: number, kind: 'BR_R' | 'BR_W', offset: number, end: number): LiveInode | Failure {
    this.#authority.gate()
    // Who holds all of it for reading needs to look no further.
    const whole = kind === 'BR_R' ? this.current(ino, generation) : null
    if (whole !== null) return whole
    const asked = kind === 'BR_R' ? 'WF_R' : 'BR_W'
    const known = kind === 'BR_W' && offset < end ? this.#held.inode(ino) : undefined
    // Of a file that is known, what the write itself will need: one request instead of two when it lengthens the file.
    const first = known === undefined ? blockOf(offset) : startOfWrite(known, offset, end - offset)
    const last = known === undefined ? Math.ceil(end / BLOCK_BYTES) : endOfWrite(known, offset, end - offset)
    const isHeld = first < last ? false : this.#held.inode(ino) !== undefined && this.#holdsSome(ino)
    const fetched = kind === 'BR_R' ? this.#fetch : undefined
    const denied = isHeld ? null : this.#authority.need(ino, asked, first, Math.min(FILE_END, last), fetched)
    if (denied !== null) return denied
    const inode = this.#held.inode(ino)
    if (inode === undefined) throw new Error(`inode ${ino} was granted, but not told`)
    inode.referenced = true
    inode.isCurrent = this.#authority.tokens.allows(ino, 'WF_R', 0, FILE_END)
    // Others wrote to it: they may have come to rest since.
    if (kind === 'BR_R' && !inode.isCurrent && this.#held.mayAskWhole(ino)) this.#authority.askWhole(ino)
    return inode.generation === generation && inode.nlink > 0 ? inode : 'STALE'
  }

  /** The inode of an object whose attributes nobody can change before this mover has given up its token; null: it has none. */
  current(ino: number, generation: number): LiveInode | null {
    const inode = this.named(ino)
    return inode !== null && inode.generation === generation ? inode : null
  }

  /** The same of an object that has a name. */
  named(ino: number): LiveInode | null {
    const inode = this.#held.inode(ino)
    if (inode === undefined || !this.#authority.isReady) return null
    if (!this.#authority.tokens.allows(ino, 'WF_R', 0, FILE_END)) return null
    inode.referenced = true
    inode.isCurrent = true
    return inode.nlink > 0 ? inode : null
  }

  /** The primary was asked for what this mover would know if it held the directory or link: from now on it does. */
  want({ ino, generation, change }: Inode): void {
    if (this.current(ino, generation) !== null) return
    const { busyDirectories, context } = this.#held
    busyDirectories.shown(ino, change, context.env.monotonicMs())
    if (!busyDirectories.has(ino)) this.#authority.askWhole(ino)
  }

  read(op: Operation, inode: LiveInode, offset: number, count: number, result: ReadResult): Failure | null {
    if (!inode.isCurrent) {
      const denied = this.#authority.need(inode.ino, 'WF_R', blockOf(offset), endOfRead(inode, offset, count))
      if (denied !== null) return denied
    }
    try {
      return readFile(this.#held.context, op, inode, offset, count, result)
    } catch (error) {
      throw this.#authority.keep(error, inode.ino)
    }
  }

  write(
    op: Operation,
    inode: LiveInode,
    offset: number,
    data: Uint8Array,
    stability: Stability,
    result: WriteResult,
  ): Failure | null {
    if (offset + data.length > MAX_FILE_BYTES) return 'FBIG'
    if (data.length > 0 && !op.readOnly) {
      const count = data.length
      const first = startOfWrite(inode, offset, count)
      const denied = this.#authority.need(inode.ino, 'BR_W', first, endOfWrite(inode, offset, count))
      if (denied !== null) return denied
    }
    try {
      return writeFile(this.#held.context, op, inode, offset, data, stability, result)
    } catch (error) {
      throw this.#authority.keep(error, inode.ino)
    }
  }

  commit(op: Operation, inode: LiveInode): Failure | null {
    return commitFile(this.#held.context, op, inode)
  }

  /** Who has asked for a file to read it looks again when it is in memory: the sooner the device is asked, the better. */
  readonly #fetch = (ino: number, start: number, end: number, resume: () => void): void => {
    const loading = this.#load(ino, start, end)
    if (loading === null) resume()
    else (this.#authority.keep(loading, ino) as Suspend).wait(resume)
  }

  /** Begins to read what is not in memory; null: there is nothing to wait for. */
  #load(ino: number, start: number, end: number): Suspend | null {
    const { context } = this.#held
    const inode = this.#held.inode(ino)
    const last = Math.min(end, Math.ceil((inode?.size ?? 0) / BLOCK_BYTES))
    if (inode?.type !== 'file' || start >= last || !context.mayRead(ino, start, last)) return null
    try {
      const data = dataOf(context, inode)
      return data.load(start, last) > 0 ? data.waitForLoads() : null
    } catch (error) {
      if (error instanceof Suspend) return error
      throw error
    }
  }

  /** True when this mover holds a token of some blocks: who changes who may use the file takes it away first. */
  holdsBlocks(ino: number): boolean {
    return this.#authority.tokens.held(ino)?.usable.some(({ start, end }) => start < end) === true
  }

  #holdsSome(ino: number): boolean {
    return (this.#authority.tokens.held(ino)?.usable.length ?? 0) > 0
  }
}
