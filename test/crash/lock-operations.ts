import { submit } from '../../mover/files/context.ts'
import { dropClient, forgetLocks, noteLocks, setClient } from '../../mover/files/lock-records.ts'
import { ALL_MOVERS } from '../../mover/volume/inode-value.ts'
import { URGENT } from '../../mover/volume/volume.ts'
import type { State } from './model.ts'
import { clientKey, type ObjectState, objectKey } from './model.ts'
import { bytesOf } from './name-operations.ts'
import { NOTHING_MORE, type Planned, type Scene } from './scene.ts'

type Change = readonly [string, State | null]

/** Clients of these movers (bits) are about to have locks on a file; of all of them: as earlier versions have noted it. */
export function planNote(scene: Scene, object: ObjectState, movers: number): Planned {
  const text = `note locks of ${object.ino} by ${movers}`
  return {
    text,
    uid: 0,
    replay: null,
    attempt(op) {
      const { model, files } = scene
      const inode = scene.resolve(op, object)
      if (inode === null || object.type !== 'file') return NOTHING_MORE
      const { context } = files
      const isNew = movers === ALL_MOVERS && inode.lockers !== ALL_MOVERS
      const result = isNew
        ? submit(context, op, 'noteAnyLocks', { ino: object.ino }, URGENT)
        : noteLocks(context, op, inode, movers)
      if (scene.refused(text, result, null, true)) return NOTHING_MORE
      const before = model.object(object.ino) as ObjectState
      const lockers = before.lockers | movers
      const index =
        before.lockers === lockers
          ? model.lastOn(object.ino)
          : model.log(text, [object.ino], [withLocks(before, lockers)], null)
      return () => scene.exposed(index)
    },
  }
}

/** Nobody has locks on these files any more. */
export function planForget(scene: Scene, objects: readonly ObjectState[]): Planned {
  const inos = [...new Set(objects.map(({ ino }) => ino))]
  const text = `forget locks of ${inos.join()}`
  return {
    text,
    uid: 0,
    replay: null,
    attempt(op) {
      const { model, files } = scene
      if (scene.refused(text, forgetLocks(files.context, op, inos), null, false)) return NOTHING_MORE
      const noted = inos.flatMap((ino) => model.object(ino) ?? []).filter(({ lockers }) => lockers !== 0)
      if (noted.length === 0) return NOTHING_MORE
      const changes = noted.map((before) => withLocks(before, 0))
      const index = model.log(
        text,
        noted.map(({ ino }) => ino),
        changes,
        null,
      )
      return () => scene.exposed(index)
    },
  }
}

/** A client is remembered, or, where `value` is null, forgotten; both in latin1. */
export function planClient(scene: Scene, id: string, value: string | null): Planned {
  const text = `${value === null ? 'forget' : 'remember'} client ${id.slice(0, 4)}`
  return {
    text,
    uid: 0,
    replay: null,
    attempt(op) {
      const { model, files } = scene
      const result =
        value === null
          ? dropClient(files.context, op, bytesOf(id))
          : setClient(files.context, op, { id: bytesOf(id), value: bytesOf(value) })
      if (scene.refused(text, result, null, value !== null)) return NOTHING_MORE
      const state: State | null = value === null ? null : { kind: 'client', value }
      const index = model.log(text, [], [[clientKey(id), state]], null)
      return () => scene.exposed(index)
    },
  }
}

function withLocks(before: ObjectState, lockers: number): Change {
  return [objectKey(before.ino), { ...before, lockers }]
}
