import t from 'tap'
import { Key } from '../../mover/volume/tree/key.ts'
import { PAYLOAD_BYTES } from '../../mover/volume/tree/node-layout.ts'
import { NODES_PER_DELETE, NODES_PER_PUT } from '../../mover/volume/tree/tree.ts'
import { randomBytes, World } from '../property/tree-fixture.ts'

const keyOf = (i: number, first = 1) => new Key().set(first, i, 0, 0, 0, 0)
const INFINITE = new Key().set(-1, -1, -1, -1, -1, -1)

function fill(world: World, count: number, length = 100, first = 1): void {
  for (let i = 0; i < count; i++) world.run(() => world.put(keyOf(i, first), randomBytes(world.random, length)))
}

/** Checkpoints and returns the leaves' used bytes, in key order. */
async function leafFill(world: World): Promise<number[]> {
  world.checkpoint()
  const nodes = await world.checkImage(world.durable)
  return nodes.filter((node) => node.level === 0).map((node) => node.usedBytes)
}

t.test('ascending inserts leave full leaves, at the end of the tree and inside', async (t) => {
  const world = new World(1)
  fill(world, 200, 60, 1)
  fill(world, 200, 60, 9)
  await leafFill(world)
  fill(world, 3000, 60, 5)
  const used = await leafFill(world)
  const poor = used.filter((bytes) => bytes < PAYLOAD_BYTES - 90)
  t.ok(used.length > 70 && poor.length <= 5, `${poor.length} of ${used.length} leaves are not full: ${poor}`)
})

t.test('random inserts leave leaves that are two thirds full on average', async (t) => {
  const world = new World(2)
  for (let i = 0; i < 3000; i++) world.run(() => world.put(keyOf(world.random.u32()), new Uint8Array(60)))
  const used = await leafFill(world)
  const average = used.reduce((sum, bytes) => sum + bytes, 0) / used.length
  t.ok(average > PAYLOAD_BYTES * 0.6, `${average}`)
})

t.test('a tree whose records are all deleted is gone', async (t) => {
  const orders: Record<string, (world: World, i: number) => number> = {
    ascending: (_, i) => i,
    descending: (_, i) => 3999 - i,
    scattered: (_, i) => (i * 1777) % 4000,
  }
  for (const [name, order] of Object.entries(orders)) {
    const world = new World(3)
    fill(world, 4000, 30)
    world.checkpoint()
    for (let i = 0; i < 4000; i++) world.run(() => world.delete(keyOf(order(world, i))))
    t.equal(world.tree.root, 0, name)
    t.equal(world.space.live.size, 0, name)
    t.equal(world.tree.find(keyOf(0)), false)
    t.equal(world.tree.cursor().seek(keyOf(0)), false)
    t.equal(world.tree.cursor().seekBefore(keyOf(0)), false)
    world.checkpoint()
    t.equal(world.durable.root, 0)
    await world.checkImage(world.durable)
    fill(world, 10)
    world.checkpoint()
    await world.checkImage(world.durable)
  }
})

t.test('sparse leaves are joined, and the tree loses levels', async (t) => {
  const world = new World(4)
  fill(world, 9000, 30)
  world.checkpoint()
  const before = await world.checkImage(world.durable)
  t.equal(before[0]?.level, 2)
  for (let i = 0; i < 9000; i++) if (i % 90 !== 0) world.run(() => world.delete(keyOf(i)))
  const used = await leafFill(world)
  t.ok(used.length <= 5, `${used.length} leaves for 100 records`)
  t.equal((await world.checkImage(world.durable))[0]?.level, 1)
})

t.test('a leaf that is emptied is joined with a full neighbour in memory', async (t) => {
  const world = new World(12)
  fill(world, 1000)
  const leaves = (await leafFill(world)).length
  // 30 records fill a leaf.
  for (let i = 390; i < 420; i++) world.run(() => world.delete(keyOf(i)))
  const used = await leafFill(world)
  t.ok(used.length === leaves - 1 && used.every((bytes) => bytes > 0), `${used.length} of ${leaves} leaves: ${used}`)
})

t.test('a shorter value leaves nothing of the longer one behind it', async (t) => {
  const world = new World(13)
  const key = keyOf(1)
  world.run(() => world.put(key, Uint8Array.of(0xaa, 0xbb, 0xcc, 0xdd)))
  world.run(() => world.put(key, Uint8Array.of(1)))
  world.checkpoint()
  const block = world.device.peek(world.durable.root * 4096, 4096)
  t.strictSame([...block.subarray(4092)], [1, 0, 0, 0])
  t.equal(block.indexOf(0xbb, 112), -1)
})

t.test('an empty leaf without neighbours in memory stays and serves; touchForDelete has it joined', async (t) => {
  for (const careful of [false, true]) {
    const world = new World(5)
    fill(world, 600)
    const leaves = (await leafFill(world)).length
    world.reopen({ capacityNodes: 2 })
    const doomed = Array.from({ length: 200 }, (_, i) => keyOf(200 + i))
    for (const key of doomed) {
      world.run(() => {
        if (careful) world.tree.touchForDelete(key)
        else world.tree.touch(key)
        world.delete(key)
      })
      world.checkpoint()
    }
    const used = await leafFill(world)
    const empty = used.filter((bytes) => bytes === 0).length
    if (careful) t.ok(empty === 0 && used.length < leaves - 4, `${empty} of ${used.length} leaves are empty`)
    else t.ok(empty > 3, `${empty} of ${used.length} leaves are empty`)
    const cursor = world.tree.cursor()
    t.ok(world.run(() => cursor.seek(keyOf(200)) && cursor.key.compare(keyOf(400)) === 0))
    t.ok(world.run(() => cursor.seekBefore(keyOf(400)) && cursor.key.compare(keyOf(199)) === 0))
    for (const key of doomed) world.run(() => world.put(key, new Uint8Array(10)))
    world.checkpoint()
    await world.checkImage(world.durable)
  }
})

t.test('a change copies its path once an epoch, and no more', async (t) => {
  const world = new World(6)
  fill(world, 1000)
  world.checkpoint()
  const count = (change: () => void): number => {
    const before = world.space.allocations
    world.run(change)
    return world.space.allocations - before
  }
  const value = new Uint8Array(100)
  t.equal(
    count(() => world.put(keyOf(500), value)),
    2,
    'root and leaf',
  )
  t.equal(
    count(() => world.put(keyOf(501), value)),
    0,
    'the same path again',
  )
  t.equal(
    count(() => world.delete(keyOf(999))),
    1,
    'another leaf',
  )
  t.equal(
    count(() => world.delete(keyOf(999))),
    0,
    'a record that is not there',
  )
  world.checkpoint()
  t.equal(
    count(() => world.delete(keyOf(5000))),
    0,
    'a record that is not there',
  )
  t.equal(
    count(() => world.delete(keyOf(0))),
    2,
  )
  t.equal(NODES_PER_PUT, 25)
  t.equal(NODES_PER_DELETE, 12)
})

t.test('values keep their bytes when they grow, shrink and fill a node with garbage', async () => {
  const world = new World(7)
  for (let i = 0; i < 2000; i++) {
    const key = keyOf(world.random.below(8))
    world.run(() => world.put(key, randomBytes(world.random, world.random.below(700))))
    for (const name of world.model.keys) {
      const expected = world.model.values.get(name)
      const key = keyOf(Number.parseInt(name.slice(9, 17), 16))
      if (!world.tree.find(key) || world.tree.valueLength !== expected?.length) throw new Error(`${name} after ${i}`)
    }
  }
  world.checkpoint()
  await world.checkImage(world.durable)
})

t.test('a value of the tree itself may be put under another key', async () => {
  const world = new World(8)
  fill(world, 30, 120)
  world.checkpoint()
  for (let i = 0; i < 200; i++) {
    const from = keyOf(world.random.below(30))
    const to = keyOf(world.random.below(200))
    const value = world.model.values.get(from.toString()) as Uint8Array
    world.run(() => {
      world.tree.find(from)
      world.tree.put(to, world.tree.bytes, world.tree.valueOffset, world.tree.valueLength)
      world.model.put(to.toString(), value)
    })
  }
  world.checkpoint()
  await world.checkImage(world.durable)
})

t.test('impossible records are refused', async (t) => {
  const world = new World(9)
  const value = new Uint8Array(2000)
  t.throws(() => world.tree.put(keyOf(1), value, 0, 1025), RangeError)
  t.throws(() => world.tree.put(keyOf(1), value, 0, -1), RangeError)
  t.throws(() => world.tree.put(keyOf(1), value, 0, Number.NaN), RangeError)
  t.throws(() => world.tree.put(INFINITE, value, 0, 1), RangeError)
  t.equal(world.tree.root, 0)
  t.equal(world.space.allocations, 0)
})

t.test('the ends of the tree', async (t) => {
  const world = new World(10)
  const last = new Key().set(-1, -1, -1, -1, -1, -2)
  const first = new Key().set(0, 0, 0, 0, 0, 0)
  fill(world, 500)
  world.run(() => world.put(last, new Uint8Array(0)))
  world.run(() => world.put(first, new Uint8Array(1024)))
  world.checkpoint()
  await world.checkImage(world.durable)
  const cursor = world.tree.cursor()
  t.ok(cursor.seekBefore(INFINITE) && cursor.key.compare(last) === 0 && cursor.valueLength === 0)
  t.ok(cursor.seek(first) && cursor.key.compare(first) === 0 && cursor.valueLength === 1024)
  t.notOk(cursor.seek(INFINITE))
  t.notOk(cursor.seekBefore(first))
})

t.test('a cursor that cannot be moved says so', async (t) => {
  const world = new World(11)
  fill(world, 100)
  const cursor = world.tree.cursor()
  t.throws(() => cursor.next(), /stands nowhere/)
  t.ok(cursor.seek(keyOf(50)))
  t.ok(cursor.next() && cursor.prev() && cursor.prev())
  t.equal(cursor.key.compare(keyOf(49)), 0)
  world.tree.put(keyOf(7), new Uint8Array(1), 0, 1)
  t.throws(() => cursor.next(), /its tree or the operation had changed/)
  t.ok(cursor.seek(keyOf(50)))
  world.cache.beginOperation()
  t.throws(() => cursor.prev(), /its tree or the operation had changed/)
  t.notOk(cursor.seek(keyOf(100)))
  t.throws(() => cursor.next(), /stands nowhere/)
})

t.test('keys compare as unsigned words, the first one most', async (t) => {
  const low = new Key().set(1, 0xffff_ffff, 0, 0, 0, 0)
  const high = new Key().set(1, 0xffff_ffff, 0x8000_0000, 0, 0, 0)
  t.ok(low.compare(high) < 0 && high.compare(low) > 0)
  t.equal(new Key().copyFrom(low).compare(low), 0)
  t.ok(INFINITE.isInfinite && !low.isInfinite)
  t.equal(`${high}`, '00000001.ffffffff.80000000.00000000.00000000.00000000')
})
