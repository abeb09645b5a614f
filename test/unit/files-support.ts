import type { Failure } from '../../mover/failure.ts'
import type { LiveInode } from '../../mover/files/live-inode.ts'
import type {
  Credentials,
  FileService,
  Operation,
  ReadResult,
  Stability,
  WriteResult,
} from '../../mover/files/service.ts'
import type { VolumeFiles } from '../../mover/files/volume-files.ts'
import type { DeviceError } from '../../mover/store/device.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import { Runner } from '../crash/client.ts'
import type { FaultDevice } from '../crash/fault-device.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { ROOMY, type Tuning, World, WorldMemory } from '../crash/world.ts'
import { RemoteFiles, TestPrimary } from './forwarding-support.ts'

const sharedMemory = new WorldMemory()
export const ROOT: Credentials = { uid: 0, gid: 0, gids: [] }

/** What an operation has come to; `outcome` is undefined until its reply may leave. */
export interface Pending<T> {
  outcome: T | Failure | undefined
  /** The write verifier that the reply carries: the one at the moment the operation ran. */
  verifier: string
}

/** Where a volume of an earlier world is opened again. */
export interface Reopening {
  /** Its device, with what the end of that world left. */
  disk: FaultDevice
  /** Wall clock, milliseconds since 1970. */
  wallMs: number
  /** Called before the device is read. */
  prepare?: (device: FaultDevice) => void
  /** Why nothing may be written. */
  readOnly?: DeviceError
}

/** Where the operations of a test are asked of the file service: at the primary of the volume, or at another mover. */
export type Place = 'primary' | 'secondary'
export const PLACES: readonly Place[] = ['primary', 'secondary']

/** The file service of a volume on a device that can fail. One at a time: the memory is used again by the next one. */
export class FilesWorld {
  readonly env: TestEnvironment
  readonly world: World
  readonly files: VolumeFiles
  readonly primary: TestPrimary
  /** At the primary the same as `files`. */
  readonly service: FileService
  readonly #runner: Runner

  /** A new volume, or that of `again`. Throws what opening it throws. */
  constructor(
    seed = 1,
    tuning: Partial<Tuning> = {},
    again: Reopening | null = null,
    place: Place = 'primary',
    memory: WorldMemory = sharedMemory,
  ) {
    this.env = new TestEnvironment(seed)
    if (again === null) {
      this.world = World.blank(this.env, memory, { ...ROOMY, ...tuning })
      this.world.run(this.world.format())
    } else {
      this.env.jumpWallClock(again.wallMs - this.env.wallMs())
      const { disk } = again
      this.world = new World(this.env, memory, { ...ROOMY, ...tuning }, (o) => disk.survivingImage(this.env, o))
      again.prepare?.(this.device)
    }
    this.files = this.world.run(this.world.open(again?.readOnly)) as VolumeFiles
    this.primary = new TestPrimary(this.files, this.env)
    this.service = place === 'primary' ? this.files : new RemoteFiles(this.primary)
    this.#runner = new Runner(this.env)
  }

  /** A new volume that is used at `place`. */
  static at(place: Place): FilesWorld {
    return new FilesWorld(1, {}, null, place)
  }

  get device(): FaultDevice {
    return this.world.device
  }

  get root(): Inode {
    return this.inode(this.files.rootIno)
  }

  get verifier(): string {
    return Buffer.from(this.files.writeVerifier).toString('hex')
  }

  inode(ino: number): LiveInode {
    this.files.volume.begin()
    const inode = this.files.context.inodes.get(ino)
    if (inode === null) throw new Error(`no inode ${ino}`)
    return inode
  }

  /** An object for an operation that is to change it, or a name in it. */
  object(op: Operation, ino: number): Inode {
    const { generation } = this.inode(ino)
    op.intent = 'change'
    const inode = this.service.inode(op, ino, generation)
    if (typeof inode === 'string') throw new Error(`inode ${ino}: ${inode}`)
    return inode
  }

  /** Starts an operation and returns at once. */
  start<T>(run: (op: Operation) => T | Failure, credentials: Credentials = ROOT, readOnly = false): Pending<T> {
    const pending: Pending<T> = { outcome: undefined, verifier: '' }
    let result: T | Failure | undefined
    this.#runner.run(
      credentials.uid,
      null,
      (op) => {
        op.credentials = credentials
        op.readOnly = readOnly
        result = run(op)
        pending.verifier = this.verifier
        return () => {}
      },
      () => {
        pending.outcome = result
      },
      (failure) => {
        pending.outcome = failure
      },
    )
    return pending
  }

  /** Runs an operation until its reply leaves, and what is under way besides. */
  call<T>(run: (op: Operation) => T | Failure, credentials: Credentials = ROOT, readOnly = false): T | Failure {
    const pending = this.start(run, credentials, readOnly)
    this.env.runUntil(() => pending.outcome !== undefined)
    this.env.runUntilIdle()
    return pending.outcome as T | Failure
  }

  create(name: string, mode = 0o644, credentials: Credentials = ROOT): number {
    const made = this.call(
      (op) =>
        this.service.create(op, this.object(op, this.files.rootIno), bytes(name), {
          kind: 'guarded',
          attributes: { mode },
        }),
      credentials,
    )
    if (typeof made === 'string') throw new Error(`CREATE ${name}: ${made}`)
    return made.ino
  }

  startWrite(ino: number, offset: number, data: Uint8Array, stability: Stability = 'unstable'): Pending<WriteResult> {
    return this.start((op) => {
      const result: WriteResult = { count: 0, committed: 'unstable' }
      return this.files.write(op, this.inode(ino), offset, data, stability, result) ?? result
    })
  }

  write(ino: number, offset: number, data: Uint8Array, stability: Stability = 'unstable'): WriteResult | Failure {
    const pending = this.startWrite(ino, offset, data, stability)
    this.env.runUntil(() => pending.outcome !== undefined)
    return pending.outcome as WriteResult | Failure
  }

  startCommit(ino: number): Pending<true> {
    return this.start((op) => this.files.commit(op, this.inode(ino), 0, 0) ?? true)
  }

  commit(ino: number): true | Failure {
    const pending = this.startCommit(ino)
    this.env.runUntil(() => pending.outcome !== undefined)
    return pending.outcome as true | Failure
  }

  /** The bytes as they are at the moment of the call; the reply's pages are let go. */
  read(ino: number, offset: number, count: number, result = readResult()): { data: Buffer; eof: boolean } | Failure {
    return this.call((op) => {
      const failure = this.files.read(op, this.inode(ino), offset, count, result)
      if (failure !== null) return failure
      const data = Buffer.concat(result.segments.slice(0, result.segmentCount))
      result.release()
      return { data, eof: result.eof }
    })
  }
}

export function readResult(): ReadResult {
  return { segments: [], segmentCount: 0, count: 0, eof: false, release: () => {} }
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** `count` bytes that are told apart by `fill`. */
export function filled(count: number, fill: number): Uint8Array {
  return new Uint8Array(count).fill(fill)
}
