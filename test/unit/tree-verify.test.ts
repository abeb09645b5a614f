import { crc32 } from 'node:zlib'
import t from 'tap'
import { Suspend } from '../../mover/suspend.ts'
import { BlockSet } from '../../mover/volume/tree/block-set.ts'
import { TreeCorruption } from '../../mover/volume/tree/corruption.ts'
import { Key } from '../../mover/volume/tree/key.ts'
import { Tree } from '../../mover/volume/tree/tree.ts'
import { walkTree } from '../../mover/volume/tree/walk.ts'
import { Random } from '../crash/random.ts'
import { openCache, parseKey, randomBytes, settle, TERM, TREE_ID, UUID, World } from '../property/tree-fixture.ts'

/** A durable tree of two levels, and the addresses of its nodes. */
async function build(seed: number) {
  const world = new World(seed)
  for (let i = 0; i < 400; i++) {
    world.run(() => world.put(new Key().set(1, i * 7, 0, 0, 0, 5), randomBytes(world.random, 1 + (i % 90))))
  }
  world.checkpoint()
  const nodes = await world.checkImage(world.durable)
  const leaves = nodes.filter((node) => node.level === 0).map((node) => node.address)
  t.ok(leaves.length > 5, `seed ${seed}: ${leaves.length} leaves`)
  return { world, root: world.durable.root, leaves, leaf: leaves[2] as number, otherLeaf: leaves[4] as number }
}

type Edit = (view: DataView, bytes: Uint8Array) => void

/** Changes a node on the device; `seal` makes its checksum right again. */
function damage(world: World, address: number, seal: boolean, edit: Edit): void {
  const bytes = world.device.peek(address * 4096, 4096)
  const view = new DataView(bytes.buffer)
  edit(view, bytes)
  if (seal) view.setUint32(4, crc32(bytes.subarray(8)), true)
  world.device.poke(address * 4096, bytes)
}

/** Looks every key of the model up with an empty cache; the errors that came, by address. */
function findAll(world: World): Map<number, string> {
  const cache = openCache(world.device, world.environment, world.durable.epoch)
  const tree = new Tree(cache, world.space, TREE_ID, world.durable.root)
  const errors = new Map<number, string>()
  for (const name of world.durable.model.keys) {
    let isDone = false
    const attempt = (): void => {
      cache.beginOperation()
      try {
        if (!tree.find(parseKey(name))) throw new Error(`${name} is gone without an error`)
      } catch (thrown) {
        if (thrown instanceof Suspend) {
          thrown.wait(attempt)
          return
        }
        if (!(thrown instanceof TreeCorruption)) throw thrown
        errors.set(thrown.address, thrown.message)
      }
      isDone = true
    }
    attempt()
    world.environment.runUntil(() => isDone)
  }
  return errors
}

t.test('a flipped bit anywhere is found and the block is named', async (t) => {
  const { world, leaf } = await build(11)
  const intact = world.device.peek(leaf * 4096, 4096)
  t.equal(findAll(world).size, 0)
  const offsets = [0, 3, 4, 8, 23, 24, 30, 32, 34, 36, 38, 40, 44, 48, 56, 64, 88, 111, 112, 128, 129, 2000, 3000, 4095]
  for (const offset of offsets) {
    damage(world, leaf, false, (_, bytes) => {
      bytes[offset] = (bytes[offset] as number) ^ (1 << (offset % 8))
    })
    const errors = findAll(world)
    t.strictSame([...errors.keys()], [leaf], `byte ${offset}: ${errors.get(leaf)}`)
    t.match(errors.get(leaf), new RegExp(`block ${leaf} is damaged: its (checksum|magic number)`))
    world.device.poke(leaf * 4096, intact)
  }
  t.equal(findAll(world).size, 0)
})

const FIRST_LEAF_CELL = (view: DataView) => view.getUint16(128, true)

/** Nodes with a right checksum that are not what they should be. */
const LEAF_EDITS: readonly [string, Edit, RegExp][] = [
  ['magic', (v) => v.setUint32(0, 0x1234, true), /magic number is 0x1234/],
  ['uuid', (v) => v.setUint8(12, 99), /uuid of another volume/],
  ['own address', (v) => v.setUint32(24, 4711, true), /written for block 4711/],
  ['own address, high word', (v) => v.setUint32(28, 1, true), /written for block 42949/],
  ['tree id', (v) => v.setUint16(32, TREE_ID + 1, true), /belongs to tree 8, not to 7/],
  ['level', (v) => v.setUint8(34, 1), /level is 1, and its parent expects 0/],
  ['low bound', (v) => v.setUint32(64 + 4, 1, true), /low bound is .* and its parent says/],
  ['high bound', (v) => v.setUint32(88 + 20, 77, true), /high bound is .* and its parent says/],
  ['birth', (v) => v.setUint32(48, 1000, true), /of checkpoint 1000, and the current one is/],
  ['birth in the running checkpoint', (v) => v.setUint32(48, 2, true), /of checkpoint 2, and the current one is 2/],
  ['term', (v) => v.setUint32(56, TERM + 1, true), /written in term 4, after this mover's term 3/],
  ['count', (v) => v.setUint16(36, 2500, true), /2500 cells and a cell start/],
  [
    'one more cell',
    (v) => v.setUint16(36, v.getUint16(36, true) + 1, true),
    /starts at byte|do not go together|over another/,
  ],
  ['cell start', (v) => v.setUint16(38, 60_000, true), /cell start of 60000/],
  ['cell start, off by four', (v) => v.setUint16(38, v.getUint16(38, true) - 4, true), /add up to/],
  ['garbage', (v) => v.setUint32(40, 8, true), /add up to/],
  ['offset in the header', (v) => v.setUint16(128, 64, true), /cell 0 starts at byte 64/],
  ['offset beyond the block', (v) => v.setUint16(128, 4092, true), /cell 0 starts at byte 4092/],
  ['offset not aligned', (v) => v.setUint16(128, FIRST_LEAF_CELL(v) + 2, true), /starts at byte/],
  ['two offsets alike', (v) => v.setUint16(130, FIRST_LEAF_CELL(v), true), /over another one/],
  ['value length', (v) => v.setUint32(FIRST_LEAF_CELL(v) + 24, 1025, true), /value of cell 0 has 1025 bytes/],
  ['value beyond the block', (v) => v.setUint32(FIRST_LEAF_CELL(v) + 24, 900, true), /leaves the block|over another/],
  ['key below the bound', (v) => v.setUint32(FIRST_LEAF_CELL(v), 0, true), /key of cell 0 is out of order/],
  ['key above the next', (v) => v.setUint32(FIRST_LEAF_CELL(v), 9, true), /key of cell 1 is out of order/],
  [
    'last key beyond the bound',
    (v) => v.setUint32(v.getUint16(128 + 2 * (v.getUint16(36, true) - 1), true), 9, true),
    /last key is beyond its high bound/,
  ],
]

t.test('a leaf that is sealed and wrong is refused with what differs', async (t) => {
  const { world, leaf } = await build(12)
  const intact = world.device.peek(leaf * 4096, 4096)
  for (const [name, edit, message] of LEAF_EDITS) {
    damage(world, leaf, true, edit)
    const errors = findAll(world)
    t.strictSame([...errors.keys()], [leaf], name)
    t.match(errors.get(leaf), message, name)
    world.device.poke(leaf * 4096, intact)
  }
})

/** Word of the child in cell `index` of an inner node. */
const CHILD = (v: DataView, index: number) => v.getUint16(128 + 2 * index, true) + 24

const ROOT_EDITS: readonly [string, Edit, RegExp][] = [
  ['tree id', (v) => v.setUint16(32, 1, true), /belongs to tree 1/],
  ['level', (v) => v.setUint8(34, 12), /its level is 12/],
  ['low bound', (v) => v.setUint32(64, 1, true), /low bound/],
  ['high bound', (v) => v.setUint32(88, 1, true), /high bound/],
  ['no children', (v) => v.setUint16(36, 0, true), /inner node without children/],
  ['child 0', (v) => v.setUint32(CHILD(v, 1), 0, true), /child 1 is at block 0/],
  ['child beyond the device', (v) => v.setUint32(CHILD(v, 1), 65_536, true), /child 1 is at block 65536/],
  ['child beyond 2^48', (v) => v.setUint32(CHILD(v, 1) + 4, 65_536, true), /child 1 is at block 281474976/],
  ['first key above the low bound', (v) => v.setUint32(CHILD(v, 0) - 24, 1, true), /key of cell 0 is out of order/],
]

t.test('a root that is sealed and wrong is refused', async (t) => {
  const { world, root } = await build(13)
  const intact = world.device.peek(root * 4096, 4096)
  for (const [name, edit, message] of ROOT_EDITS) {
    damage(world, root, true, edit)
    const errors = findAll(world)
    t.strictSame([...errors.keys()], [root], name)
    t.match(errors.get(root), message, name)
    world.device.poke(root * 4096, intact)
  }
})

t.test('two parents of one leaf are found, and an old version of a node in its place', async (t) => {
  const { world, root, leaf, otherLeaf } = await build(14)
  const intact = world.device.peek(root * 4096, 4096)
  damage(world, root, true, (view) => {
    for (let i = 0; i < view.getUint16(36, true); i++) {
      if (view.getUint32(CHILD(view, i), true) === otherLeaf) view.setUint32(CHILD(view, i), leaf, true)
    }
  })
  const errors = findAll(world)
  t.strictSame([...errors.keys()], [leaf])
  t.match(errors.get(leaf), new RegExp(`low bound are not those that block ${root} expects`))
  world.device.poke(root * 4096, intact)
  world.device.poke(leaf * 4096, world.device.peek(otherLeaf * 4096, 4096))
  t.match(findAll(world).get(leaf), new RegExp(`written for block ${otherLeaf}`))
})

t.test('a root outside of the device is refused without a read', async (t) => {
  const { world } = await build(15)
  const cache = openCache(world.device, world.environment, 9)
  const tree = new Tree(cache, world.space, TREE_ID, 65_536)
  t.throws(() => tree.find(new Key()), /block 65536 is damaged: it lies beyond the end of the device/)
})

/** Runs operations of every kind on a tree whose nodes may be anything; only TreeCorruption may come of it. */
function exercise(world: World, random: Random): number {
  const cache = openCache(world.device, world.environment, world.durable.epoch)
  let next = 60_000
  const space = { allocate: () => next++, drop() {}, dropUnwritten() {} }
  const tree = new Tree(cache, space, TREE_ID, world.durable.root)
  let corruptions = 0
  const value = new Uint8Array(200)
  const operations = [
    (key: Key) => tree.find(key),
    (key: Key) => tree.put(key, value, 0, random.below(200)),
    (key: Key) => tree.delete(key),
    (key: Key) => {
      const cursor = tree.cursor()
      for (let i = 0, more = cursor.seek(key); more && i < 500; i++) more = cursor.next()
      for (let i = 0, more = cursor.seekBefore(key); more && i < 500; i++) more = cursor.prev()
    },
  ]
  for (let i = 0; i < 40; i++) {
    const key = parseKey(random.pick(world.durable.model.keys))
    const operation = random.pick(operations)
    let isDone = false
    const attempt = (): void => {
      cache.beginOperation()
      try {
        operation(key)
      } catch (thrown) {
        if (thrown instanceof Suspend) {
          thrown.wait(attempt)
          return
        }
        if (!(thrown instanceof TreeCorruption)) throw thrown
        corruptions += 1
      }
      isDone = true
    }
    attempt()
    world.environment.runUntil(() => isDone)
  }
  return corruptions
}

t.test('whatever a sealed node holds, operations end and stay inside their memory', async (t) => {
  const seed = 16
  const { world, root, leaf } = await build(seed)
  const random = new Random(seed)
  let corruptions = 0
  for (let round = 0; round < 400; round++) {
    const address = random.chance(0.5) ? root : leaf
    const intact = world.device.peek(address * 4096, 4096)
    damage(world, address, true, (_, bytes) => {
      for (let i = 1 + random.below(3); i > 0; i--) {
        const at = random.chance(0.7) ? 32 + random.below(180) : random.below(4096)
        bytes[at] = random.chance(0.5) ? random.below(256) : (bytes[at] as number) ^ (1 << random.below(8))
      }
    })
    try {
      corruptions += exercise(world, random)
    } catch (error) {
      t.fail(`seed ${seed}, round ${round}: ${(error as Error).stack}`)
    }
    world.device.poke(address * 4096, intact)
  }
  t.ok(corruptions > 400, `${corruptions} corruptions reported`)
})

t.test('a walk tells each damage and goes on beside it', async (t) => {
  const { world, root, leaf, otherLeaf } = await build(17)
  damage(world, leaf, false, (view) => view.setUint8(3000, view.getUint8(3000) ^ 1))
  damage(world, root, true, (view) => {
    const count = view.getUint16(36, true)
    view.setUint32(CHILD(view, count - 1), view.getUint32(CHILD(view, count - 2), true), true)
  })
  world.device.inject({ on: 'read', code: 'IO', fromOffset: otherLeaf * 4096, toOffset: (otherLeaf + 1) * 4096 })
  const damaged: string[] = []
  let records = 0
  const options = {
    device: world.device,
    uuid: UUID,
    treeId: TREE_ID,
    root,
    epoch: world.durable.epoch,
    term: TERM,
    visitor: { damage: (error: Error) => void damaged.push(error.message), record: () => void records++ },
  }
  await settle(world.environment, walkTree(options))
  t.equal(damaged.length, 3, damaged.join('\n'))
  t.match(damaged.join('\n'), new RegExp(`block ${leaf} is damaged: its checksum`))
  t.match(damaged.join('\n'), /its low bound is/)
  t.ok(records > 200 && records < 400, `${records} records beside the damage`)
  const strict = walkTree({ ...options, visitor: {} })
  await t.rejects(settle(world.environment, strict), TreeCorruption)
  await t.rejects(settle(world.environment, walkTree({ ...options, root: 65_536, visitor: {} })), /beyond the end/)
  t.equal(await settle(world.environment, walkTree({ ...options, root: 0 })), undefined)
})

t.test('walks that share a set of blocks find a node that two trees share', async (t) => {
  const { world, root } = await build(18)
  const seen = new BlockSet()
  const options = { device: world.device, uuid: UUID, treeId: TREE_ID, root, epoch: 9, term: TERM, visitor: {}, seen }
  await settle(world.environment, walkTree(options))
  t.equal(seen.size, world.durable.blocks.size)
  await t.rejects(
    settle(world.environment, walkTree(options)),
    new RegExp(`block ${root} is damaged: it is reached twice`),
  )
})

t.test('a neighbour that is not what the parent says is not joined', async (t) => {
  const { world, root, leaf, leaves } = await build(19)
  const [misplaced, emptied] = leaves.slice(leaves.indexOf(leaf) + 1) as [number, number]
  damage(world, root, true, (view) => {
    for (let i = 0; i < view.getUint16(36, true); i++) {
      if (view.getUint32(CHILD(view, i), true) === misplaced) view.setUint32(CHILD(view, i), leaf, true)
    }
  })
  const keysOf = new Map<number, Key[]>()
  world.reopen()
  const { tree, cache } = world
  for (const name of world.model.keys) {
    const key = parseKey(name)
    try {
      world.run(() => tree.find(key))
    } catch {
      continue
    }
    const address = cache.addressOf(Math.floor(tree.valueOffset / 4096))
    keysOf.set(address, [...(keysOf.get(address) ?? []), key])
  }
  t.ok((keysOf.get(leaf)?.length ?? 0) > 5 && (keysOf.get(emptied)?.length ?? 0) > 5)
  t.notOk(keysOf.has(misplaced))
  for (const key of keysOf.get(emptied) ?? []) t.ok(world.run(() => tree.delete(key)))
  t.ok(world.space.live.has(leaf))
  for (const key of keysOf.get(leaf) ?? []) t.ok(world.run(() => tree.find(key)))
})
