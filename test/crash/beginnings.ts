import type { Operation, Stability } from '../../mover/files/service.ts'
import type { VolumeFiles } from '../../mover/files/volume-files.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import { Runner } from './client.ts'
import type { FaultDevice } from './fault-device.ts'
import { pattern } from './file-history.ts'
import type { FoundVolume } from './found-volume.ts'
import { memoryAt, readVolume } from './recovery.ts'
import { TestEnvironment } from './test-environment.ts'
import { ROOMY, World } from './world.ts'

/** A disk that stories begin with, and what is on it. */
export interface Beginning {
  readonly disk: FaultDevice
  readonly found: FoundVolume
}

/** Name of the directory with whatever takes up the space. */
export const FILL_NAME = 'fill'
const FILL_FILE_BYTES = 512 * 1024
const MANY_NAMES = 200

const made = new Map<string, Beginning>()

/** What is on the disk: nothing, a tree that does not fit into memory, no room for data, or none for names either. */
export type BeginningName = 'empty' | 'many names' | 'full of data' | 'full of names'

/** The disk that stories begin with; made once a process. */
export function beginning(name: BeginningName): Beginning {
  let result = made.get(name)
  if (result === undefined) {
    const world = World.blank(new TestEnvironment(1), memoryAt(0), { ...ROOMY, pagePoolSize: 2 })
    world.run(world.format())
    if (name !== 'empty') fill(world, name)
    result = { found: readVolume(world), disk: world.device.survivingImage() }
    made.set(name, result)
  }
  return result
}

function fill(world: World, name: BeginningName): void {
  const files = world.run(world.open()) as VolumeFiles
  const runner = new Runner(world.env)
  const perform = <T>(run: (op: Operation) => T): T => {
    let result: T | undefined
    let ended = false
    const attempt = (op: Operation) => {
      const value = run(op)
      return () => {
        result = value
      }
    }
    const end = (): void => {
      ended = true
    }
    runner.run(0, null, attempt, end, end)
    world.env.runUntil(() => ended)
    return result as T
  }
  const root = (op: Operation) => rootOf(files, op)
  perform((op) => files.mkdir(op, root(op), Buffer.from(FILL_NAME), {}))
  const folder = (op: Operation) => files.lookup(op, root(op), Buffer.from(FILL_NAME), files.rootIno) as Inode
  const makeFile = (number: number) => {
    const file = Buffer.from(`f${number}`)
    perform((op) => files.create(op, folder(op), file, { kind: 'guarded', attributes: {} }))
    const bytes = pattern(number + 100, 0, 0, FILL_FILE_BYTES)
    const written = { count: 0, committed: 'unstable' as Stability }
    const result = perform((op) => {
      const inode = files.lookup(op, folder(op), file, files.rootIno) as Inode
      return files.write(op, inode, 0, bytes, 'unstable', written)
    })
    if (result === null || result === 'NOSPC') return result
    throw new Error(`cannot fill the volume with data: ${result}`)
  }
  const makeSymlink = (number: number) => {
    const target = Buffer.alloc(4000, 'x')
    const result = perform((op) => files.symlink(op, folder(op), Buffer.from(`s${number}`), target, {}))
    if (typeof result !== 'string' || result === 'NOSPC') return result
    throw new Error(`cannot fill the volume with names: ${result}`)
  }
  if (name === 'many names') for (let number = 0; number < MANY_NAMES; number++) makeSymlink(number)
  else {
    for (let number = 0; makeFile(number) !== 'NOSPC'; number++);
    perform((op) => files.remove(op, folder(op), Buffer.from('f0')))
    for (let number = 0; name === 'full of names' && makeSymlink(number) !== 'NOSPC'; number++);
  }
  world.run(files.close())
}

function rootOf(files: VolumeFiles, op: Operation): Inode {
  const inode = files.find(op, files.rootIno)
  if (typeof inode === 'string') throw new Error(`the root gives ${inode}`)
  return inode
}
