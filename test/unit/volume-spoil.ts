import { PagePool } from '../../mover/store/page-pool.ts'
import { type CheckMemory, checkDevice, type VolumeCheck } from '../../mover/volume/check/check.ts'
import { KIND, type Kind, setKey, setKeyOf } from '../../mover/volume/keys.ts'
import { BLOCK_BYTES } from '../../mover/volume/layout.ts'
import { NameHasher } from '../../mover/volume/names.ts'
import { decodeSuperblock, encodeSuperblock, type Superblock } from '../../mover/volume/superblock.ts'
import { Key } from '../../mover/volume/tree/key.ts'
import { NodeMemory } from '../../mover/volume/tree/node-layout.ts'
import { WALK_SLOTS, walkTreeTask } from '../../mover/volume/tree/walk.ts'
import type { FaultDevice } from '../crash/fault-device.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { BusyVolume, type Contents, finish, forgetDevices, makeBusy, newDevice } from './volume-busy.ts'

export const NO_BYTES = new Uint8Array(0)
export const memory: CheckMemory = { walk: new NodeMemory(new PagePool(WALK_SLOTS)), replay: new PagePool(4096) }

/** Checks a device that holds a volume. */
export function check(env: TestEnvironment, device: FaultDevice): VolumeCheck {
  return finish(env, checkDevice({ device, env, memory }))
}

// One busy volume, closed and not closed; each test spoils a copy.
export const original = BusyVolume.make(1)
export const contents = makeBusy(original)
original.settle()
export const unclosed = newDevice(original.env, undefined, original.device)
original.close()
export const closed = newDevice(original.env, undefined, original.device)

/** A copy of the closed volume in a world of its own. */
export function copy(content = closed): { env: TestEnvironment; device: FaultDevice } {
  forgetDevices()
  const env = new TestEnvironment(2)
  return { env, device: newDevice(env, undefined, content) }
}

/** Key of a record; `a` is an inode number. */
export function key(ino: number, kind: Kind, b = 0, a = 0): Key {
  return setKeyOf(new Key(), ino, kind, a, b)
}

/** Key of a name's index record. */
export function nameKey(dir: number, name: string, cookie: number): Key {
  const hash = new NameHasher(superblockOf(closed).nameSecret).hash(Buffer.from(name))
  return setKey(new Key(), dir, KIND.name, hash.folded, hash.exact, cookie)
}

/** Value of an `entry` record: inode, type, name. */
export function entryValue(ino: number, type: number, name: Uint8Array): Uint8Array {
  const value = new Uint8Array(9 + name.length)
  new DataView(value.buffer).setUint32(0, ino, true)
  value[8] = type
  value.set(name, 9)
  return value
}

/** Value of a `name` record: inode, name. */
export function nameValue(ino: number, name: Uint8Array): Uint8Array {
  const value = new Uint8Array(8 + name.length)
  new DataView(value.buffer).setUint32(0, ino, true)
  value.set(name, 8)
  return value
}

/** Value of an `extent` record. */
export function extentValue(block: number, length: number): Uint8Array {
  const value = new Uint8Array(16)
  new DataView(value.buffer).setUint32(0, block, true)
  new DataView(value.buffer).setUint32(8, length, true)
  return value
}

/** The newest superblock at the front. */
export function superblockOf(device: FaultDevice): Superblock {
  const [a, b] = [0, BLOCK_BYTES].map((at) => decodeSuperblock(device.peek(at, BLOCK_BYTES)))
  if (a === null || b === null) throw new Error('a superblock is missing')
  return a.generation > b.generation ? a : b
}

/** Changes the newest superblock in both places. */
export function spoilSuperblock(device: FaultDevice, change: (superblock: Superblock) => void): void {
  const superblock = superblockOf(device)
  const { deviceBlocks } = superblock.geometry
  const slot = superblock.generation % 2
  change(superblock)
  const block = new Uint8Array(BLOCK_BYTES)
  encodeSuperblock(superblock, block)
  for (const at of [slot, deviceBlocks - 2 + slot]) device.poke(at * BLOCK_BYTES, block)
}

/** Device blocks of a file, from its first extent on. */
export function extentsOf(
  env: TestEnvironment,
  device: FaultDevice,
  ino: number,
): { fileBlock: number; start: number }[] {
  const extents: { fileBlock: number; start: number }[] = []
  const nodes = nodesOf(env, device, (key, bytes, offset) => {
    if (key.words[1] !== ino || key.words[2] >>> 24 !== KIND.extent) return
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    extents.push({ fileBlock: key.words[5], start: view.getUint32(offset, true) })
  })
  if (nodes.length === 0) throw new Error('no tree')
  return extents
}

/** Nodes of the tree as of the last checkpoint; `record` sees its records. */
export function nodesOf(
  env: TestEnvironment,
  device: FaultDevice,
  record?: (key: Key, bytes: Uint8Array, offset: number) => void,
): { address: number; level: number }[] {
  const nodes: { address: number; level: number }[] = []
  const { uuid, trees, epoch, term } = superblockOf(device)
  const visitor = {
    node: (node: { address: number; level: number }) => void nodes.push(node),
    ...(record && { record }),
  }
  finish(env, walkTreeTask({ device, uuid, treeId: 1, root: trees[0].root, epoch: epoch + 1, term, visitor }))
  return nodes
}

/** One way to spoil the busy volume, and what the check must say of it. */
export interface Spoiling {
  name: string
  /** Spoils an open volume; it is then closed. */
  open?: (busy: BusyVolume, c: Contents) => void
  /** Spoils what lies on the device. */
  device?: (device: FaultDevice, env: TestEnvironment, c: Contents) => void
  /** Starts from the volume that was not closed. */
  unclosed?: boolean
  /** All problems, each by one of these, each of which is there. */
  problems: (c: Contents) => RegExp[]
}
