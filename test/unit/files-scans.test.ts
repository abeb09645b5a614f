import t from 'tap'
import type { Inode } from '../../mover/volume/inode.ts'
import { TREE_ID } from '../../mover/volume/layout.ts'
import { walkTreeTask } from '../../mover/volume/tree/walk.ts'
import { Random } from '../crash/random.ts'
import { bytes, FilesWorld } from './files-support.ts'
import type { RemoteFiles } from './forwarding-support.ts'
import { memory } from './volume-spoil.ts'

/** As much as there is. */
const ROOM = { bytes: Number.POSITIVE_INFINITY, attributes: true }

t.test('a listing of more than there is memory for is told in parts', (t) => {
  const world = new FilesWorld(1, { nodeCapacity: 64, inodeCapacity: 8 }, null, 'secondary')
  const { files } = world
  // Their targets lie between the inodes: each of these is in a leaf of its own.
  const target = new Uint8Array(4000).fill(0x61)
  const names = Array.from({ length: 1100 }, (_, i) => `link ${i}`)
  for (const name of names) world.call<Inode>((op) => files.symlink(op, world.root, bytes(name), target, {}))
  const found: string[] = []
  const inos: number[] = []
  let cookie = 0
  let parts = 0
  for (let isWhole = false; !isWhole; parts++) {
    let seen: [number, string, number][] = []
    const outcome = world.call<{ isWhole: boolean }>((op) => {
      seen = []
      const dir = world.root
      const whole = files.readdir(op, dir, cookie, files.rootIno, ROOM, (at, ino, all, start, end) => {
        const inode = files.entry(op, dir, ino)
        if (typeof inode === 'string') throw new Error(`entry of inode ${ino}: ${inode}`)
        seen.push([at, Buffer.from(all.subarray(start, end)).toString(), ino])
        return true
      })
      return typeof whole === 'string' ? whole : { isWhole: whole }
    })
    if (typeof outcome === 'string') throw new Error(`READDIR: ${outcome}`)
    isWhole = outcome.isWhole
    cookie = seen.at(-1)?.[0] as number
    found.push(...seen.map(([, name]) => name))
    inos.push(...seen.map(([, , ino]) => ino))
  }
  t.ok(parts > 1, `${parts} parts`)
  t.strictSame(found, ['.', '..', ...names])

  const service = world.service as RemoteFiles
  const [asked, gone] = [inos.slice(2, 1000), 99_999]
  let runs = 0
  const told = world.call<Map<number, unknown>>((op) => {
    runs++
    const dir = world.object(op, files.rootIno)
    const known = new Map<number, unknown>()
    for (let list = service.toldAttributes(op); list !== null; list = service.toldAttributes(op)) {
      if (typeof list === 'string') return list
      for (const { ino, object } of list) known.set(ino, object === null ? null : object.ino)
    }
    const missing = [...asked, gone].filter((ino) => !known.has(ino))
    return missing.length === 0 ? known : service.askAttributes(op, dir, missing)
  })
  t.ok(runs > 2, `${runs - 1} parts`)
  t.same(told, new Map<number, unknown>([...asked.map((ino) => [ino, ino] as const), [gone, null]]))
  t.same(world.primary.errors, [])
  t.equal(files.volume.failure, null)
  t.end()
})

t.test('names that are removed leave no empty leaves behind that a search would have to pass', (t) => {
  const world = new FilesWorld(1, { nodeCapacity: 32, inodeCapacity: 100 })
  const { files } = world
  const made = world.call<Inode>((op) => files.mkdir(op, world.root, bytes('d'), {}))
  if (typeof made === 'string') throw new Error(made)
  const names = Array.from({ length: 3000 }, (_, i) => bytes(`file ${i}`))
  for (const name of names) {
    world.call<Inode>((op) => files.create(op, world.inode(made.ino), name, { kind: 'guarded', attributes: {} }))
  }
  // As they lie in the index: in no order.
  const random = new Random(1)
  for (let left = names.length; left > 0; left--) {
    const [name] = names.splice(random.below(left), 1)
    world.call((op) => files.remove(op, world.inode(made.ino), name as Uint8Array) ?? { removed: true })
  }
  world.world.run(files.close())
  let leaves = 0
  let empty = 0
  const { uuid, trees, epoch, term } = files.volume.superblock
  const node = ({ level, cells }: { level: number; cells: number }): void => {
    if (level > 0) return
    leaves += 1
    if (cells === 0) empty += 1
  }
  const root = trees.find(({ id }) => id === TREE_ID.main)?.root as number
  const { device } = world
  world.world.run(
    walkTreeTask({
      device,
      uuid,
      treeId: TREE_ID.main,
      root,
      epoch: epoch + 1,
      term,
      visitor: { node },
      memory: memory.walk,
    }),
  )
  t.ok(leaves - empty <= 3 && empty <= 2, `${empty} of ${leaves} leaves are empty`)
  t.end()
})
