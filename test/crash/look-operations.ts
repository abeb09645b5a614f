import type { ObjectState } from './model.ts'
import { bytesOf, type Place } from './name-operations.ts'
import { NOTHING_MORE, type Planned, type Scene } from './scene.ts'

export function planGetattr(scene: Scene, object: ObjectState): Planned {
  return {
    text: `getattr ${object.ino}`,
    uid: 0,
    replay: null,
    attempt(op) {
      const inode = scene.resolve(op, object)
      if (inode === null) return NOTHING_MORE
      scene.files.getattr(op, inode)
      const shown = [object.ino, scene.see(inode)] as const
      const index = scene.model.lastOn(object.ino)
      return () => scene.exposed(index, shown)
    },
  }
}

export function planLookup(scene: Scene, place: Place): Planned {
  const text = `lookup ${place.dir.ino}/${place.name.slice(0, 20)}`
  return {
    text,
    uid: 0,
    replay: null,
    attempt(op) {
      const { model, files } = scene
      const dir = scene.resolve(op, place.dir)
      if (dir === null) return NOTHING_MORE
      const result = files.lookup(op, dir, bytesOf(place.name), files.rootIno)
      const entry = model.entry(dir.ino, place.name)
      const index = model.lastOn(dir.ino, entry?.ino ?? 0)
      if (scene.refused(text, result, entry === undefined ? 'NOENT' : null, false)) return () => scene.exposed(index)
      if (typeof result === 'string' || entry === undefined) return NOTHING_MORE
      if (result.ino !== entry.ino) scene.mistake(`${text} gives inode ${result.ino} instead of ${entry.ino}`)
      const shown = [[result.ino, scene.see(result)] as const, [dir.ino, scene.see(dir)] as const]
      return () => scene.exposed(index, ...shown)
    },
  }
}

/** As much as there is. */
const ROOM = { bytes: Number.POSITIVE_INFINITY, attributes: false }

/** READDIR of a whole directory, some entries at a time but in one operation. */
export function planReaddir(scene: Scene, object: ObjectState, perCall: number): Planned {
  const text = `readdir ${object.ino}`
  return {
    text,
    uid: 0,
    replay: null,
    attempt(op) {
      const { model, files } = scene
      const dir = scene.resolve(op, object)
      if (dir === null) return NOTHING_MORE
      const seen = new Map<string, string>()
      let cookie = 0
      for (let ended: boolean | string = object.type !== 'directory'; ended === false; ) {
        let left = perCall
        ended = files.readdir(op, dir, cookie, files.rootIno, ROOM, (at, ino, all, start, end) => {
          if (left-- === 0) return false
          if (at <= cookie) scene.mistake(`${text}: cookie ${at} comes behind ${cookie}`)
          cookie = at
          seen.set(Buffer.from(all.subarray(start, end)).toString('latin1'), `${ino}@${at}`)
          return true
        })
        if (typeof ended === 'string') scene.mistake(`${text} gives ${ended}`)
      }
      if (object.type === 'directory') compareListing(scene, text, object.ino, seen)
      const index = model.lastOn(object.ino)
      return () => scene.exposed(index)
    },
  }
}

function compareListing(scene: Scene, text: string, dir: number, seen: Map<string, string>): void {
  const entries = scene.model.directories.get(dir) ?? new Map()
  if (!seen.delete('.') || !seen.delete('..')) scene.mistake(`${text}: '.' or '..' is missing`)
  for (const [name, entry] of entries) {
    const found = seen.get(name)
    if (found !== `${entry.ino}@${entry.cookie}`)
      scene.mistake(`${text}: ${name} is ${found} instead of ${entry.ino}@${entry.cookie}`)
  }
  if (seen.size !== entries.size) scene.mistake(`${text}: ${seen.size} entries instead of ${entries.size}`)
}

export function planReadlink(scene: Scene, object: ObjectState): Planned {
  const text = `readlink ${object.ino}`
  return {
    text,
    uid: 0,
    replay: null,
    attempt(op) {
      const inode = scene.resolve(op, object)
      if (inode === null) return NOTHING_MORE
      const result = scene.files.readlink(op, inode)
      const index = scene.model.lastOn(object.ino)
      if (scene.refused(text, result, object.type === 'symlink' ? null : 'INVAL', false)) return NOTHING_MORE
      if (Buffer.from(result as Uint8Array).toString('latin1') !== object.target)
        scene.mistake(`${text} gives another target`)
      return () => scene.exposed(index)
    },
  }
}
