import type { Failure } from '../../mover/failure.ts'
import type { ReadResult, SetAttributes, Stability } from '../../mover/files/service.ts'
import type { ReplayTag } from '../../mover/operation.ts'
import type { FileType } from '../../mover/volume/inode.ts'
import { pattern } from './file-history.ts'
import { nanoseconds } from './found-volume.ts'
import { type ObjectState, objectKey } from './model.ts'
import { NOTHING_MORE, type Planned, type Scene } from './scene.ts'

function refusalOfData(type: FileType): Failure | null {
  if (type === 'file') return null
  return type === 'directory' ? 'ISDIR' : 'INVAL'
}

/** WRITE of a pattern that names file, write and place. `uid` not 0: setuid and setgid go. */
export function planWrite(
  scene: Scene,
  object: ObjectState,
  offset: number,
  length: number,
  stability: Stability,
  uid: number,
): Planned {
  const number = ++scene.writes
  const text = `write ${object.ino} ${number}: ${length} at ${offset} ${stability}`
  const bytes = pattern(object.ino, number, offset, length)
  return {
    text,
    uid,
    replay: null,
    attempt(op) {
      const { model, files } = scene
      const inode = scene.resolve(op, object)
      if (inode === null) return NOTHING_MORE
      const outcome = { count: 0, committed: 'unstable' as Stability }
      const state = model.object(object.ino) as ObjectState
      const expected = refusalOfData(inode.type) ?? (mayWrite(state, uid) ? null : 'ACCES')
      let result: Failure | null = 'DELAY'
      try {
        result = files.write(op, inode, offset, bytes, stability, outcome)
      } finally {
        losePrivileges(scene, object.ino, uid, result === null)
      }
      if (scene.refused(text, result, expected, true)) return NOTHING_MORE
      if (outcome.count !== length) scene.mistake(`${text} takes ${outcome.count} bytes`)
      const { committed } = outcome
      if (stability !== 'unstable' && committed !== 'fileSync') scene.mistake(`${text} is only ${committed}`)
      const time = ++model.time
      const file = model.files.get(object.ino)
      if (file === undefined) scene.mistake(`${text}: no such file`)
      file.write(time, offset, bytes)
      const before = file.lastChange
      const shown = [object.ino, scene.see(inode)] as const
      if (length > 0 && shown[1].change <= before) scene.mistake(`${text} does not raise the change number ${before}`)
      const index = model.lastOn(object.ino)
      return () => {
        scene.exposed(index, shown)
        if (committed === 'fileSync') file.syncRange(time, offset, offset + length)
      }
    },
  }
}

/** Whether user and group `uid` may write to the file; the owner always may. */
export function mayWrite(state: ObjectState, uid: number): boolean {
  if (uid === 0 || uid === state.uid) return true
  return (state.mode & (uid === state.gid ? 0o20 : 0o2)) !== 0
}

/** A write by somebody who is not the superuser has taken setuid and setgid away, in a record of its own. */
function losePrivileges(scene: Scene, ino: number, uid: number, written: boolean): void {
  const state = scene.model.object(ino)
  if (uid === 0 || state === undefined || (state.mode & 0o6000) === 0) return
  const mode = state.mode & ~0o4000 & ~((state.mode & 0o10) !== 0 ? 0o2000 : 0)
  const { inode, change } = scene.live(ino)
  if (inode.mode !== mode || mode === state.mode) return
  scene.model.time++
  // The write that followed has raised the change number once more.
  scene.model.files.get(ino)?.passed(scene.model.time, written ? change - 1 : change)
  scene.model.log(`chmod of ${ino} by a write`, [ino], [[objectKey(ino), { ...state, mode }]], null)
}

export function planCommit(scene: Scene, object: ObjectState): Planned {
  const text = `commit ${object.ino}`
  return {
    text,
    uid: 0,
    replay: null,
    attempt(op) {
      const { model, files } = scene
      const inode = scene.resolve(op, object)
      if (inode === null) return NOTHING_MORE
      if (scene.refused(text, files.commit(op, inode, 0, 0), refusalOfData(inode.type), false)) return NOTHING_MORE
      const { time } = model
      const index = model.lastOn(object.ino)
      const shown = [object.ino, scene.see(inode)] as const
      return () => {
        scene.exposed(index, shown)
        if (scene.keepsItsWord) model.files.get(object.ino)?.syncAll(time)
      }
    },
  }
}

/** READ, checked against the model; the pages stay pinned for `holdMs`. */
export function planRead(scene: Scene, object: ObjectState, offset: number, count: number, holdMs: number): Planned {
  const text = `read ${object.ino}: ${count} at ${offset}`
  return {
    text,
    uid: 0,
    replay: null,
    attempt(op) {
      const { model, files } = scene
      const inode = scene.resolve(op, object)
      if (inode === null) return NOTHING_MORE
      const result: ReadResult = { segments: [], segmentCount: 0, count: 0, eof: false, release: NOTHING_MORE }
      if (scene.refused(text, files.read(op, inode, offset, count, result), refusalOfData(inode.type), false))
        return NOTHING_MORE
      const size = model.files.get(object.ino)?.size ?? 0
      const end = Math.min(size, offset + count)
      const expected = Buffer.from(model.files.get(object.ino)?.read(offset, end) ?? [])
      const check = (): void => {
        if (scene.hasFailed) return
        const actual = Buffer.concat(result.segments.slice(0, result.segmentCount))
        if (result.count !== actual.length || !actual.equals(expected)) {
          scene.mistake(
            `${text} gives other bytes than were written: ${firstDifference(actual, expected)}, size ${size}`,
          )
        }
      }
      check()
      if (!scene.hasFailed && result.eof !== offset + count >= size)
        scene.mistake(`${text} says eof ${result.eof}; the size is ${size}`)
      const index = model.lastOn(object.ino)
      const shown = [object.ino, scene.see(inode)] as const
      return () => {
        scene.exposed(index, shown)
        // Until the reply has been sent its pages must not change.
        scene.env.timer(holdMs, () => {
          check()
          result.release()
        })
      }
    },
  }
}

function firstDifference(actual: Buffer, expected: Buffer): string {
  if (actual.length !== expected.length) return `${actual.length} instead of ${expected.length} bytes`
  const at = actual.findIndex((byte, i) => byte !== expected[i])
  const word = at - (at % 8)
  return `at ${at} ${actual.subarray(word, word + 8).toString('hex')} instead of ${expected.subarray(word, word + 8).toString('hex')}`
}

export function planSetattr(scene: Scene, object: ObjectState, set: SetAttributes, replay: ReplayTag | null): Planned {
  const text = `setattr ${object.ino} ${JSON.stringify(set)}`
  return {
    text,
    uid: 0,
    replay,
    attempt(op) {
      const { model, files } = scene
      const inode = scene.resolve(op, object)
      if (inode === null) return NOTHING_MORE
      const expected = set.size === undefined ? null : refusalOfData(inode.type)
      const result = files.setattr(op, inode, set, null)
      if (scene.refused(text, result, expected, true)) return NOTHING_MORE
      if (Object.keys(set).length === 0) {
        const shown = [object.ino, scene.see(inode)] as const
        const index = model.lastOn(object.ino)
        return () => scene.exposed(index, shown)
      }
      const time = ++model.time
      const file = model.files.get(object.ino)
      if (set.size !== undefined) file?.resize(time, set.size, model.nextIndex)
      if (set.mtime !== undefined && file !== undefined) file.mtimeWasSet = true
      const state = scene.changed(object.ino, expectedAttributes(model.object(object.ino) as ObjectState, set))
      const shown = scene.shownOf(object.ino)
      const { atime, mtime } = set
      if (typeof mtime === 'object' && shown[1].mtime !== nanoseconds(mtime))
        scene.mistake(`${text}: mtime is ${shown[1].mtime}`)
      if (typeof atime === 'object' && (inode.atimeSec !== atime.sec || inode.atimeNsec !== atime.nsec)) {
        scene.mistake(`${text}: atime is ${inode.atimeSec}.${inode.atimeNsec}`)
      }
      const timeSec = Math.floor(scene.env.wallMs() / 1000)
      const index = model.log(
        text,
        [object.ino],
        [state],
        replay === null ? null : { tag: replay, timeSec, objectIno: 0 },
      )
      return () => scene.exposed(index, shown)
    },
  }
}

function expectedAttributes(state: ObjectState, set: SetAttributes): Partial<ObjectState> {
  const { type } = state
  let mode = set.mode ?? state.mode
  if (set.mode === undefined && type !== 'directory' && (set.uid !== undefined || set.gid !== undefined)) {
    mode = mode & ~0o4000 & ~((mode & 0o10) !== 0 ? 0o2000 : 0)
  }
  const attributes = { mode, uid: set.uid ?? state.uid, gid: set.gid ?? state.gid }
  // The atime itself is taken from the reply.
  return set.atime === undefined ? attributes : { ...attributes, atime: 0n }
}
