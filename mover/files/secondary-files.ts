import { operation_kind } from '../../protocol/moverlock/moverlock.gen.ts'
import type { SecondaryAuthority } from '../authority/secondary.ts'
import type { Timestamp } from '../environment.ts'
import type { Failure } from '../failure.ts'
import type { FileType, Inode } from '../volume/inode.ts'
import { BLOCK_BYTES, MAX_FILE_BYTES } from '../volume/layout.ts'
import { ROOT_INO } from '../volume/mkfs.ts'
import { accessBits, MAY, may } from './access.ts'
import type { ClientLocks } from './client-locks.ts'
import type { ClientRecords } from './client-records.ts'
import { isDot, isDotDot } from './directory.ts'
import { HeldData } from './held-data.ts'
import { HeldListings } from './held-listings.ts'
import type { HeldDirectory } from './held-names.ts'
import type { HeldVolume } from './held-volume.ts'
import { LiveInode } from './live-inode.ts'
import type { RemoteCalls } from './remote-calls.ts'
import { RemoteInode } from './remote-inode.ts'
import type {
  CallTrace,
  CreateHow,
  EntrySink,
  FileService,
  ListingRoom,
  Operation,
  ReadResult,
  SetAttributes,
  Stability,
  VolumeStatistics,
  WriteResult,
} from './service.ts'
import { typeFailure } from './transfer.ts'

export interface SecondaryFilesOptions {
  volumeUuid: Uint8Array
  held: HeldVolume
  authority: SecondaryAuthority
}

/**
 * The file service of a volume at a secondary: data and attributes under tokens, from the shared device and from memory;
 * names by calls to the primary, and under tokens from memory.
 */
export class SecondaryFiles implements FileService {
  readonly volumeUuid: Uint8Array
  readonly rootIno = ROOT_INO
  readonly held: HeldVolume
  trace: CallTrace | null = null
  locks: ClientLocks | null = null
  readonly #calls: RemoteCalls
  readonly #data: HeldData
  readonly #listings: HeldListings

  constructor({ volumeUuid, held, authority }: SecondaryFilesOptions) {
    this.volumeUuid = volumeUuid
    this.held = held
    this.#calls = held.calls
    this.#data = new HeldData(held, authority)
    this.#listings = new HeldListings(held.names, this.#data, this.#calls)
  }

  get clients(): ClientRecords {
    return this.#calls.clients
  }

  get writeVerifier(): Uint8Array {
    return this.held.context.writeBack.verifier
  }

  inode(op: Operation, ino: number, generation: number): Inode | Failure {
    const { intent } = op
    if (intent === 'change') return this.#calls.subject(op, ino, generation)
    if (intent === 'names') return this.#data.current(ino, generation) ?? this.#calls.subject(op, ino, generation)
    // Through a read-only export nothing is written: only what the answer shows is looked at.
    if (intent === 'read' || (intent === 'write' && !op.readOnly)) {
      // Who may use it is asked for no bytes too, and nobody changes that while this mover holds some block.
      const start = Math.min(op.rangeStart, MAX_FILE_BYTES - 1)
      const end = Math.max(op.rangeEnd, start + 1)
      return this.#data.open(ino, generation, intent === 'read' ? 'BR_R' : 'BR_W', start, end)
    }
    if (this.held.busyDirectories.has(ino)) return this.#look(op, ino, generation)
    const inode = this.#data.open(ino, generation, 'BR_R', 0, 0)
    if (typeof inode === 'string') return inode
    // Nobody changes who may use it while this mover holds blocks of it; a right to no blocks is in nobody's way.
    const isKnown = inode.isCurrent || (intent === 'access' && this.#data.holdsBlocks(ino))
    // While others write, their primary asks them. Asked in an earlier run, it is answered, whatever is held since.
    return isKnown && !this.#calls.hasAsked(op, operation_kind.GETATTR) ? inode : this.#look(op, ino, generation)
  }

  /** An object's attributes are asked for. */
  #look(op: Operation, ino: number, generation: number): Inode | Failure {
    const { busyDirectories, context } = this.held
    const shown = this.#calls.object(op, ino, generation)
    if (typeof shown !== 'string') busyDirectories.shown(ino, shown.change, context.env.monotonicMs())
    return shown
  }

  /** `inode` has seen to it. */
  getattr(): void {}

  lookup(op: Operation, dir: Inode, name: Uint8Array, exportRoot: number): Inode | Failure {
    const found = this.#found(op, dir, name, exportRoot)
    if (typeof found === 'string' || found instanceof LiveInode) return found
    // What this mover holds it knows better than the primary.
    return this.#data.current(found.ino, found.generation) ?? found
  }

  #found(op: Operation, dir: Inode, name: Uint8Array, exportRoot: number): Inode | Failure {
    if (!(dir instanceof LiveInode) || dir.type !== 'directory' || isDot(name) || isDotDot(name)) {
      const found = this.#calls.lookup(op, dir, name, exportRoot)
      if (dir.type === 'directory') this.#data.want(dir)
      return found
    }
    const directory = this.held.names.of(dir.ino)
    const known = directory.object(name)
    if (known === undefined) return this.#lookUp(op, dir, name, exportRoot, directory)
    if (!may(op.credentials, dir, MAY.execute)) return 'ACCES'
    if (known === null) return 'NOENT'
    return this.#data.current(known.ino, known.generation) ?? new RemoteInode(known.ino, known.generation)
  }

  /** Asks the primary what a name of a held directory stands for, and remembers it. */
  #lookUp(op: Operation, dir: Inode, name: Uint8Array, exportRoot: number, directory: HeldDirectory): Inode | Failure {
    const { names } = this.held
    const found = names.asking(op, directory, () => this.#calls.lookup(op, dir, name, exportRoot))
    if (typeof found !== 'string' || found === 'NOENT') {
      const object = typeof found === 'string' ? null : idOf(found)
      names.learn(op, dir.ino, (known) => known.noteObject(name, object))
    }
    return found
  }

  access(op: Operation, inode: Inode, wanted: number): number {
    return accessBits(op.credentials, inode, wanted, op.readOnly)
  }

  setattr(op: Operation, inode: Inode, set: SetAttributes, guard: Timestamp | null): Failure | null {
    return this.#calls.setattr(op, inode, set, guard)
  }

  readlink(op: Operation, inode: Inode): Uint8Array | Failure {
    const { names } = this.held
    const known = inode instanceof LiveInode ? names.target(inode.ino) : undefined
    if (known !== undefined) return known
    const target = this.#calls.readlink(op, inode)
    if (typeof target === 'string') return target
    names.learnTarget(inode.ino, target)
    this.#data.want(inode)
    return target
  }

  read(op: Operation, inode: Inode, offset: number, count: number, result: ReadResult): Failure | null {
    return this.#data.read(op, inode as LiveInode, offset, count, result)
  }

  write(
    op: Operation,
    inode: Inode,
    offset: number,
    data: Uint8Array,
    stability: Stability,
    result: WriteResult,
  ): Failure | null {
    return this.#data.write(op, inode as LiveInode, offset, data, stability, result)
  }

  create(op: Operation, dir: Inode, name: Uint8Array, how: CreateHow): Inode | Failure {
    return this.#calls.create(op, dir, name, how)
  }

  mkdir(op: Operation, dir: Inode, name: Uint8Array, attributes: SetAttributes): Inode | Failure {
    return this.#calls.mkdir(op, dir, name, attributes)
  }

  symlink(op: Operation, dir: Inode, name: Uint8Array, target: Uint8Array, attributes: SetAttributes): Inode | Failure {
    return this.#calls.symlink(op, dir, name, target, attributes)
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
    return this.#calls.mknod(op, dir, name, type, attributes, major, minor)
  }

  remove(op: Operation, dir: Inode, name: Uint8Array): Failure | null {
    return this.#calls.remove(op, dir, name)
  }

  rmdir(op: Operation, dir: Inode, name: Uint8Array): Failure | null {
    return this.#calls.rmdir(op, dir, name)
  }

  rename(op: Operation, fromDir: Inode, fromName: Uint8Array, toDir: Inode, toName: Uint8Array): Failure | null {
    return this.#calls.rename(op, fromDir, fromName, toDir, toName)
  }

  link(op: Operation, inode: Inode, dir: Inode, name: Uint8Array): Failure | null {
    return this.#calls.link(op, inode, dir, name)
  }

  readdir(
    op: Operation,
    dir: Inode,
    cookie: number,
    exportRoot: number,
    room: ListingRoom,
    sink: EntrySink,
  ): boolean | Failure {
    return this.#listings.readdir(op, dir, cookie, exportRoot, room, sink)
  }

  entry(op: Operation, dir: Inode, ino: number): Inode | Failure {
    return this.#listings.entry(op, dir, ino)
  }

  /** An object by its number alone, such as the root of an export; STALE when there is none. */
  find(op: Operation, ino: number): Inode | Failure {
    return this.#calls.find(op, ino)
  }

  commit(op: Operation, inode: Inode): Failure | null {
    const wrongType = typeFailure(inode)
    if (wrongType !== null) return wrongType
    const live = this.held.inode(inode.ino)
    if (live === undefined) throw new Error(`inode ${inode.ino} was granted, but not told`)
    return this.#data.commit(op, live)
  }

  statistics(op: Operation): VolumeStatistics {
    return this.#withReserved(this.#calls.statistics(op))
  }

  /** As they were told last, for who cannot wait; zeros while nothing has been told. */
  latestStatistics(): VolumeStatistics {
    return this.#withReserved(this.#calls.latestStatistics())
  }

  /** What this mover has reserved, and promised to nobody yet, is free to its clients. */
  #withReserved(told: VolumeStatistics): VolumeStatistics {
    return { ...told, freeBytes: told.freeBytes + this.held.volume.space.unpromised * BLOCK_BYTES }
  }
}

function idOf({ ino, generation }: Inode): { ino: number; generation: number } {
  return { ino, generation }
}
