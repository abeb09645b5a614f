import type { Timestamp } from '../../mover/environment.ts'
import type { Failure } from '../../mover/failure.ts'
import type { ClientLocks } from '../../mover/files/client-locks.ts'
import type { ClientRecords } from '../../mover/files/client-records.ts'
import type {
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
} from '../../mover/files/service.ts'
import type { Barrier, KnownCall, ReplayTag } from '../../mover/operation.ts'
import type { FileType, Inode } from '../../mover/volume/inode.ts'

const MAX_BYTES = 2 ** 44

/** An inode in memory. */
export class FakeInode implements Inode {
  readonly ino: number
  readonly generation: number
  readonly type: FileType
  mode = 0o644
  nlink = 1
  uid = 0
  gid = 0
  size = 0
  space = 0
  rdevMajor = 0
  rdevMinor = 0
  atimeSec = 0
  atimeNsec = 0
  mtimeSec = 0
  mtimeNsec = 0
  ctimeSec = 0
  ctimeNsec = 0
  birthSec = 0
  birthNsec = 0
  change = 0
  isCurrent = true
  data: Buffer = Buffer.alloc(0)
  verifier: string | null = null
  parent: FakeInode = this
  readonly names = new Map<string, { cookie: number; inode: FakeInode }>()
  nextCookie = 3

  constructor(ino: number, type: FileType) {
    this.ino = ino
    this.generation = ino * 10
    this.type = type
    if (type === 'directory') this.mode = 0o755
  }
}

/**
 * A file service in memory: names, types, owners and the permission bits that the tests of its callers need. Whatever
 * `failNext` says happens to the next operation after its inodes have been found.
 */
export class FakeFiles implements PrimaryFiles {
  readonly volumeUuid: Uint8Array = Uint8Array.from({ length: 16 }, (_, i) => i + 1)
  writeVerifier: Uint8Array = Uint8Array.from([9, 8, 7, 6, 5, 4, 3, 2])
  readonly rootIno = 2
  readonly trace = null
  locks: ClientLocks | null = null
  /** By id, both in latin1. */
  readonly remembered = new Map<string, string>()
  readonly clients: ClientRecords = {
    set: (op, { id, value }) => {
      op.barrier = this.barrier
      this.remembered.set(latin1(id), latin1(value))
      return null
    },
    drop: (op, id) => {
      op.barrier = this.barrier
      this.remembered.delete(latin1(id))
      return null
    },
    list: (_, prefix) =>
      [...this.remembered]
        .filter(([id]) => id.startsWith(latin1(prefix)))
        .map(([id, value]) => ({ id: Buffer.from(id, 'latin1'), value: Buffer.from(value, 'latin1') })),
  }
  readonly root = new FakeInode(2, 'directory')
  readonly inodes = new Map<number, FakeInode>([[2, this.root]])
  failNext: Failure | null = null
  /** Given to every operation. */
  barrier: Barrier | null = null
  /** The operations that were called, with what they were called with. */
  readonly calls: string[] = []
  released = 0
  #nextIno = 3
  #clock = 1000

  inode(op: Operation, ino: number, generation: number): Inode | Failure {
    op.barrier = this.barrier
    const found = this.inodes.get(ino)
    return found === undefined || found.generation !== generation ? 'STALE' : found
  }

  find(_op: Operation, ino: number): Inode | Failure {
    return this.inodes.get(ino) ?? 'STALE'
  }

  findReplay(_tag: ReplayTag): KnownCall | null {
    return null
  }

  entry(op: Operation, dir: Inode, ino: number): Inode | Failure {
    return this.#permitted(op, dir, 1) ? (this.inodes.get(ino) ?? 'STALE') : 'ACCES'
  }

  getattr(_op: Operation, inode: Inode): void {
    this.calls.push(`getattr ${inode.ino}`)
  }

  lookup(op: Operation, dir: Inode, name: Uint8Array, exportRoot: number): Inode | Failure {
    const failure = this.#directory(op, dir, 1)
    if (failure !== null) return failure
    const text = textOf(name)
    if (text === '.') return dir
    if (text === '..') return dir.ino === exportRoot ? dir : fake(dir).parent
    return fake(dir).names.get(text)?.inode ?? 'NOENT'
  }

  access(op: Operation, inode: Inode, wanted: number): number {
    const may = (bits: number) => this.#permitted(op, inode, bits)
    let granted = 0
    if (may(4)) granted |= 0x01
    if (may(1)) granted |= inode.type === 'directory' ? 0x02 : 0x20
    if (may(2)) granted |= inode.type === 'directory' ? 0x1c : 0x0c
    return granted & wanted
  }

  setattr(op: Operation, inode: Inode, set: SetAttributes, guard: Timestamp | null): Failure | null {
    const failure = this.#changing(op)
    if (failure !== null) return failure
    if (guard !== null && (guard.sec !== inode.ctimeSec || guard.nsec !== inode.ctimeNsec)) return 'NOT_SYNC'
    if (op.credentials.uid !== 0 && op.credentials.uid !== inode.uid) return 'PERM'
    if ((set.size ?? 0) > MAX_BYTES) return 'FBIG'
    this.#set(fake(inode), set)
    this.#touch(inode)
    return null
  }

  dropPrivileges(op: Operation): Failure | null {
    return this.#changing(op)
  }

  readlink(_op: Operation, inode: Inode): Uint8Array | Failure {
    return this.#injected() ?? (inode.type === 'symlink' ? fake(inode).data : 'INVAL')
  }

  read(op: Operation, inode: Inode, offset: number, count: number, result: ReadResult): Failure | null {
    const failure = this.#injected() ?? (this.#permitted(op, inode, 4) ? null : 'ACCES')
    if (failure !== null) return failure
    this.calls.push(`read ${offset} ${count}`)
    const data = fake(inode).data.subarray(offset, offset + count)
    const half = data.length >> 1
    result.segments = [data.subarray(0, half), data.subarray(half), Buffer.from('not meant')]
    result.segmentCount = 2
    result.count = data.length
    result.eof = offset + data.length >= inode.size
    result.release = () => {
      this.released++
    }
    return null
  }

  write(
    op: Operation,
    inode: Inode,
    offset: number,
    data: Uint8Array,
    stability: Stability,
    result: WriteResult,
  ): Failure | null {
    const failure = this.#changing(op) ?? (this.#permitted(op, inode, 2) ? null : 'ACCES')
    if (failure !== null) return failure
    if (offset + data.length > MAX_BYTES) return 'FBIG'
    this.calls.push(`write ${offset} ${data.length} ${stability}`)
    const file = fake(inode)
    const grown = Buffer.alloc(Math.max(file.data.length, offset + data.length))
    file.data.copy(grown)
    grown.set(data, offset)
    this.#resize(file, grown)
    this.#touch(inode)
    result.count = data.length
    result.committed = stability
    return null
  }

  create(op: Operation, dir: Inode, name: Uint8Array, how: CreateHow): Inode | Failure {
    const there = fake(dir).names.get(textOf(name))?.inode
    if (there !== undefined) {
      if (how.kind === 'exclusive' && there.verifier === textOf(how.verifier)) return there
      if (how.kind !== 'unchecked') return 'EXIST'
      if (there.type !== 'file') return 'ISDIR'
      this.#set(there, how.attributes)
      return there
    }
    const made = this.#make(op, dir, name, 'file', how.kind === 'exclusive' ? {} : how.attributes)
    if (typeof made !== 'string' && how.kind === 'exclusive') fake(made).verifier = textOf(how.verifier)
    return made
  }

  mkdir(op: Operation, dir: Inode, name: Uint8Array, attributes: SetAttributes): Inode | Failure {
    const made = this.#make(op, dir, name, 'directory', attributes)
    if (typeof made !== 'string') dir.nlink++
    return made
  }

  symlink(op: Operation, dir: Inode, name: Uint8Array, target: Uint8Array, set: SetAttributes): Inode | Failure {
    const made = this.#make(op, dir, name, 'symlink', set)
    if (typeof made !== 'string') this.#resize(fake(made), Buffer.from(target))
    return made
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
    const made = this.#make(op, dir, name, type, attributes)
    if (typeof made === 'string') return made
    made.rdevMajor = major
    made.rdevMinor = minor
    return made
  }

  remove(op: Operation, dir: Inode, name: Uint8Array): Failure | null {
    return this.#unlink(op, dir, name, (inode) => (inode.type === 'directory' ? 'ISDIR' : null))
  }

  rmdir(op: Operation, dir: Inode, name: Uint8Array): Failure | null {
    return this.#unlink(op, dir, name, (inode) => {
      if (inode.type !== 'directory') return 'NOTDIR'
      return inode.names.size > 0 ? 'NOTEMPTY' : null
    })
  }

  rename(op: Operation, fromDir: Inode, fromName: Uint8Array, toDir: Inode, toName: Uint8Array): Failure | null {
    const failure = this.#changing(op) ?? this.#directory(op, fromDir, 2) ?? this.#directory(op, toDir, 2)
    if (failure !== null) return failure
    const entry = fake(fromDir).names.get(textOf(fromName))
    if (entry === undefined) return 'NOENT'
    fake(fromDir).names.delete(textOf(fromName))
    this.#enter(fake(toDir), toName, entry.inode)
    this.#touch(fromDir)
    return null
  }

  link(op: Operation, inode: Inode, dir: Inode, name: Uint8Array): Failure | null {
    const failure = this.#changing(op) ?? this.#directory(op, dir, 2)
    if (failure !== null) return failure
    if (inode.type === 'directory') return 'ISDIR'
    if (fake(dir).names.has(textOf(name))) return 'EXIST'
    this.#enter(fake(dir), name, fake(inode))
    inode.nlink++
    return null
  }

  readdir(
    op: Operation,
    dir: Inode,
    cookie: number,
    exportRoot: number,
    _room: ListingRoom,
    sink: EntrySink,
  ): boolean | Failure {
    const failure = this.#directory(op, dir, 4)
    if (failure !== null) return failure
    const parent = dir.ino === exportRoot ? dir : fake(dir).parent
    const all: [number, number, string][] = [
      [1, dir.ino, '.'],
      [2, parent.ino, '..'],
    ]
    for (const [name, entry] of fake(dir).names) all.push([entry.cookie, entry.inode.ino, name])
    for (const [next, ino, name] of all) {
      if (next > cookie && !sink(next, ino, Buffer.from(name, 'latin1'), 0, name.length)) return false
    }
    return true
  }

  commit(_op: Operation, inode: Inode, offset: number, count: number): Failure | null {
    this.calls.push(`commit ${inode.ino} ${offset} ${count}`)
    return this.#injected()
  }

  statistics(): VolumeStatistics {
    return { totalBytes: 2 ** 40, freeBytes: 2 ** 39, totalFiles: 1000, freeFiles: 900 }
  }

  /** Puts a new object into a directory, as its owner, without any check. */
  add(dir: FakeInode, name: string, type: FileType, content = ''): FakeInode {
    const inode = new FakeInode(this.#nextIno++, type)
    this.inodes.set(inode.ino, inode)
    this.#enter(dir, Buffer.from(name, 'latin1'), inode)
    this.#resize(inode, Buffer.from(content))
    return inode
  }

  #make(op: Operation, dir: Inode, name: Uint8Array, type: FileType, set: SetAttributes): Inode | Failure {
    const failure = this.#changing(op) ?? this.#directory(op, dir, 2)
    if (failure !== null) return failure
    if (fake(dir).names.has(textOf(name))) return 'EXIST'
    const made = this.add(fake(dir), textOf(name), type)
    made.uid = op.credentials.uid
    made.gid = op.credentials.gid
    this.#set(made, set)
    this.#touch(made)
    return made
  }

  #unlink(op: Operation, dir: Inode, name: Uint8Array, check: (inode: FakeInode) => Failure | null): Failure | null {
    const failure = this.#changing(op) ?? this.#directory(op, dir, 2)
    if (failure !== null) return failure
    const entry = fake(dir).names.get(textOf(name))
    if (entry === undefined) return 'NOENT'
    const refused = check(entry.inode)
    if (refused !== null) return refused
    fake(dir).names.delete(textOf(name))
    if (--entry.inode.nlink === 0 || entry.inode.type === 'directory') this.inodes.delete(entry.inode.ino)
    this.#touch(dir)
    return null
  }

  #enter(dir: FakeInode, name: Uint8Array, inode: FakeInode): void {
    dir.names.set(textOf(name), { cookie: dir.nextCookie++, inode })
    inode.parent = dir
    this.#touch(dir)
  }

  #changing(op: Operation): Failure | null {
    return op.readOnly ? 'ROFS' : this.#injected()
  }

  #injected(): Failure | null {
    const failure = this.failNext
    this.failNext = null
    return failure
  }

  #directory(op: Operation, dir: Inode, bits: number): Failure | null {
    if (dir.type !== 'directory') return 'NOTDIR'
    return this.#permitted(op, dir, bits) ? null : 'ACCES'
  }

  #permitted(op: Operation, inode: Inode, bits: number): boolean {
    const { uid, gid, gids } = op.credentials
    if (uid === 0) return true
    const shift = uid === inode.uid ? 6 : gid === inode.gid || gids.includes(inode.gid) ? 3 : 0
    return ((inode.mode >> shift) & bits) === bits
  }

  #set(inode: FakeInode, set: SetAttributes): void {
    if (set.mode !== undefined) inode.mode = set.mode
    if (set.uid !== undefined) inode.uid = set.uid
    if (set.gid !== undefined) inode.gid = set.gid
    if (set.size !== undefined)
      this.#resize(inode, Buffer.concat([inode.data, Buffer.alloc(set.size)]).subarray(0, set.size))
    const now = { sec: this.#clock, nsec: 7 }
    const { sec, nsec } = set.mtime === 'now' ? now : (set.mtime ?? { sec: inode.mtimeSec, nsec: inode.mtimeNsec })
    inode.mtimeSec = sec
    inode.mtimeNsec = nsec
    const atime = set.atime === 'now' ? now : (set.atime ?? { sec: inode.atimeSec, nsec: inode.atimeNsec })
    inode.atimeSec = atime.sec
    inode.atimeNsec = atime.nsec
  }

  #resize(inode: FakeInode, data: Buffer): void {
    inode.data = data
    inode.size = data.length
    inode.space = Math.ceil(data.length / 4096) * 4096
  }

  #touch(inode: Inode): void {
    inode.ctimeSec = ++this.#clock
    inode.ctimeNsec = 5
    inode.change++
    if (inode.type === 'directory') {
      inode.mtimeSec = this.#clock
      inode.size += 32
    }
  }
}

function fake(inode: Inode): FakeInode {
  if (!(inode instanceof FakeInode)) throw new Error('an inode of another file service')
  return inode
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
