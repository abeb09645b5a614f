import type { block_map, run, written } from '../../protocol/moverlock/moverlock.gen.ts'
import type { Drain } from '../authority/governed.ts'
import { QUIET_MS } from '../authority/quiet.ts'
import type { HeldFiles, SecondaryAuthority } from '../authority/secondary.ts'
import type { Environment } from '../environment.ts'
import type { Leaving, Piece } from '../locks/held-tokens.ts'
import { FILE_END, type Token } from '../locks/token.ts'
import type { BlockDevice } from '../store/device.ts'
import type { PagePool } from '../store/page-pool.ts'
import { Suspend } from '../suspend.ts'
import { InodeValue } from '../volume/inode-value.ts'
import { BLOCK_BYTES } from '../volume/layout.ts'
import { BusyDirectories } from './busy-directories.ts'
import type { DataContext } from './data-volume.ts'
import { DirtyBound } from './dirty-bound.ts'
import { drainedPieces, drainPages } from './drain.ts'
import { HeldNames } from './held-names.ts'
import { LiveInode } from './live-inode.ts'
import { PageCache } from './page-cache.ts'
import { RemoteCalls } from './remote-calls.ts'
import { RemoteVolume } from './remote-volume.ts'
import { MAX_TRANSFER_BYTES } from './transfer.ts'
import { WriteBack } from './write-back.ts'
import { WrittenFile } from './written.ts'

export interface HeldVolumeOptions {
  device: BlockDevice
  env: Environment
  authority: () => SecondaryAuthority
  pagePool: PagePool
  /** Inodes kept in memory. */
  inodeCapacity: number
  /** Between movers, ms. */
  leaseMs: number
  onFailure: (error: Error) => void
}

/**
 * What a secondary has of a volume's files in memory: inodes and pages, for as long as it holds tokens on them. See
 * `HeldFiles`.
 */
export class HeldVolume implements HeldFiles {
  readonly context: DataContext
  readonly volume: RemoteVolume
  readonly names = new HeldNames()
  readonly busyDirectories = new BusyDirectories()
  /** What is asked of the primary. */
  readonly calls: RemoteCalls
  readonly #o: HeldVolumeOptions
  readonly #files = new Map<number, WrittenFile>()
  lastSequence = 0
  readonly #value = new InodeValue()

  constructor(options: HeldVolumeOptions) {
    const { device, env, authority, leaseMs, onFailure } = options
    this.#o = options
    this.calls = new RemoteCalls({ call: ({ id: _, ...call }, done) => authority().call(call, done) })
    this.volume = new RemoteVolume({
      device,
      env,
      authority,
      file: (ino) => this.#files.get(ino),
      nextSequence: () => ++this.lastSequence,
      onFailure,
    })
    const pages = new PageCache(options.pagePool, (task) => env.defer(task))
    this.context = {
      volume: this.volume,
      env,
      pages,
      writeBack: new WriteBack(this.volume, pages, () => this.context, new DirtyBound(pages, env, leaseMs)),
      // The primary grants nothing of a file that is being truncated.
      housekeeping: { waitForSteps: () => new Suspend((resume) => env.defer(resume)) },
      moverNumber: 0,
      logsAtime: false,
      now: { sec: 0, nsec: 0 },
      plan: {
        deviceBlocks: new Float64Array(MAX_TRANSFER_BYTES / BLOCK_BYTES + 2),
        stretch: { deviceBlock: 0, length: 0 },
      },
      mayRead: (ino, start, end) => authority().isReady && authority().tokens.allows(ino, 'BR_R', start, end),
      mayGrow: (ino, size) => authority().tokens.mayHaveGrown(ino, size),
      mayWrite: (ino, block) => authority().tokens.mayHaveWritten(ino, block),
      dropPrivileges: (op, inode) => this.calls.dropPrivileges(op, inode),
    }
  }

  #held(ino: number): WrittenFile {
    const file = this.#files.get(ino)
    if (file === undefined) throw new Error(`inode ${ino} is held, but not known`)
    return file
  }

  /** See `WrittenFile`. */
  toldCount(ino: number): number {
    return this.#files.get(ino)?.toldCount ?? 0
  }

  get inodeCount(): number {
    return this.#files.size
  }

  /** The inode of a file of which something is held. */
  inode(ino: number): LiveInode | undefined {
    return this.#files.get(ino)?.inode
  }

  /** Some of the file is held. True once in `QUIET_MS`: all of it may be asked for. */
  mayAskWhole(ino: number): boolean {
    const file = this.#files.get(ino)
    const now = this.context.env.monotonicMs()
    if (file === undefined || now - file.askedWholeMs < QUIET_MS) return false
    file.askedWholeMs = now
    return true
  }

  isQuiet(ino: number): boolean {
    return this.inode(ino)?.isQuiet(this.context.env.monotonicMs()) !== false
  }

  granted(ino: number, token: Token, value: Uint8Array, map: block_map): void {
    this.#value.load(value, 0, value.length)
    const known = this.#files.get(ino)
    if (known === undefined) {
      this.#makeRoom()
      const inode = new LiveInode(ino, this.#value, 0)
      const nowMs = this.context.env.monotonicMs()
      this.#files.set(ino, new WrittenFile(inode, nowMs, (size) => this.context.mayGrow(ino, size)))
    } else {
      known.seen(map.seen)
      known.merge(this.#value)
    }
    this.volume.learn(ino, token, map)
  }

  revoked(ino: number): void {
    if (this.inode(ino)?.type === 'directory') this.busyDirectories.revoked(ino, this.context.env.monotonicMs())
  }

  pieces(ino: number, part: Leaving): Piece[] {
    return drainedPieces(this.context, this.inode(ino), part, this.volume.unanswered(ino, part))
  }

  drain(ino: number, drain: Drain, done: () => void): void {
    this.names.forget(ino)
    const inodeOf = (): LiveInode | undefined => this.inode(ino)
    drainPages(this.context, inodeOf, drain, () => {
      if (!drain.mayKeep(drain.part)) this.volume.forget(ino, drain.part)
      // What has been committed of it may have to be told again, and only its holder can; and a COMMIT of a client that comes
      // later must find everything durable that this mover has sent to the primary.
      this.volume.whenAnswered(ino, drain.part, done)
    })
  }

  takeWritten(ino: number): written | null {
    return this.#files.get(ino)?.take(++this.lastSequence) ?? null
  }

  seen(ino: number, sequence: number): void {
    this.#files.get(ino)?.seen(sequence)
  }

  rejoined(): void {
    for (const file of this.#files.values()) file.rejoined()
  }

  assert(ino: number): written {
    return this.#held(ino).assert(++this.lastSequence)
  }

  reservedBlocks(): run[] {
    return this.volume.space.all()
  }

  known(ino: number, value: Uint8Array): void {
    this.#value.load(value, 0, value.length)
    // What it was may have been given up meanwhile.
    this.#files.get(ino)?.merge(this.#value)
  }

  gaveUp(ino: number): void {
    const inode = this.#files.get(ino)?.inode
    if (inode === undefined) return
    inode.isCurrent = false
    inode.unlogged = false
    this.context.writeBack.forget(inode)
  }

  lost(ino: number): void {
    const inode = this.#files.get(ino)?.inode
    if (inode === undefined) return
    if (inode.data !== null) {
      // A COMMIT of what was written under tokens that are given back is still to come, perhaps.
      this.volume.forgottenMark = Math.max(this.volume.forgottenMark, inode.data.writeMark)
      inode.data.dropAll()
    }
    inode.removed = true
    inode.unlogged = false
    inode.marked = false
    this.context.writeBack.forget(inode)
    this.volume.forget(ino, { start: 0, end: FILE_END })
    this.#files.delete(ino)
  }

  /** Gives up the files that have been used least lately, in the order of their coming. */
  #makeRoom(): void {
    if (this.#files.size < this.#o.inodeCapacity) return
    for (const [ino, file] of this.#files) {
      if (file.inode.referenced) {
        file.inode.referenced = false
        this.#files.delete(ino)
        this.#files.set(ino, file)
        continue
      }
      this.#o.authority().tokens.giveUp(ino)
      return
    }
  }
}
