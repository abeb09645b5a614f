import type { Failure } from '../../mover/failure.ts'
import type { LiveInode } from '../../mover/files/live-inode.ts'
import type { Operation } from '../../mover/files/service.ts'
import type { VolumeFiles } from '../../mover/files/volume-files.ts'
import type { ReplayTag } from '../../mover/operation.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import { FileHistory, type Shown } from './file-history.ts'
import { nanoseconds } from './found-volume.ts'
import { type Model, type ObjectState, objectKey, type State } from './model.ts'
import type { Random } from './random.ts'
import type { TestEnvironment } from './test-environment.ts'

/** An operation that a client is about to send. */
export interface Planned {
  readonly text: string
  readonly uid: number
  readonly replay: ReplayTag | null
  /** See `Attempt`. */
  attempt(op: Operation): () => void
}

export const NOTHING_MORE = (): void => {}

/** What the operations of one life of a volume share: the service, the model that follows it, and how to tell of a mistake. */
export class Scene {
  readonly env: TestEnvironment
  readonly files: VolumeFiles
  readonly model: Model
  readonly random: Random
  /** Failures for want of space, by operation. */
  readonly noSpace = new Map<string, number>()
  /** Whether the volume is small enough for NOSPC to be an answer. */
  readonly mayBeFull: boolean
  writes: number
  readonly #verifier: Uint8Array

  constructor(
    files: VolumeFiles,
    env: TestEnvironment,
    model: Model,
    random: Random,
    options: { mayBeFull: boolean; writes: number },
  ) {
    this.files = files
    this.env = env
    this.model = model
    this.random = random
    this.mayBeFull = options.mayBeFull
    this.writes = options.writes
    this.#verifier = files.writeVerifier
  }

  /**
   * The volume has failed, and is read-only: what is in memory may be more, or less, than what the log will have. Nothing
   * is changed any more; what is acknowledged all the same must be true.
   */
  get hasFailed(): boolean {
    return this.files.volume.failure !== null
  }

  /** False once the write verifier has changed: clients know then that what was acknowledged UNSTABLE may be lost. */
  get keepsItsWord(): boolean {
    if (this.files.writeVerifier === this.#verifier) return true
    return this.hasFailed ? false : this.mistake('the write verifier has changed')
  }

  mistake(text: string): never {
    const { failure } = this.files.volume
    throw this.env.failure(failure === null ? text : `${text}; the volume has failed: ${failure.stack}`)
  }

  /** The inode behind a client's handle; null (and checked) when it is gone. */
  resolve(op: Operation, handle: { readonly ino: number; readonly generation: number }): LiveInode | null {
    const inode = this.files.inode(op, handle.ino, handle.generation)
    const known = this.model.object(handle.ino)
    if (this.hasFailed) return typeof inode === 'string' || known === undefined ? null : (inode as LiveInode)
    if (typeof inode === 'string') {
      if (inode !== 'STALE' || known !== undefined) this.mistake(`the handle of inode ${handle.ino} gives ${inode}`)
      return null
    }
    if (known === undefined) this.mistake(`the handle of inode ${handle.ino}, which was removed, is still good`)
    return inode as LiveInode
  }

  /** True when the operation was refused, as `expected` says; a refusal for want of space is accepted where it may be. */
  refused(text: string, result: unknown, expected: Failure | null, mayLackSpace: boolean): boolean {
    const failure = typeof result === 'string' ? result : null
    if (this.hasFailed) return failure !== null
    if (failure === 'NOSPC' && expected === null && mayLackSpace && this.mayBeFull) {
      const [name] = text.split(' ')
      this.noSpace.set(name, (this.noSpace.get(name) ?? 0) + 1)
      return true
    }
    if (failure !== expected) this.mistake(`${text} gives ${failure ?? 'success'} instead of ${expected ?? 'success'}`)
    return failure !== null
  }

  /** The state of an object that an operation has just changed: as predicted, with the times that its reply shows. */
  changed(ino: number, patch: Partial<ObjectState>): [string, State] {
    const before = this.model.object(ino)
    if (before === undefined) this.mistake(`inode ${ino} was changed but is unknown`)
    const live = this.live(ino)
    const shown = shownOf(live)
    const state: ObjectState = { ...before, ...patch, ...shown, atime: live.atime }
    const file = this.model.files.get(ino)
    const last = file === undefined ? before.change : file.lastChange
    if (file === undefined && patch.atime === undefined && live.atime !== before.atime)
      this.mistake(`the atime of inode ${ino} changes`)
    if (live.change <= last) this.mistake(`the change number of inode ${ino} went from ${last} to ${live.change}`)
    if (file === undefined && live.ctime <= before.ctime) this.mistake(`the ctime of inode ${ino} does not grow`)
    this.compare(live.inode, state)
    file?.show(this.model.time, shown)
    return [objectKey(ino), state]
  }

  /** A new object as its maker's reply shows it. */
  made(
    inode: Inode,
    state: Omit<ObjectState, keyof Shown | 'kind' | 'ino' | 'generation' | 'atime'>,
    size: number,
  ): [string, State] {
    const live = this.live(inode.ino)
    const shown = shownOf(live)
    const { ino, generation } = inode
    const object: ObjectState = { kind: 'object', ino, generation, ...state, ...shown, atime: live.atime }
    if (this.model.object(inode.ino) !== undefined) this.mistake(`inode number ${inode.ino} was given twice`)
    if (state.type === 'file') this.model.files.set(inode.ino, new FileHistory(this.model.time, size, shown))
    this.compare(inode, object)
    return [objectKey(inode.ino), object]
  }

  /** Attributes in a reply must be what the model says; a file's times become known. Returns what the reply shows. */
  see(inode: Inode): Shown {
    const { ino } = inode
    const state = this.model.object(ino)
    if (this.hasFailed) return shownOf(this.live(ino))
    if (state === undefined) this.mistake(`inode ${ino} is shown, but was removed`)
    this.compare(inode, state)
    const shown = shownOf(this.live(ino))
    const file = this.model.files.get(ino)
    if (file === undefined) {
      for (const field of ['change', 'mtime', 'ctime'] as const) {
        if (shown[field] !== state[field])
          this.mistake(`inode ${ino} shows ${field} ${shown[field]} instead of ${state[field]}`)
      }
    } else file.show(this.model.time, shown)
    return shown
  }

  /** A reply that shows these inodes has left: what it shows is durable, and its change numbers are taken. */
  exposed(index: number, ...shown: (readonly [number, Shown])[]): void {
    this.model.mustSurvive(index)
    if (this.hasFailed) return
    for (const [ino, attributes] of shown) this.model.files.get(ino)?.expose(attributes)
  }

  /** Attributes of the object as they are now. */
  shownOf(ino: number): readonly [number, Shown] {
    return [ino, shownOf(this.live(ino))]
  }

  live(ino: number): Shown & { readonly inode: LiveInode; readonly atime: bigint } {
    const inode = this.files.context.inodes.peek(ino)
    if (inode === undefined) this.mistake(`inode ${ino} is not in memory right after it was used`)
    const atime = nanoseconds({ sec: inode.atimeSec, nsec: inode.atimeNsec })
    return { inode, atime, ...timesOf(inode) }
  }

  private compare(inode: Inode, state: ObjectState): void {
    for (const field of ['type', 'mode', 'nlink', 'uid', 'gid', 'generation', 'rdevMajor', 'rdevMinor'] as const) {
      if (inode[field] !== state[field]) {
        this.mistake(`inode ${state.ino} shows ${field} ${inode[field]} instead of ${state[field]}`)
      }
    }
    const size = this.model.files.get(state.ino)?.size
    if (size !== undefined && inode.size !== size)
      this.mistake(`inode ${state.ino} shows ${inode.size} bytes instead of ${size}`)
  }
}

function timesOf(inode: LiveInode): Shown {
  return {
    change: inode.change,
    mtime: nanoseconds({ sec: inode.mtimeSec, nsec: inode.mtimeNsec }),
    ctime: nanoseconds({ sec: inode.ctimeSec, nsec: inode.ctimeNsec }),
  }
}

function shownOf(live: Shown): Shown {
  return { change: live.change, mtime: live.mtime, ctime: live.ctime }
}
