import type { Environment, Timestamp } from '../environment.ts'
import type { Failure } from '../failure.ts'
import type { KnownCall, ReplayTag } from '../operation.ts'
import type { PagePool } from '../store/page-pool.ts'
import type { Task } from '../task.ts'
import type { FileType, Inode } from '../volume/inode.ts'
import { KIND, keyIno, keyKind, setKey } from '../volume/keys.ts'
import { BLOCK_BYTES, MAX_SYMLINK_BYTES } from '../volume/layout.ts'
import { ROOT_INO } from '../volume/mkfs.ts'
import { Key } from '../volume/tree/key.ts'
import type { Volume } from '../volume/volume.ts'
import { accessBits, MAY, may } from './access.ts'
import { Ancestry } from './ancestry.ts'
import type { ClientLocks } from './client-locks.ts'
import { type ClientRecords, OwnClientRecords } from './client-records.ts'
import { type FilesContext, holdFor, LogBarrier } from './context.ts'
import { lookUp, readDirectory } from './directory.ts'
import { DirtyBound } from './dirty-bound.ts'
import { Housekeeping } from './housekeeping.ts'
import { InodeCache } from './inode-cache.ts'
import type { LiveInode } from './live-inode.ts'
import { createFile, makeDirectory, makeLink, makeNode, makeSymlink } from './make.ts'
import { PageCache } from './page-cache.ts'
import type {
  CallTrace,
  CreateHow,
  EntrySink,
  ListingRoom,
  Operation,
  PrimaryFiles,
  ReadResult,
  SetAttributes,
  Stability,
  VolumeStatistics,
  WriteResult,
} from './service.ts'
import { dropPrivileges, dropPrivilegesFor, setAttributes } from './set-attributes.ts'
import {
  blockOf,
  commitFile,
  endOfRead,
  endOfWrite,
  MAX_TRANSFER_BYTES,
  readFile,
  startOfWrite,
  writeFile,
} from './transfer.ts'
import { removeDirectory, removeFile, renameEntry } from './unmake.ts'
import { WriteBack } from './write-back.ts'

/** This version has one mover. */
const MOVER_NUMBER = 0
/** Metadata blocks that a small file takes, for FSSTAT's estimate of free files. */
const FILES_PER_META_BLOCK = 6

export interface VolumeFilesOptions {
  volume: Volume
  env: Environment
  /** Memory of the data cache. */
  pagePool: PagePool
  /** Inodes kept in memory. */
  inodeCapacity: number
  /** Between movers, ms; null: there is one mover alone. */
  sharedLeaseMs: number | null
}

/** The file service of one open volume: names, attributes and data, with permissions, caches and write-back. */
export class VolumeFiles implements PrimaryFiles {
  readonly volumeUuid: Uint8Array
  readonly rootIno = ROOT_INO
  readonly volume: Volume
  readonly context: FilesContext
  trace: CallTrace | null = null
  readonly clients: ClientRecords
  locks: ClientLocks | null = null

  constructor(options: VolumeFilesOptions) {
    const { volume, env } = options
    this.volume = volume
    this.volumeUuid = volume.superblock.uuid
    const pages = new PageCache(options.pagePool, (task) => env.defer(task))
    const bound = options.sharedLeaseMs === null ? null : new DirtyBound(pages, env, options.sharedLeaseMs)
    const writeBack = new WriteBack(volume, pages, () => this.context, bound)
    this.context = {
      volume,
      env,
      pages,
      writeBack,
      inodes: new InodeCache(volume, options.inodeCapacity),
      housekeeping: new Housekeeping(volume),
      ancestry: new Ancestry(volume),
      moverNumber: MOVER_NUMBER,
      logsAtime: true,
      mayRead: (ino, start, end) => this.context.tokens === null || this.context.tokens.mayRead(ino, start, end),
      mayGrow: (ino, size) => this.context.tokens === null || this.context.tokens.mayGrow(ino, size),
      mayWrite: (ino, block) => this.context.tokens === null || this.context.tokens.mayWrite(ino, block),
      dropPrivileges: (op, inode) => dropPrivileges(this.context, op, inode),
      tokens: null,
      locks: null,
      generationSalt: new DataView(env.randomBytes(4).buffer).getUint32(0),
      now: { sec: 0, nsec: 0 },
      plan: {
        deviceBlocks: new Float64Array(MAX_TRANSFER_BYTES / BLOCK_BYTES + 2),
        stretch: { deviceBlock: 0, length: 0 },
      },
      found: { ino: 0, cookie: 0 },
      directoryCursor: volume.tree.cursor(),
    }
    this.clients = new OwnClientRecords(this.context)
    this.context.housekeeping.wake()
  }

  get writeVerifier(): Uint8Array {
    return this.context.writeBack.verifier
  }

  inode(op: Operation, ino: number, generation: number): Inode | Failure {
    this.volume.begin()
    // Every change begins here: what an earlier one has claimed is not for this one to keep.
    if (op.intent === 'change') this.context.tokens?.claimNone()
    const inode = this.context.inodes.get(ino)
    // That a file is gone must not be told before its removal is durable either.
    holdFor(this.context, op, inode === null ? this.volume.log.lastLsn : inode.lastLsn)
    return inode === null || inode.generation !== generation || inode.nlink === 0 ? 'STALE' : inode
  }

  find(op: Operation, ino: number): Inode | Failure {
    this.volume.begin()
    const inode = this.context.inodes.get(ino)
    if (inode === null) return 'STALE'
    holdFor(this.context, op, inode.lastLsn)
    return inode
  }

  findReplay(tag: ReplayTag): KnownCall | null {
    this.volume.settle()
    const entry = this.volume.replays.find(tag, this.context.env.wallMs() / 1000)
    if (entry === null) return null
    // The record of the first one, which came from another mover's client, may still be on its way.
    const { log } = this.volume
    const barrier = log.lastLsn > log.durableLsn ? new LogBarrier(log, log.lastLsn, null) : null
    return { objectIno: entry.objectIno, barrier }
  }

  getattr(op: Operation, inode: Inode): void {
    this.context.tokens?.refresh(op, inode.ino)
    holdFor(this.context, op, (inode as LiveInode).lastLsn)
  }

  lookup(op: Operation, dir: Inode, name: Uint8Array, exportRoot: number): Inode | Failure {
    return lookUp(this.context, op, dir as LiveInode, name, exportRoot)
  }

  access(op: Operation, inode: Inode, wanted: number): number {
    holdFor(this.context, op, (inode as LiveInode).lastLsn)
    return accessBits(op.credentials, inode as LiveInode, wanted, op.readOnly)
  }

  setattr(op: Operation, inode: Inode, set: SetAttributes, guard: Timestamp | null): Failure | null {
    try {
      return setAttributes(this.context, op, inode as LiveInode, set, guard)
    } catch (error) {
      throw this.#keep(error)
    }
  }

  dropPrivileges(op: Operation, inode: Inode): Failure | null {
    try {
      return dropPrivilegesFor(this.context, op, inode as LiveInode)
    } catch (error) {
      throw this.#keep(error)
    }
  }

  readlink(op: Operation, inode: Inode): Uint8Array | Failure {
    if (inode.type !== 'symlink') return 'INVAL'
    holdFor(this.context, op, (inode as LiveInode).lastLsn)
    const { cursor } = this.volume
    const target = new Uint8Array(Math.min(inode.size, MAX_SYMLINK_BYTES))
    let at = 0
    let more = cursor.seek(setKey(new Key(), inode.ino, KIND.symlink, 0, 0, 0))
    while (more && keyIno(cursor.key.words, 0) === inode.ino && keyKind(cursor.key.words, 0) === KIND.symlink) {
      const piece = cursor.bytes.subarray(cursor.valueOffset, cursor.valueOffset + cursor.valueLength)
      target.set(piece.subarray(0, target.length - at), at)
      at += piece.length
      more = cursor.next()
    }
    if (at !== target.length) throw new Error(`the target of symbolic link ${inode.ino} is not whole`)
    return target
  }

  read(op: Operation, inode: Inode, offset: number, count: number, result: ReadResult): Failure | null {
    const { tokens } = this.context
    tokens?.need(inode.ino, 'BR_R', blockOf(offset), endOfRead(inode, offset, count))
    try {
      return readFile(this.context, op, inode as LiveInode, offset, count, result)
    } catch (error) {
      throw tokens === null ? error : tokens.keep(error, inode.ino)
    }
  }

  write(
    op: Operation,
    inode: Inode,
    offset: number,
    data: Uint8Array,
    stability: Stability,
    result: WriteResult,
  ): Failure | null {
    const { tokens } = this.context
    const count = data.length
    if (!op.readOnly)
      tokens?.need(inode.ino, 'BR_W', startOfWrite(inode, offset, count), endOfWrite(inode, offset, count))
    try {
      return writeFile(this.context, op, inode as LiveInode, offset, data, stability, result)
    } catch (error) {
      throw tokens === null ? error : tokens.keep(error, inode.ino)
    }
  }

  create(op: Operation, dir: Inode, name: Uint8Array, how: CreateHow): Inode | Failure {
    try {
      return createFile(this.context, op, dir as LiveInode, name, how)
    } catch (error) {
      throw this.#keep(error)
    }
  }

  mkdir(op: Operation, dir: Inode, name: Uint8Array, attributes: SetAttributes): Inode | Failure {
    try {
      return makeDirectory(this.context, op, dir as LiveInode, name, attributes)
    } catch (error) {
      throw this.#keep(error)
    }
  }

  symlink(op: Operation, dir: Inode, name: Uint8Array, target: Uint8Array, attributes: SetAttributes): Inode | Failure {
    try {
      return makeSymlink(this.context, op, dir as LiveInode, name, target, attributes)
    } catch (error) {
      throw this.#keep(error)
    }
  }

  mknod(
    op: Operation,
    dir: Inode,
    name: Uint8Array,
    type: FileType,
    attributes: SetAttributes,
    major: number,
    minor: number,
  ): Inode | Failure {
    try {
      return makeNode(this.context, op, dir as LiveInode, name, type, attributes, major, minor)
    } catch (error) {
      throw this.#keep(error)
    }
  }

  remove(op: Operation, dir: Inode, name: Uint8Array): Failure | null {
    try {
      return removeFile(this.context, op, dir as LiveInode, name)
    } catch (error) {
      throw this.#keep(error)
    }
  }

  rmdir(op: Operation, dir: Inode, name: Uint8Array): Failure | null {
    try {
      return removeDirectory(this.context, op, dir as LiveInode, name)
    } catch (error) {
      throw this.#keep(error)
    }
  }

  rename(op: Operation, fromDir: Inode, fromName: Uint8Array, toDir: Inode, toName: Uint8Array): Failure | null {
    try {
      return renameEntry(this.context, op, fromDir as LiveInode, fromName, toDir as LiveInode, toName)
    } catch (error) {
      throw this.#keep(error)
    }
  }

  link(op: Operation, inode: Inode, dir: Inode, name: Uint8Array): Failure | null {
    try {
      return makeLink(this.context, op, inode as LiveInode, dir as LiveInode, name)
    } catch (error) {
      throw this.#keep(error)
    }
  }

  readdir(
    op: Operation,
    dir: Inode,
    cookie: number,
    exportRoot: number,
    _room: ListingRoom,
    sink: EntrySink,
  ): boolean | Failure {
    return readDirectory(this.context, op, dir as LiveInode, cookie, exportRoot, sink)
  }

  entry(op: Operation, dir: Inode, ino: number): Inode | Failure {
    if (!may(op.credentials, dir as LiveInode, MAY.execute)) return 'ACCES'
    const inode = this.context.inodes.get(ino)
    if (inode === null) return 'STALE'
    holdFor(this.context, op, inode.lastLsn)
    return inode
  }

  commit(op: Operation, inode: Inode, _offset: number, _count: number): Failure | null {
    return commitFile(this.context, op, inode as LiveInode)
  }

  statistics(): VolumeStatistics {
    this.volume.settle()
    const { space, superblock, counters } = this.volume
    const { deviceBlocks } = superblock.geometry
    const free = Math.max(0, space.dataFree + space.pendingBlocks - space.reservedBlocks)
    const freeFiles = Math.max(0, space.metaHeadroom + free) * FILES_PER_META_BLOCK
    return {
      totalBytes: deviceBlocks * BLOCK_BYTES,
      freeBytes: free * BLOCK_BYTES,
      totalFiles: counters.inodeCount + freeFiles,
      freeFiles,
    }
  }

  /** An operation that has claimed files has to wait: it keeps them. */
  #keep(error: unknown): unknown {
    const { tokens } = this.context
    return tokens === null ? error : tokens.keep(error, 0)
  }

  /** Writes everything out and closes the volume. */
  *close(): Task<void> {
    yield* this.context.writeBack.drain()
    yield* this.volume.close()
  }
}
