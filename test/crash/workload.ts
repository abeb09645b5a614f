import type { Failure } from '../../mover/failure.ts'
import type { SetAttributes, Stability } from '../../mover/files/service.ts'
import type { ReplayTag } from '../../mover/operation.ts'
import type { FileType } from '../../mover/volume/inode.ts'
import { ALL_MOVERS } from '../../mover/volume/inode-value.ts'
import { FILL_NAME } from './beginnings.ts'
import { Runner } from './client.ts'
import { mayWrite, planCommit, planRead, planSetattr, planWrite } from './data-operations.ts'
import { planClient, planForget, planNote } from './lock-operations.ts'
import { planGetattr, planLookup, planReaddir, planReadlink } from './look-operations.ts'
import type { ObjectState, State } from './model.ts'
import { type Making, type Place, planLink, planMake, planRemove, planRename } from './name-operations.ts'
import type { Planned, Scene } from './scene.ts'

/** How often each kind of operation comes, relative to the others. */
export type Mix = Partial<Record<keyof typeof KINDS, number>>

export const MIXES = {
  names: { make: 12, remove: 7, rename: 6, link: 3, setattr: 3, write: 4, truncate: 1, commit: 1, read: 1, look: 6 },
  data: { make: 4, remove: 2, rename: 1, setattr: 1, write: 24, append: 6, truncate: 5, commit: 5, read: 10, look: 2 },
  scatter: { make: 4, remove: 4, rename: 2, scatter: 5, truncate: 5, write: 4, commit: 3, read: 4, look: 1 },
  dense: { make: 5, remove: 3, write: 14, append: 10, truncate: 7, commit: 8, read: 4, clear: 1 },
  crowded: { make: 14, remove: 5, rename: 5, link: 3, write: 3, truncate: 2, commit: 1, look: 2, clear: 6, setattr: 2 },
  orphans: { make: 6, shred: 8, remove: 1, look: 2, commit: 1, read: 2 },
  races: { make: 3, remove: 2, rename: 2, write: 14, append: 7, truncate: 9, commit: 4, read: 8, look: 1, scatter: 1 },
  cold: { make: 6, remove: 4, rename: 2, clear: 1, write: 16, append: 5, truncate: 4, commit: 3, read: 14, look: 6 },
  long: { make: 16, remove: 14, rename: 3, write: 4, look: 1, setattr: 1, commit: 1 },
  locks: { make: 3, remove: 3, write: 1, note: 16, forget: 6, client: 6, look: 1 },
  steady: { make: 3, remove: 1, write: 8, commit: 3, read: 8, look: 4, setattr: 2, truncate: 2, pause: 6 },
} as const satisfies Record<string, Mix>

export interface WorkloadOptions {
  readonly clients: number
  /** Operations of all clients together. */
  readonly operations: number
  readonly mix: Mix
  /** Longest write, bytes. */
  readonly maxWriteBytes: number
  /** Files are kept below this size, bytes. */
  readonly maxFileBytes: number
  /** Longest target of most symbolic links, bytes. */
  readonly maxTargetBytes: number
  /** Share of symbolic links among what is made. */
  readonly symlinks: number
  /** More objects than this are not made. */
  readonly maxObjects: number
  /** Told of each operation when it is planned, carried out and acknowledged. */
  readonly trace: (text: string) => void
}

const NAMES = [
  ...Array.from({ length: 14 }, (_, i) => `n${i}`),
  'N3',
  'N4',
  '\xc3\x89t\xc3\xa9',
  '\xc3\xa9T\xc3\x89',
  '\xff\xfe',
  `long${'x'.repeat(251)}`,
]
const CLIENTS = ['a', 'A', 'b', `c${'x'.repeat(254)}`, '\xff', 'd', 'e', 'f']
/** What clients still do on a volume that has become read-only. */
const AFTER_FAILURE = ['commit', 'commit', 'commit', 'read', 'look', 'write'] as const
const SPECIAL: readonly FileType[] = ['block', 'character', 'fifo', 'socket']
const SCATTERED_BLOCKS = 90
const BLOCK = 4096

/** Several clients that send operations until so many have been sent; `onIdle` is called when all have been answered. */
export class Workload {
  readonly runner: Runner
  /** Operations that have been answered. */
  answered = 0
  onIdle: () => void = () => {}
  readonly scene: Scene
  readonly options: WorkloadOptions
  #left: number
  #running: number
  #xid = 0
  readonly #kinds: readonly (keyof typeof KINDS)[]

  constructor(scene: Scene, options: WorkloadOptions) {
    this.scene = scene
    this.options = options
    this.runner = new Runner(scene.env)
    this.#left = options.operations
    this.#running = options.clients
    this.#kinds = Object.entries(options.mix).flatMap(([kind, weight]) => new Array(weight).fill(kind))
  }

  /** True when all clients have been answered for the last time. */
  get idle(): boolean {
    return this.#running === 0
  }

  start(): void {
    for (let client = 0; client < this.options.clients; client++) this.#next(client, [])
  }

  /** The client's next operation: what it had planned, or something new. */
  #next(client: number, planned: Planned[]): void {
    const { scene, options } = this
    const { random, env } = scene
    if (planned.length === 0) {
      if (this.#left === 0) {
        this.#running--
        if (this.#running === 0) this.onIdle()
        return
      }
      const kind = random.pick(scene.hasFailed ? AFTER_FAILURE : this.#kinds)
      if (kind === 'pause') {
        this.#left--
        env.timer(random.float() * 4500, () => this.#next(client, []))
        return
      }
      planned = KINDS[kind](this)
    }
    const [operation, ...rest] = planned
    this.#left = Math.max(0, this.#left - 1)
    const number = options.operations - this.#left
    options.trace(`client ${client} sends ${number}: ${operation.text}`)
    const attempt: Planned['attempt'] = (op) => {
      const acknowledged = operation.attempt(op)
      options.trace(
        `${number} is carried out: ${operation.text} (time ${scene.model.time}, log ${scene.files.volume.log.lastLsn})`,
      )
      return acknowledged
    }
    const next = (): void => {
      this.answered++
      env.timer(random.chance(0.5) ? 0 : random.float() * 4, () => this.#next(client, rest))
    }
    const answered = (): void => {
      options.trace(`${number} is answered`)
      next()
    }
    const failed = (failure: Failure): void => {
      options.trace(`${number} fails: ${failure}`)
      if (!scene.hasFailed) scene.mistake(`${operation.text} fails behind its barrier: ${failure}`)
      next()
    }
    this.runner.run(operation.uid, operation.replay, attempt, answered, failed)
  }

  /** Half of the calls that change names can be told from their retransmission. */
  tag(): ReplayTag | null {
    const { random } = this.scene
    if (random.chance(0.5)) return null
    const xid = ++this.#xid + 100_000 * this.scene.model.time
    return {
      clientHigh: 7,
      clientLow: random.below(3),
      program: 100_003,
      procedure: 8,
      xid: xid % 2 ** 32,
      checksum: random.u32(),
    }
  }

  directory(): ObjectState {
    const { model, random } = this.scene
    const inos = [...model.directories.keys()].filter((ino) => !model.opaque.has(ino))
    return model.object(random.pick(inos)) as ObjectState
  }

  place(): Place {
    return { dir: this.directory(), name: this.scene.random.pick(NAMES) }
  }

  /** A name that is there, mostly. */
  known(): Place {
    const dir = this.directory()
    const names = [...(this.scene.model.directories.get(dir.ino)?.keys() ?? [])]
    return names.length === 0 || this.scene.random.chance(0.1)
      ? this.place()
      : { dir, name: this.scene.random.pick(names) }
  }

  /** An object of this type if there is one, else any. */
  object(type: FileType | null): ObjectState {
    const { model } = this.scene
    const isUsable = (state: State) => state.kind === 'object' && !model.opaque.has(state.ino)
    const objects = [...model.current.values()].filter(isUsable) as ObjectState[]
    const fitting = objects.filter((state) => state.type === type)
    return this.scene.random.pick(fitting.length > 0 ? fitting : objects)
  }

  get full(): boolean {
    const { model } = this.scene
    return model.current.size - 2 * model.opaque.size > 2 * this.options.maxObjects
  }
}

const KINDS = {
  make,
  remove,
  rename,
  link,
  setattr,
  write,
  append,
  scatter,
  shred,
  truncate,
  commit,
  read,
  look,
  clear,
  note,
  forget,
  client,
  pause: () => [],
}

function make(load: Workload): Planned[] {
  const { random } = load.scene
  if (load.full) return remove(load)
  const draw = random.float()
  const other = draw < 0.7 ? 'file' : draw < 0.9 ? 'directory' : random.pick(SPECIAL)
  const type: FileType = random.chance(load.options.symlinks) ? 'symlink' : other
  const attributes: SetAttributes = {}
  if (random.chance(0.4)) attributes.mode = random.pick([0o644, 0o600, 0o755, 0o4766, 0o6776, 0o2766])
  if (type === 'file' && random.chance(0.15)) attributes.size = random.below(3) === 0 ? 0 : random.below(20_000)
  const isDevice = type === 'block' || type === 'character'
  const making: Making = {
    type,
    how: random.pick(['unchecked', 'guarded', 'exclusive'] as const),
    attributes,
    target: 't'.repeat(1 + random.below(random.chance(0.3) ? 4000 : load.options.maxTargetBytes)),
    major: isDevice ? random.below(1000) : 0,
    minor: isDevice ? random.below(1000) : 0,
  }
  if (making.how === 'exclusive' && type === 'file')
    return [planMake(load.scene, load.place(), { ...making, attributes: {} }, load.tag())]
  return [planMake(load.scene, load.place(), making, load.tag())]
}

function remove(load: Workload): Planned[] {
  const place = load.known()
  const { model, random } = load.scene
  const entry = model.entry(place.dir.ino, place.name)
  const isDirectory = entry !== undefined && model.object(entry.ino)?.type === 'directory'
  return [planRemove(load.scene, place, isDirectory !== random.chance(0.05) ? 'rmdir' : 'remove', load.tag())]
}

/** Removes something of what fills the volume. */
function clear(load: Workload): Planned[] {
  const { model, random } = load.scene
  const folder = model.entry(2, FILL_NAME)
  const dir = folder === undefined ? undefined : model.object(folder.ino)
  const names = dir === undefined ? [] : [...(model.directories.get(dir.ino)?.keys() ?? [])]
  if (dir === undefined || names.length === 0) return remove(load)
  return [planRemove(load.scene, { dir, name: random.pick(names) }, 'remove', load.tag())]
}

function rename(load: Workload): Planned[] {
  return [planRename(load.scene, load.known(), load.scene.random.chance(0.4) ? load.known() : load.place(), load.tag())]
}

function link(load: Workload): Planned[] {
  return [planLink(load.scene, load.object(load.scene.random.chance(0.9) ? 'file' : null), load.place(), load.tag())]
}

function setattr(load: Workload): Planned[] {
  const { random } = load.scene
  const set: SetAttributes = {}
  if (random.chance(0.5)) set.mode = random.pick([0o600, 0o644, 0o4766, 0o1777])
  if (random.chance(0.2)) set.uid = random.below(3) * 500
  if (random.chance(0.2)) set.gid = random.below(3) * 500
  if (random.chance(0.2))
    set.mtime = random.chance(0.5) ? 'now' : { sec: random.below(2 ** 31), nsec: random.below(1e9) }
  if (random.chance(0.2))
    set.atime = random.chance(0.5) ? 'now' : { sec: -random.below(2 ** 31), nsec: random.below(1e9) }
  return [planSetattr(load.scene, load.object(random.chance(0.6) ? 'file' : null), set, load.tag())]
}

function stability(load: Workload): Stability {
  return load.scene.random.pick(['unstable', 'unstable', 'unstable', 'dataSync', 'fileSync'] as const)
}

function write(load: Workload): Planned[] {
  const { random } = load.scene
  const object = load.object(random.chance(0.98) ? 'file' : null)
  const isAligned = random.chance(0.4)
  const { maxFileBytes, maxWriteBytes } = load.options
  let offset = random.below(random.chance(0.7) ? maxFileBytes / 4 : maxFileBytes)
  let length = 1 + random.below(random.chance(0.7) ? Math.min(9000, maxWriteBytes) : maxWriteBytes)
  if (isAligned) {
    offset -= offset % BLOCK
    length = Math.ceil(length / BLOCK) * BLOCK
  }
  const uid = random.chance(0.1) ? 1000 : 0
  return [planWrite(load.scene, object, offset, length, stability(load), mayWrite(object, uid) ? uid : 0)]
}

/** A write that starts where the file ends, or a little behind. */
function append(load: Workload): Planned[] {
  const { random, model } = load.scene
  const object = load.object('file')
  const size = model.files.get(object.ino)?.size ?? 0
  if (size > load.options.maxFileBytes) return truncate(load)
  const offset = size + (random.chance(0.5) ? 0 : random.below(9000))
  return [planWrite(load.scene, object, offset, 1 + random.below(6000), stability(load), 0)]
}

/** Many small pieces: more extents than one log record holds. */
function scatter(load: Workload, object = load.object('file')): Planned[] {
  const { scene } = load
  const { random } = scene
  const count = SCATTERED_BLOCKS - 20 + random.below(40)
  const first = random.below(8)
  const planned = Array.from({ length: count }, (_, i) =>
    planWrite(
      scene,
      object,
      (first + 2 * i) * BLOCK + (random.chance(0.2) ? 100 : 0),
      1 + random.below(3000),
      'unstable',
      0,
    ),
  )
  if (random.chance(0.7)) planned.push(planCommit(scene, object))
  if (random.chance(0.5)) planned.push(planSetattr(scene, object, { size: random.below(9000) }, load.tag()))
  return planned
}

/** A file in many pieces that is removed or cut short at once: more than one record can free. */
function shred(load: Workload): Planned[] {
  const { random, model } = load.scene
  const place = load.known()
  const entry = model.entry(place.dir.ino, place.name)
  const object = entry === undefined ? undefined : model.object(entry.ino)
  if (object?.type !== 'file' || object.nlink !== 1 || model.opaque.has(object.ino)) return make(load)
  const planned = scatter(load, object).slice(0, -2)
  if (random.chance(0.5)) planned.push(planCommit(load.scene, object))
  if (random.chance(0.4)) planned.push(planRemove(load.scene, place, 'remove', load.tag()))
  else planned.push(planSetattr(load.scene, object, { size: random.below(9000) }, load.tag()))
  return planned
}

function truncate(load: Workload): Planned[] {
  const { random, model } = load.scene
  const object = load.object(random.chance(0.97) ? 'file' : null)
  const size = model.files.get(object.ino)?.size ?? 0
  let wanted = random.chance(0.6) ? random.below(size + 1) : size + random.below(20_000)
  if (random.chance(0.15)) wanted = 0
  if (random.chance(0.3)) wanted -= wanted % BLOCK
  const planned = [planSetattr(load.scene, object, { size: wanted }, load.tag())]
  // What was cut off must not come back.
  if (random.chance(0.3)) planned.push(planSetattr(load.scene, object, { size: wanted + 1 + random.below(9000) }, null))
  return planned
}

function commit(load: Workload): Planned[] {
  return [planCommit(load.scene, load.object(load.scene.random.chance(0.98) ? 'file' : null))]
}

function read(load: Workload): Planned[] {
  const { random, model } = load.scene
  const object = load.object(random.chance(0.97) ? 'file' : null)
  const size = model.files.get(object.ino)?.size ?? 0
  const offset = random.chance(0.3) ? 0 : random.below(size + 100)
  return [
    planRead(load.scene, object, offset, 1 + random.below(random.chance(0.5) ? 9000 : 65_536), random.float() * 20),
  ]
}

function note(load: Workload): Planned[] {
  const mover = load.scene.random.below(20)
  return [planNote(load.scene, load.object('file'), mover < 16 ? 1 << mover : ALL_MOVERS)]
}

function forget(load: Workload): Planned[] {
  return [planForget(load.scene, [load.object('file'), load.object('file'), load.object('file')])]
}

function client(load: Workload): Planned[] {
  const { random } = load.scene
  const id = random.pick(CLIENTS)
  return [planClient(load.scene, id, random.chance(0.45) ? null : 'v'.repeat(random.below(600)))]
}

function look(load: Workload): Planned[] {
  const { random } = load.scene
  const draw = random.float()
  if (draw < 0.35) return [planLookup(load.scene, random.chance(0.7) ? load.known() : load.place())]
  if (draw < 0.7) return [planGetattr(load.scene, load.object(null))]
  if (draw < 0.85) return [planReaddir(load.scene, load.directory(), 1 + random.below(9))]
  return [planReadlink(load.scene, load.object(random.chance(0.8) ? 'symlink' : null))]
}
