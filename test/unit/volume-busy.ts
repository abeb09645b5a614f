import { PagePool } from '../../mover/store/page-pool.ts'
import { start, type Task } from '../../mover/task.ts'
import { INODE_FLAG, InodeValue, TYPE_NUMBER } from '../../mover/volume/inode-value.ts'
import { KIND, setKey } from '../../mover/volume/keys.ts'
import { makeVolume, ROOT_INO } from '../../mover/volume/mkfs.ts'
import { type OpenOptions, openVolume, retry } from '../../mover/volume/open.ts'
import type { LogRecord, RecordName } from '../../mover/volume/records/schema.ts'
import { Key } from '../../mover/volume/tree/key.ts'
import { ORDINARY, type Volume } from '../../mover/volume/volume.ts'
import { Arena } from '../crash/arena.ts'
import { FaultDevice } from '../crash/fault-device.ts'
import { SparseImage } from '../crash/sparse-image.ts'
import { TestEnvironment } from '../crash/test-environment.ts'

export const MIB = 1024 * 1024
export const VOLUME_BYTES = 64 * MIB
const NODES = 2048

/** Memory of the devices of one world after the other. */
const arena = new Arena(16_384)
/** Memory of tree nodes; one volume at a time. */
const nodePool = new PagePool(NODES)

/** The memory of all devices made so far is used again: none of them may be used any more, but for its content. */
export function forgetDevices(): void {
  arena.reset()
}

/** A new empty device, or one with the content of another. */
export function newDevice(env: TestEnvironment, sizeBytes = VOLUME_BYTES, content?: FaultDevice): FaultDevice {
  const image = new SparseImage(sizeBytes / 4096)
  content?.forEachBlock((offset, bytes) => image.set(offset / 4096, bytes))
  return new FaultDevice(env, sizeBytes, { arena }, image)
}

/** Runs a task in a world to its end. Throws what it throws; 'halted' when the world ended before it. */
export function run<T>(env: TestEnvironment, task: Task<T>): T | 'halted' {
  const outcome: { error: Error | null; value: T }[] = []
  start(task, (error, value) => outcome.push({ error, value }))
  env.runUntil(() => outcome.length > 0, 10_000_000)
  if (outcome.length === 0) return 'halted'
  const [{ error, value }] = outcome
  if (error !== null) throw error
  return value
}

/** As `run`, where the world does not end. */
export function finish<T>(env: TestEnvironment, task: Task<T>): T {
  const value = run(env, task)
  if (value === 'halted') throw env.failure('the world has ended')
  return value
}

export function openOptions(env: TestEnvironment, device: FaultDevice): OpenOptions {
  return { device, env, nodePool, nodeCapacity: NODES / 2, leastTerm: 1 }
}

/** An open volume on which records are submitted directly, in the order of the calls. */
export class BusyVolume {
  readonly env: TestEnvironment
  readonly device: FaultDevice
  readonly volume: Volume
  /** Cookies of the names made so far, by `directory/name`. */
  readonly cookies: Map<string, number>
  readonly #holes: { start: number; length: number }[] = []
  #sec = 1_767_225_600

  private constructor(env: TestEnvironment, device: FaultDevice, volume: Volume, cookies: Map<string, number>) {
    this.env = env
    this.device = device
    this.volume = volume
    this.cookies = cookies
  }

  static make(seed: number): BusyVolume {
    const env = new TestEnvironment(seed)
    const device = newDevice(env)
    finish(env, makeVolume({ ...openOptions(env, device), label: 'busy' }))
    return BusyVolume.open(env, device)
  }

  static open(env: TestEnvironment, device: FaultDevice, cookies = new Map<string, number>()): BusyVolume {
    return new BusyVolume(env, device, finish(env, openVolume(openOptions(env, device))), new Map(cookies))
  }

  close(): void {
    finish(this.env, this.volume.close())
  }

  submit<N extends RecordName>(name: N, record: LogRecord<N>): number {
    const { volume } = this
    const lsn = finish(
      this.env,
      retry(volume, () => volume.submit(name, record, ORDINARY)),
    )
    if (typeof lsn === 'string') throw new Error(`${name}: ${lsn}`)
    return lsn
  }

  /** Waits until everything submitted is durable. */
  settle(): void {
    const { log } = this.volume
    let isDone = false
    log.whenDurable(log.lastLsn, () => (isDone = true))
    this.env.runUntil(() => isDone)
  }

  make(dir: number, name: string, type: number, target = ''): number {
    const ino = this.volume.counters.nextIno
    const time = this.#time()
    const bytes = Buffer.from(target)
    this.cookies.set(`${dir}/${name}`, this.inode(dir).nextCookie)
    this.submit('create', {
      dir,
      ino,
      generation: ino,
      objectType: type,
      mode: 0o644,
      uid: 0,
      gid: 0,
      rdevMajor: 0,
      rdevMinor: 0,
      time,
      atime: time,
      mtime: time,
      size: bytes.length,
      verifier: new Uint8Array(8),
      name: Buffer.from(name),
      target: bytes,
      replay: { clientHigh: 1, clientLow: ino, program: 100003, procedure: 8, xid: ino, checksum: ino },
    })
    return ino
  }

  file(dir: number, name: string): number {
    return this.make(dir, name, TYPE_NUMBER.file)
  }

  directory(dir: number, name: string): number {
    return this.make(dir, name, TYPE_NUMBER.directory)
  }

  link(ino: number, dir: number, name: string): void {
    this.cookies.set(`${dir}/${name}`, this.inode(dir).nextCookie)
    const change = this.inode(ino).change + 1
    this.submit('link', { ino, dir, time: this.#time(), change, name: Buffer.from(name), replay: null })
  }

  unlink(dir: number, name: string, ino: number, reap: boolean): void {
    const cookie = this.cookie(dir, name)
    const record = { dir, cookie, ino, reap: reap ? 1 : 0, change: this.inode(ino).change + 1 }
    this.submit('unlink', { ...record, time: this.#time(), name: Buffer.from(name), replay: null })
  }

  rename(fromDir: number, fromName: string, toDir: number, toName: string, ino: number): void {
    const fromCookie = this.cookie(fromDir, fromName)
    this.cookies.set(`${toDir}/${toName}`, this.inode(toDir).nextCookie)
    this.submit('rename', {
      fromDir,
      fromCookie,
      toDir,
      ino,
      change: this.inode(ino).change + 1,
      replacedIno: 0,
      replacedCookie: 0,
      replacedChange: 0,
      reap: 0,
      time: this.#time(),
      fromName: Buffer.from(fromName),
      toName: Buffer.from(toName),
      replay: null,
    })
  }

  /** Gives the file blocks from `fileBlock` on, in pieces that do not touch on the device when `scatter` is set. */
  write(ino: number, fileBlock: number, count: number, scatter = false): void {
    const { space } = this.volume
    const runs: { fileBlock: number; deviceBlock: number; length: number }[] = []
    for (let done = 0; done < count; ) {
      const run = space.allocateData(scatter ? 1 : count - done, 0)
      if (run === null) throw new Error('the volume is full')
      runs.push({ fileBlock: fileBlock + done, deviceBlock: run.start, length: run.length })
      done += run.length
      // A block between two pieces stays free for somebody else.
      if (scatter) this.#holes.push(space.allocateData(1, run.start + 1) ?? run)
    }
    const size = Math.max(this.inode(ino).size, (fileBlock + count) * 4096)
    const time = this.#time()
    for (let at = 0; at < runs.length; at += 64) {
      const part = runs.slice(at, at + 64)
      const change = this.inode(ino).change + 1
      this.submit('fold', { ino, size, atime: time, mtime: time, ctime: time, change, clearMark: 0, runs: part })
    }
  }

  truncate(ino: number, size: number): void {
    const inode = this.inode(ino)
    const time = this.#time()
    const record = { ino, mask: 8, mode: inode.mode, uid: 0, gid: 0, size, atime: time, mtime: time, time }
    this.submit('setattr', { ...record, change: inode.change + 1, replay: null })
  }

  /** A copy of an inode record. */
  inode(ino: number): InodeValue {
    const { volume } = this
    return finish(
      this.env,
      retry(volume, () => {
        if (!volume.tree.find(setKey(new Key(), ino, KIND.inode, 0, 0, 0))) throw new Error(`no inode ${ino}`)
        return new InodeValue().load(volume.tree.bytes, volume.tree.valueOffset, volume.tree.valueLength)
      }),
    )
  }

  cookie(dir: number, name: string): number {
    const cookie = this.cookies.get(`${dir}/${name}`)
    if (cookie === undefined) throw new Error(`no ${name} in ${dir}`)
    return cookie
  }

  /** Changes the tree behind the log's back: `value` null removes the record. */
  plant(key: Key, value: Uint8Array | null): void {
    const { volume } = this
    finish(
      this.env,
      retry(volume, () => {
        volume.tree.touch(key)
        if (value === null) {
          if (!volume.tree.delete(key)) throw new Error(`no record ${key}`)
        } else volume.tree.put(key, value, 0, value.length)
      }),
    )
  }

  plantInode(ino: number, change: (value: InodeValue) => void): void {
    const value = this.inode(ino)
    change(value)
    this.plant(setKey(new Key(), ino, KIND.inode, 0, 0, 0), value.bytes)
  }

  #time(): { sec: number; nsec: number } {
    return { sec: this.#sec++, nsec: 0 }
  }
}

/** What a busy volume holds, for tests that spoil some of it. */
export interface Contents {
  dir: number
  subdir: number
  empty: number
  file: number
  small: number
  linked: number
  symlink: number
  fifo: number
  orphan: number
  truncating: number
}

/** Fills a volume with one of everything. */
export function makeBusy(busy: BusyVolume): Contents {
  const dir = busy.directory(ROOT_INO, 'dir')
  const subdir = busy.directory(dir, 'sub')
  const empty = busy.directory(ROOT_INO, 'empty')
  const file = busy.file(dir, 'file')
  busy.write(file, 0, 10)
  busy.write(file, 20, 5)
  const small = busy.file(subdir, 'Größe')
  busy.write(small, 0, 1)
  const linked = busy.file(dir, 'first')
  busy.link(linked, subdir, 'second')
  busy.link(linked, ROOT_INO, 'third')
  const symlink = busy.make(dir, 'symlink', TYPE_NUMBER.symlink, 'x'.repeat(2500))
  const fifo = busy.make(dir, 'fifo', TYPE_NUMBER.fifo)
  for (let i = 0; i < 300; i++) {
    busy.file(i % 3 === 0 ? subdir : dir, `file number ${i}`)
    if (i % 50 === 0) busy.settle()
  }
  for (let i = 0; i < 300; i += 7) {
    const parent = i % 3 === 0 ? subdir : dir
    busy.rename(parent, `file number ${i}`, empty, `moved ${i}`, small + 4 + i)
  }
  for (let i = 0; i < 300; i += 7) busy.unlink(empty, `moved ${i}`, small + 4 + i, true)
  const orphan = busy.file(ROOT_INO, 'gone')
  busy.write(orphan, 0, 150, true)
  busy.unlink(ROOT_INO, 'gone', orphan, false)
  const truncating = busy.file(ROOT_INO, 'long')
  busy.write(truncating, 0, 150, true)
  busy.truncate(truncating, 4097)
  if ((busy.inode(truncating).flags & INODE_FLAG.truncating) === 0) throw new Error('the truncation ended at once')
  return { dir, subdir, empty, file, small, linked, symlink, fifo, orphan, truncating }
}
