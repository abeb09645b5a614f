import type { Failure } from '../../mover/failure.ts'
import type { CreateHow, Operation, SetAttributes } from '../../mover/files/service.ts'
import type { ReplayTag } from '../../mover/operation.ts'
import type { FileType, Inode } from '../../mover/volume/inode.ts'
import { type EntryState, entryKey, type Model, type ObjectState, objectKey, type State } from './model.ts'
import { NOTHING_MORE, type Planned, type Scene } from './scene.ts'

/** A name that a client has of a directory it knows. */
export interface Place {
  readonly dir: ObjectState
  /** Bytes as latin1. */
  readonly name: string
}

type Changes = [string, State | null][]

export function bytesOf(name: string): Uint8Array {
  return Buffer.from(name, 'latin1')
}

function replayOf(scene: Scene, replay: ReplayTag | null, objectIno: number) {
  return replay === null ? null : { tag: replay, timeSec: Math.floor(scene.env.wallMs() / 1000), objectIno }
}

function entryChange(dir: number, name: string, state: EntryState | null): [string, State | null] {
  return [entryKey(dir, name), state]
}

/** How CREATE and its kin go; `replay` may be null. */
export interface Making {
  readonly type: FileType
  readonly how: 'unchecked' | 'guarded' | 'exclusive'
  readonly attributes: SetAttributes
  readonly target: string
  readonly major: number
  readonly minor: number
}

/** CREATE, MKDIR, SYMLINK and MKNOD. */
export function planMake(scene: Scene, place: Place, making: Making, replay: ReplayTag | null): Planned {
  const { dir, name } = place
  const { type } = making
  const text = `${type === 'file' ? 'create' : type} ${dir.ino}/${name.slice(0, 20)}`
  const verifier = bytesOf(`v${String(scene.random.below(3)).padStart(7, '0')}`)
  return {
    text,
    uid: 0,
    replay,
    attempt(op) {
      const { model } = scene
      const parent = scene.resolve(op, dir)
      if (parent === null) return NOTHING_MORE
      const existing = model.entry(dir.ino, name)
      const expected = existing === undefined ? null : refusalOf(model, existing, making, latin1(verifier))
      const result = callMake(scene, op, parent, bytesOf(name), making, verifier)
      if (scene.refused(text, result, expected, true)) {
        const index = model.lastOn(dir.ino)
        return () => scene.exposed(index)
      }
      const inode = result as Inode
      model.time++
      if (existing !== undefined) return found(scene, inode, existing, making, text)
      const isExclusive = type === 'file' && making.how === 'exclusive'
      const mode =
        type === 'symlink' ? 0o777 : (making.attributes.mode ?? DEFAULT_MODES[isExclusive ? 'exclusive' : type])
      const { mode: parentMode, gid: group } = model.object(dir.ino) as ObjectState
      const isInherited = (parentMode & 0o2000) !== 0
      const state = {
        type,
        mode: (isInherited && type === 'directory' ? 0o2000 : 0) | mode,
        nlink: type === 'directory' ? 2 : 1,
        uid: 0,
        gid: isInherited ? group : 0,
        rdevMajor: making.major,
        rdevMinor: making.minor,
        target: type === 'symlink' ? making.target : '',
        verifier: isExclusive ? latin1(verifier) : NO_VERIFIER,
        lockers: 0,
        nextCookie: type === 'directory' ? 3 : 0,
      }
      const changes: Changes = [
        scene.made(inode, state, making.attributes.size ?? 0),
        addedTo(scene, dir.ino, type === 'directory' ? 1 : 0),
        entryChange(dir.ino, name, { kind: 'entry', ino: inode.ino, cookie: cookieOf(model, dir.ino) }),
      ]
      const shown = [scene.shownOf(inode.ino), scene.shownOf(dir.ino)]
      const index = model.log(
        `${text} = ${inode.ino}`,
        [dir.ino, inode.ino],
        changes,
        replayOf(scene, replay, inode.ino),
      )
      return () => scene.exposed(index, ...shown)
    },
  }
}

const NO_VERIFIER = '\0'.repeat(8)
const DEFAULT_MODES: Record<FileType | 'exclusive', number> = {
  exclusive: 0o600,
  file: 0o666,
  directory: 0o777,
  symlink: 0o777,
  block: 0o666,
  character: 0o666,
  fifo: 0o666,
  socket: 0o666,
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

function callMake(scene: Scene, op: Operation, parent: Inode, name: Uint8Array, making: Making, verifier: Uint8Array) {
  const { files } = scene
  const { attributes, type } = making
  if (type === 'directory') return files.mkdir(op, parent, name, attributes)
  if (type === 'symlink') return files.symlink(op, parent, name, bytesOf(making.target), attributes)
  if (type !== 'file') return files.mknod(op, parent, name, type, attributes, making.major, making.minor)
  const how: CreateHow = making.how === 'exclusive' ? { kind: 'exclusive', verifier } : { kind: making.how, attributes }
  return files.create(op, parent, name, how)
}

/** Why something cannot be made where there is `existing`; null when the call succeeds all the same. */
function refusalOf(model: Model, existing: EntryState, making: Making, verifier: string): Failure | null {
  const object = model.object(existing.ino)
  if (making.type !== 'file' || making.how === 'guarded' || object?.type !== 'file') return 'EXIST'
  return making.how === 'unchecked' || object.verifier === verifier ? null : 'EXIST'
}

/** CREATE has found the file. */
function found(scene: Scene, inode: Inode, existing: EntryState, making: Making, text: string): () => void {
  const { model } = scene
  if (inode.ino !== existing.ino) scene.mistake(`${text} finds inode ${inode.ino} instead of ${existing.ino}`)
  let index = model.lastOn(inode.ino)
  if (making.how === 'unchecked' && making.attributes.size !== undefined) {
    index = model.nextIndex
    model.files.get(inode.ino)?.resize(model.time, making.attributes.size, index)
    model.log(`${text} resizes ${inode.ino}`, [inode.ino], [scene.changed(inode.ino, {})], null)
  } else scene.see(inode)
  const shown = scene.shownOf(inode.ino)
  return () => scene.exposed(index, shown)
}

function cookieOf(model: Model, dir: number): number {
  return model.object(dir)?.nextCookie ?? 0
}

/** The directory after an entry was added, and `subdirectories` more are in it. */
function addedTo(scene: Scene, dir: number, subdirectories: number): [string, State] {
  const { nlink, nextCookie } = scene.model.object(dir) as ObjectState
  return scene.changed(dir, { nlink: nlink + subdirectories, nextCookie: nextCookie + 1 })
}

function removedFrom(scene: Scene, dir: number, subdirectories: number): [string, State] {
  const { nlink } = scene.model.object(dir) as ObjectState
  return scene.changed(dir, { nlink: nlink - subdirectories })
}

/** One name less: the object's new state, or none. */
function nameless(scene: Scene, object: ObjectState): [string, State | null] {
  if (object.type === 'directory' || object.nlink === 1) return [objectKey(object.ino), null]
  return scene.changed(object.ino, { nlink: object.nlink - 1 })
}

/** REMOVE or RMDIR. */
export function planRemove(scene: Scene, place: Place, kind: 'remove' | 'rmdir', replay: ReplayTag | null): Planned {
  const { dir, name } = place
  const text = `${kind} ${dir.ino}/${name.slice(0, 20)}`
  return {
    text,
    uid: 0,
    replay,
    attempt(op) {
      const { model, files } = scene
      const parent = scene.resolve(op, dir)
      if (parent === null) return NOTHING_MORE
      const entry = model.entry(dir.ino, name)
      const object = entry === undefined ? undefined : model.object(entry.ino)
      const expected = refusalOfRemoval(model, object, kind)
      const result =
        kind === 'remove' ? files.remove(op, parent, bytesOf(name)) : files.rmdir(op, parent, bytesOf(name))
      if (scene.refused(text, result, expected, false)) {
        const index = model.lastOn(dir.ino, expected === 'NOTEMPTY' ? (object?.ino ?? 0) : 0)
        return () => scene.exposed(index)
      }
      model.time++
      const gone = object as ObjectState
      const changes: Changes = [
        entryChange(dir.ino, name, null),
        nameless(scene, gone),
        removedFrom(scene, dir.ino, gone.type === 'directory' ? 1 : 0),
      ]
      const shown = scene.shownOf(dir.ino)
      const index = model.log(`${text} = ${gone.ino}`, [dir.ino, gone.ino], changes, replayOf(scene, replay, 0))
      return () => scene.exposed(index, shown)
    },
  }
}

function refusalOfRemoval(model: Model, object: ObjectState | undefined, kind: 'remove' | 'rmdir'): Failure | null {
  if (object === undefined) return 'NOENT'
  const isDirectory = object.type === 'directory'
  if (kind === 'remove') return isDirectory ? 'ISDIR' : null
  if (!isDirectory) return 'NOTDIR'
  return (model.directories.get(object.ino)?.size ?? 0) > 0 ? 'NOTEMPTY' : null
}

export function planLink(scene: Scene, object: ObjectState, place: Place, replay: ReplayTag | null): Planned {
  const { dir, name } = place
  const text = `link ${object.ino} ${dir.ino}/${name.slice(0, 20)}`
  return {
    text,
    uid: 0,
    replay,
    attempt(op) {
      const { model, files } = scene
      const inode = scene.resolve(op, object)
      const parent = inode === null ? null : scene.resolve(op, dir)
      if (inode === null || parent === null) return NOTHING_MORE
      const exists = model.entry(dir.ino, name) !== undefined
      const expected = exists ? 'EXIST' : inode.type === 'directory' ? 'PERM' : null
      if (scene.refused(text, files.link(op, inode, parent, bytesOf(name)), expected, true)) {
        const index = model.lastOn(object.ino, dir.ino)
        return () => scene.exposed(index)
      }
      model.time++
      const now = model.object(object.ino) as ObjectState
      const cookie = cookieOf(model, dir.ino)
      const changes: Changes = [
        scene.changed(object.ino, { nlink: now.nlink + 1 }),
        addedTo(scene, dir.ino, 0),
        entryChange(dir.ino, name, { kind: 'entry', ino: object.ino, cookie }),
      ]
      const shown = [scene.shownOf(dir.ino), scene.shownOf(object.ino)]
      const index = model.log(text, [dir.ino, object.ino], changes, replayOf(scene, replay, 0))
      return () => scene.exposed(index, ...shown)
    },
  }
}

export function planRename(scene: Scene, from: Place, to: Place, replay: ReplayTag | null): Planned {
  const text = `rename ${from.dir.ino}/${from.name.slice(0, 20)} ${to.dir.ino}/${to.name.slice(0, 20)}`
  return {
    text,
    uid: 0,
    replay,
    attempt(op) {
      const { model, files } = scene
      const fromDir = scene.resolve(op, from.dir)
      const toDir = fromDir === null ? null : scene.resolve(op, to.dir)
      if (fromDir === null || toDir === null) return NOTHING_MORE
      const entry = model.entry(fromDir.ino, from.name)
      const target = model.entry(toDir.ino, to.name)
      const moved = entry === undefined ? undefined : model.object(entry.ino)
      const replaced = target === undefined ? undefined : model.object(target.ino)
      const expected = refusalOfRename(model, moved, replaced, from, to)
      const result = files.rename(op, fromDir, bytesOf(from.name), toDir, bytesOf(to.name))
      const wasRefused = scene.refused(text, result, expected, false)
      if (wasRefused || moved?.ino === replaced?.ino) {
        const index = model.lastOn(from.dir.ino, to.dir.ino, expected === 'NOTEMPTY' ? (replaced?.ino ?? 0) : 0)
        return () => scene.exposed(index)
      }
      model.time++
      const inos = [from.dir.ino, to.dir.ino, (moved as ObjectState).ino, replaced?.ino ?? 0]
      const changes = renameChanges(scene, from, to, moved as ObjectState, replaced)
      const shown = scene.shownOf(from.dir.ino)
      const index = model.log(`${text} = ${moved?.ino}`, inos, changes, replayOf(scene, replay, 0))
      return () => scene.exposed(index, shown)
    },
  }
}

function renameChanges(
  scene: Scene,
  from: Place,
  to: Place,
  moved: ObjectState,
  replaced: ObjectState | undefined,
): Changes {
  const { model } = scene
  const fromDir = from.dir.ino
  const toDir = to.dir.ino
  const cookie = cookieOf(model, toDir)
  const leaves = moved.type === 'directory' && fromDir !== toDir ? 1 : 0
  const fewer = replaced?.type === 'directory' ? 1 : 0
  const changes: Changes = []
  if (replaced !== undefined) changes.push(nameless(scene, replaced))
  changes.push(entryChange(fromDir, from.name, null))
  changes.push(entryChange(toDir, to.name, { kind: 'entry', ino: moved.ino, cookie }))
  changes.push(scene.changed(moved.ino, {}))
  if (fromDir !== toDir) changes.push(removedFrom(scene, fromDir, leaves))
  changes.push(addedTo(scene, toDir, leaves - fewer))
  return changes
}

function refusalOfRename(
  model: Model,
  moved: ObjectState | undefined,
  replaced: ObjectState | undefined,
  from: Place,
  to: Place,
): Failure | null {
  if (moved === undefined) return 'NOENT'
  if (replaced !== undefined) {
    if (replaced.ino === moved.ino) return null
    if (moved.type === 'directory') {
      if (replaced.type !== 'directory') return 'NOTDIR'
      if ((model.directories.get(replaced.ino)?.size ?? 0) > 0) return 'NOTEMPTY'
    } else if (replaced.type === 'directory') return 'ISDIR'
  }
  const goesIntoItself =
    moved.type === 'directory' && from.dir.ino !== to.dir.ino && isInside(model, to.dir.ino, moved.ino)
  return goesIntoItself ? 'INVAL' : null
}

function isInside(model: Model, dir: number, ino: number): boolean {
  if (dir === ino) return true
  for (const [parent, entries] of model.directories) {
    for (const entry of entries.values()) if (entry.ino === dir) return isInside(model, parent, ino)
  }
  return false
}
