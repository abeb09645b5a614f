import t from 'tap'
import { Suspend } from '../../mover/suspend.ts'
import { NodeCacheFull, TreeCorruption } from '../../mover/volume/tree/corruption.ts'
import { Key } from '../../mover/volume/tree/key.ts'
import { Tree } from '../../mover/volume/tree/tree.ts'
import type { RequestInfo } from '../crash/fault-device.ts'
import { openCache, randomBytes, TREE_ID, World, type WorldOptions } from '../property/tree-fixture.ts'

const keyOf = (i: number) => new Key().set(1, i, 0, 0, 0, 0)

function fill(world: World, count: number, length = 100): void {
  for (let i = 0; i < count; i++) world.run(() => world.put(keyOf(i), randomBytes(world.random, length)))
}

/** The durable tree of `world`, seen through an empty cache. */
function reopen(world: World, options: WorldOptions = {}) {
  const cache = openCache(world.device, world.environment, world.durable.epoch, options)
  const tree = new Tree(cache, world.space, TREE_ID, world.durable.root)
  const outcomes: string[] = []
  const start = (label: string, operation: () => unknown): void => {
    const attempt = (): void => {
      cache.beginOperation()
      try {
        outcomes.push(`${label} ${operation()}`)
      } catch (thrown) {
        if (thrown instanceof Suspend) thrown.wait(attempt)
        else outcomes.push(`${label} ${(thrown as Error).constructor.name}`)
      }
    }
    attempt()
  }
  return { cache, tree, outcomes, start }
}

/** Block of the leaf that holds `key`, of a tree with two levels whose path is in memory. */
function leafOf(tree: Tree, key: Key): number {
  tree.find(key)
  return tree.cache.addressOf(Math.floor(tree.valueOffset / 4096))
}

t.test('a node is read once for all that wait for it', async (t) => {
  const world = new World(1)
  fill(world, 300)
  world.checkpoint()
  const { tree, outcomes, start } = reopen(world)
  const before = world.device.readCount
  for (let i = 0; i < 5; i++) start(`${i}`, () => tree.find(keyOf(7)))
  t.strictSame(outcomes, [])
  world.environment.runUntilIdle()
  t.strictSame(outcomes, ['0 true', '1 true', '2 true', '3 true', '4 true'])
  t.equal(world.device.readCount - before, 2, 'the root and the leaf')
})

t.test('a Suspend may be waited for late', async (t) => {
  const world = new World(2)
  fill(world, 3)
  world.checkpoint()
  const { tree, start, outcomes } = reopen(world)
  let late: Suspend | null = null
  try {
    tree.find(keyOf(1))
  } catch (thrown) {
    late = thrown as Suspend
  }
  start('other', () => tree.find(keyOf(1)))
  world.environment.runUntilIdle()
  t.strictSame(outcomes, ['other true'])
  let resumed = 0
  late?.wait(() => resumed++)
  t.equal(resumed, 0, 'not before wait has returned')
  world.environment.runUntilIdle()
  t.equal(resumed, 1)
})

t.test('a failed read is thrown by each operation that waited, and tried again by the next', async (t) => {
  const world = new World(3)
  fill(world, 300)
  world.checkpoint()
  const { tree, outcomes, start } = reopen(world)
  world.device.inject({ on: 'read', code: 'IO', times: 2 })
  start('a', () => tree.find(keyOf(7)))
  start('b', () => tree.find(keyOf(7)))
  world.environment.runUntilIdle()
  t.strictSame(outcomes, ['a DeviceError', 'b DeviceError'])
  start('c', () => tree.find(keyOf(7)))
  world.environment.runUntilIdle()
  t.equal(outcomes[2], 'c true')
})

t.test('damage is remembered, until it is forgotten on request', async (t) => {
  const world = new World(4)
  fill(world, 3)
  world.checkpoint()
  const { root } = world.durable
  const intact = world.device.peek(root * 4096, 4096)
  world.device.poke(root * 4096 + 200, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
  const { cache, tree, outcomes, start } = reopen(world)
  start('a', () => tree.find(keyOf(1)))
  world.environment.runUntilIdle()
  world.device.poke(root * 4096, intact)
  const reads = world.device.readCount
  t.throws(() => tree.find(keyOf(1)), TreeCorruption)
  t.throws(() => tree.find(keyOf(2)), TreeCorruption)
  t.equal(world.device.readCount, reads)
  cache.loader.forgetFailure(root)
  start('b', () => tree.find(keyOf(1)))
  world.environment.runUntilIdle()
  t.strictSame(outcomes, ['a TreeCorruption', 'b true'])
})

t.test('what an operation has touched stays, even beyond the capacity', async (t) => {
  const world = new World(5)
  fill(world, 600)
  world.checkpoint()
  const { cache, tree, outcomes, start } = reopen(world, { capacityNodes: 3 })
  const keys = Array.from({ length: 15 }, (_, i) => keyOf(i * 40))
  start('all', () => {
    for (const key of keys) tree.touch(key)
    return keys.every((key) => tree.find(key))
  })
  world.environment.runUntilIdle()
  t.strictSame(outcomes, ['all true'])
  t.ok(cache.usedNodes > 12, `${cache.usedNodes} nodes`)
  for (let i = 0; i < 60; i++) {
    start('one', () => tree.find(keyOf(i * 10)))
    world.environment.runUntilIdle()
  }
  t.equal(cache.usedNodes, 3, 'the cache has shrunk to its capacity')
})

t.test('nodes of recent operations are protected', async (t) => {
  const world = new World(6)
  fill(world, 600)
  world.checkpoint()
  for (const [protectedOperations, expected] of [
    [0, 3],
    [8, 9],
  ] as const) {
    const { cache, tree, start } = reopen(world, { capacityNodes: 3, protectedOperations })
    for (let i = 0; i < 60; i++) {
      start('one', () => tree.find(keyOf(((i * 37) % 60) * 10)))
      world.environment.runUntilIdle()
    }
    t.ok(Math.abs(cache.usedNodes - expected) <= 3, `${protectedOperations}: ${cache.usedNodes} nodes`)
  }
})

t.test('the clock gives what is used a second chance', async (t) => {
  const world = new World(7)
  fill(world, 2000)
  world.checkpoint()
  const { tree, start } = reopen(world, { capacityNodes: 20 })
  let reads = 0
  for (let i = 0; i < 300; i++) {
    start('hot', () => tree.find(keyOf(5)))
    world.environment.runUntilIdle()
    const before = world.device.readCount
    start('hot again', () => tree.find(keyOf(5)))
    reads += world.device.readCount - before
    start('cold', () => tree.find(keyOf((i * 331) % 2000)))
    world.environment.runUntilIdle()
  }
  const before = world.device.readCount
  for (let i = 0; i < 100; i++) {
    start('hot', () => tree.find(keyOf(5)))
    world.environment.runUntilIdle()
    start('cold', () => tree.find(keyOf((i * 331) % 2000)))
    world.environment.runUntilIdle()
  }
  t.equal(reads, 0)
  t.ok(world.device.readCount - before <= 100, `${world.device.readCount - before} reads for 100 cold lookups`)
})

t.test('unwritten nodes are kept beyond the capacity, and go when they are written', async (t) => {
  const world = new World(8, { capacityNodes: 4 })
  fill(world, 400)
  t.ok(world.cache.dirtyCount > 10)
  t.equal(world.cache.usedNodes, world.cache.dirtyCount)
  t.equal(world.suspends, 0, 'nothing had to be read')
  world.checkpoint()
  t.equal(world.cache.dirtyCount, 0)
  const before = world.cache.usedNodes
  for (let i = 400; i < 1200; i++) {
    world.run(() => world.put(keyOf(i), new Uint8Array(100)))
    if (i % 10 === 0) world.checkpoint()
  }
  t.ok(before > 10 && world.cache.usedNodes <= 6, `${before} nodes before, ${world.cache.usedNodes} after`)
})

t.test('a full cache refuses a change before anything has been changed', async (t) => {
  const world = new World(9, { capacityNodes: 8, limitNodes: 24 })
  let full: unknown = null
  let count = 0
  while (full === null && count < 2000) {
    try {
      world.run(() => world.put(keyOf(count), randomBytes(world.random, 500)))
      count += 1
    } catch (error) {
      full = error
    }
  }
  t.ok(full instanceof NodeCacheFull)
  t.match((full as Error).message, /24 nodes, \d+ changed and 0 waiting/)
  world.checkpoint()
  await world.checkImage(world.durable)
  fill(world, 3)
  world.checkpoint()
  await world.checkImage(world.durable)
})

t.test('so does it with a delete, while frozen nodes fill it', async (t) => {
  const world = new World(16, { capacityNodes: 24, limitNodes: 24 })
  fill(world, 90, 500)
  world.freeze()
  let full: unknown = null
  let count = 0
  for (; full === null && count < 90; count += 7) {
    try {
      world.run(() => world.delete(keyOf(count)))
    } catch (error) {
      full = error
    }
  }
  t.ok(full instanceof NodeCacheFull, `after ${count}`)
  let isDone = false
  world.writeSome(100, () => world.finish(() => (isDone = true)))
  world.environment.runUntil(() => isDone)
  await world.checkImage(world.durable)
  world.run(() => world.delete(keyOf(89)))
  world.checkpoint()
  await world.checkImage(world.durable)
})

t.test('when nothing can be evicted a read fails instead of waiting for ever', async (t) => {
  const world = new World(10, { limitNodes: 32, capacityNodes: 32 })
  fill(world, 100)
  world.checkpoint()
  const { cache, tree, outcomes, start } = reopen(world, { limitNodes: 3, capacityNodes: 3 })
  start('all', () => {
    for (let i = 0; i < 100; i += 20) tree.touch(keyOf(i))
  })
  world.environment.runUntilIdle()
  t.strictSame(outcomes, ['all NodeCacheFull'])
  t.equal(cache.usedNodes, 3)
})

t.test('more operations than there are slots may read at the same time', async (t) => {
  const world = new World(17)
  fill(world, 4000)
  world.checkpoint()
  const { cache, tree, outcomes, start } = reopen(world, { limitNodes: 40, capacityNodes: 40 })
  for (let i = 0; i < 4000; i += 10) start('', () => tree.find(keyOf(i)))
  world.environment.runUntilIdle()
  t.strictSame(
    outcomes,
    Array.from({ length: 400 }, () => ' true'),
  )
  t.ok(cache.usedNodes <= 40)
})

t.test('that one operation needs too many nodes is no failure of others', async (t) => {
  const world = new World(18)
  fill(world, 4000)
  world.checkpoint()
  /** Runs an operation that fills the cache, for some steps at most; returns how many it took to fail. */
  const fillUp = (mostSteps: number) => {
    const opened = reopen(world, { limitNodes: 64, capacityNodes: 64 })
    opened.start('greedy', () => {
      for (let i = 0; i < 4000; i += 20) opened.tree.touch(keyOf(i))
    })
    let steps = 0
    while (opened.outcomes.length === 0 && steps < mostSteps && world.environment.step()) steps++
    return { ...opened, steps }
  }
  const { outcomes, steps } = fillUp(1000)
  t.strictSame(outcomes, ['greedy NodeCacheFull'])
  // Others want the very nodes at which it is about to fail.
  for (const before of [1, 2]) {
    const { tree, outcomes, start } = fillUp(steps - before)
    for (let i = 0; i < 4000; i += 20) start('other', () => tree.find(keyOf(i)))
    world.environment.runUntilIdle()
    const others = outcomes.filter((outcome) => outcome.startsWith('other'))
    t.strictSame(
      others,
      Array.from({ length: 200 }, () => 'other true'),
    )
  }
})

t.test('frozen nodes are written in order, neighbours together, at most 1 MiB at once', async (t) => {
  const world = new World(11)
  let next = 10
  world.space.allocate = () => {
    next += next === 400 ? 2 : 1
    world.space.live.set(next, world.space.epoch)
    return next
  }
  fill(world, 2000, 900)
  const count = world.cache.dirtyCount
  world.freeze()
  const writes: RequestInfo[] = []
  world.device.onWrite = (info) => void writes.push(info)
  let remaining = -1
  world.writeSome(300, (left) => (remaining = left))
  t.equal(remaining, -1, 'not done before the method has returned')
  world.environment.runUntilIdle()
  t.equal(remaining, count - 300)
  t.equal(world.cache.frozenCount, count - 300)
  t.strictSame(
    writes.map(({ offset, length, lane }) => [offset / 4096, length / 4096, lane]),
    [
      [11, 256, 'data'],
      [267, 44, 'data'],
    ],
  )
  world.writeSome(1000, (left) => (remaining = left))
  world.environment.runUntilIdle()
  t.equal(remaining, 0)
  t.strictSame(
    writes.slice(2).map(({ offset, length }) => [offset / 4096, length / 4096]),
    [
      [311, 90],
      [402, count - 390],
    ],
  )
  let isDone = false
  world.writeSome(10, (left) => (isDone = left === 0))
  t.notOk(isDone)
  world.environment.runUntilIdle()
  t.ok(isDone, 'nothing to write is done, later')
})

t.test('one frozen set, one writer at a time', async (t) => {
  const world = new World(12)
  fill(world, 100)
  world.freeze()
  t.throws(() => world.cache.freeze(), /before its last checkpoint was written/)
  world.writeSome(1, () => {})
  t.throws(() => world.writeSome(1, () => {}), /again before it was done/)
  t.throws(() => world.cache.freeze(), /before its last checkpoint was written/)
})

t.test('a failed write is told and tried again', async (t) => {
  const world = new World(13)
  let next = 1000
  world.space.allocate = () => {
    next -= 2
    world.space.live.set(next, world.space.epoch)
    return next
  }
  fill(world, 300)
  world.freeze()
  const count = world.cache.frozenCount
  world.device.inject({ on: 'write', code: 'NOSPC', skip: 2, times: Number.POSITIVE_INFINITY })
  let result: [string | undefined, number] = ['', 0]
  const write = (): void => world.cache.writeFrozen(1000, (error, left) => (result = [error?.code, left]))
  write()
  world.environment.runUntilIdle()
  t.equal(result[0], 'NOSPC')
  t.ok(result[1] > 0 && result[1] < count, `${result[1]} of ${count} remain`)
  t.equal(world.cache.frozenCount, result[1])
  t.throws(() => world.cache.freeze(), /before its last/)
  world.device.clearFaults()
  const offsets: number[] = []
  world.device.onWrite = (info) => void offsets.push(info.offset)
  write()
  world.environment.runUntilIdle()
  t.strictSame(result, [undefined, 0])
  t.ok(offsets.length > 3)
  t.strictSame(
    offsets,
    offsets.toSorted((a, b) => a - b),
  )
  world.finish(() => {})
  world.environment.runUntilIdle()
  await world.checkImage(world.durable)
})

t.test('a frozen node that is changed or dropped is written all the same, and its slot is free then', async (t) => {
  const world = new World(14)
  fill(world, 300)
  world.freeze()
  const frozen = world.cache.frozenCount
  world.run(() => world.put(keyOf(0), randomBytes(world.random, 3)))
  for (let i = 100; i < 300; i++) world.run(() => world.delete(keyOf(i)))
  t.equal(world.cache.frozenCount, frozen)
  t.ok(world.cache.usedNodes > frozen)
  const write = (): void => world.writeSome(3, (left) => (left > 0 ? write() : world.finish(() => {})))
  write()
  world.environment.runUntilIdle()
  t.equal(world.durable.blocks.size, frozen)
  await world.checkImage(world.durable)
  t.equal(world.cache.usedNodes, world.space.live.size)
  world.checkpoint()
  await world.checkImage(world.durable)
})

t.test('reads ahead of a scan, and prefetch, put reads side by side', async (t) => {
  const world = new World(15)
  fill(world, 1500)
  world.checkpoint()
  const { tree, outcomes, start } = reopen(world)
  let runs = 0
  start('scan', () => {
    runs += 1
    const cursor = tree.cursor()
    let count = 0
    for (let more = cursor.seek(keyOf(0)); more; more = cursor.next()) count += 1
    return count
  })
  world.environment.runUntilIdle()
  t.strictSame(outcomes, ['scan 1500'])
  const leaves = world.device.readCount - 1
  t.ok(leaves > 35 && runs < leaves * 0.6, `${runs} runs for ${leaves} leaves`)

  const other = reopen(world)
  other.start('root', () => other.tree.find(keyOf(0)))
  world.environment.runUntilIdle()
  const before = world.device.readCount
  const keys = [100, 500, 900, 1300].map(keyOf)
  t.strictSame(
    keys.map((key) => other.tree.prefetch(key)),
    [false, false, false, false],
  )
  t.equal(world.device.readCount - before, 4)
  world.environment.runUntilIdle()
  t.ok(keys.every((key) => other.tree.prefetch(key) && other.tree.find(key)))
  t.equal(new Set(keys.map((key) => leafOf(other.tree, key))).size, 4)
  t.equal(world.device.readCount - before, 4)
})
