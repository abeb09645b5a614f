import type { VolumeFiles } from '../../mover/files/volume-files.ts'
import { FILL_NAME } from './beginnings.ts'
import { Runner } from './client.ts'
import { filesOf, statesOf } from './compare.ts'
import { planRead, planSetattr, planWrite } from './data-operations.ts'
import type { FoundVolume } from './found-volume.ts'
import { planGetattr, planReaddir, planReadlink } from './look-operations.ts'
import { Model, type ObjectState } from './model.ts'
import type { Random } from './random.ts'
import { type Planned, Scene } from './scene.ts'
import type { World } from './world.ts'

const READ_BYTES = 65_536
const FILES_GROWN = 6

/**
 * Uses a volume that was found sound, through its file service: everything must be as it was found, and files that grow
 * must show zeros where there was nothing.
 */
export function probe(world: World, found: FoundVolume, random: Random): void {
  const model = Model.of(statesOf(found), filesOf(found, world.device), FILL_NAME)
  const files = world.run(world.open()) as VolumeFiles
  const scene = new Scene(files, world.env, model, random, { mayBeFull: true, writes: 2 ** 22 })
  const runner = new Runner(world.env)
  const perform = (planned: Planned): void => {
    let ended = false
    const end = (): void => {
      ended = true
    }
    const failed = (failure: string) => scene.mistake(`${planned.text} fails behind its barrier: ${failure}`)
    runner.run(planned.uid, planned.replay, planned.attempt, end, failed)
    world.env.runUntil(() => ended)
  }
  const objects = [...model.current.values()].filter((state) => state.kind === 'object' && !model.opaque.has(state.ino))
  for (const object of objects as ObjectState[]) {
    perform(planGetattr(scene, object))
    if (object.type === 'directory') perform(planReaddir(scene, object, 1000))
    else if (object.type === 'symlink') perform(planReadlink(scene, object))
    else if (object.type === 'file') readAll(scene, object, perform)
  }
  for (let count = 0; count < FILES_GROWN; count++) {
    const object = random.pick(objects) as ObjectState
    const size = model.files.get(object.ino)?.size ?? 0
    if (object.type !== 'file' || model.object(object.ino) === undefined) continue
    if (random.chance(0.5)) perform(planSetattr(scene, object, { size: size + 1 + random.below(9000) }, null))
    else perform(planWrite(scene, object, size + random.below(9000), 100, 'unstable', 0))
    readAll(scene, object, perform)
  }
  world.run(files.close())
}

function readAll(scene: Scene, object: ObjectState, perform: (planned: Planned) => void): void {
  const size = scene.model.files.get(object.ino)?.size ?? 0
  for (let at = 0; at < size; at += READ_BYTES) perform(planRead(scene, object, at, READ_BYTES, 0))
}
