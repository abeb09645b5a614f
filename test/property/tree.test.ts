import fc from 'fast-check'
import t from 'tap'
import { Suspend } from '../../mover/suspend.ts'
import { Key } from '../../mover/volume/tree/key.ts'
import { NODES_PER_DELETE, NODES_PER_PUT } from '../../mover/volume/tree/tree.ts'
import { Random } from '../crash/random.ts'
import { expectValue, parseKey, randomBytes, World } from './tree-fixture.ts'

/** Records of a long scan: many nodes. Not all there are, because a scan begins anew after each node that it waits for. */
const LONG_SCAN = 500
/** Words on both sides of every sign and carry that a comparison could get wrong. */
const EDGE_WORDS = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]

interface Mix {
  readonly name: string
  readonly capacityNodes: number
  readonly protectedOperations: number
  /** Operations that run at the same time at most. */
  readonly concurrency: number
  readonly steps: number
  readonly maxValueBytes: number
  /** Different values of a key's first, third and last word. */
  readonly keys: readonly [number, number, number]
  /** Records at the start. */
  readonly prefilled: number
  /** Levels that the tree must reach. */
  readonly levels: number
  readonly faults: boolean
}

const MIXES: readonly Mix[] = [
  {
    name: 'tiny cache, one operation at a time, large values',
    capacityNodes: 6,
    protectedOperations: 0,
    concurrency: 1,
    steps: 2500,
    maxValueBytes: 1024,
    keys: [3, 4, 40],
    prefilled: 0,
    levels: 2,
    faults: false,
  },
  {
    name: 'tiny cache, many operations, mixed values',
    capacityNodes: 12,
    protectedOperations: 2,
    concurrency: 12,
    steps: 4000,
    maxValueBytes: 400,
    keys: [5, 6, 100],
    prefilled: 200,
    levels: 2,
    faults: false,
  },
  {
    name: 'three levels, small values, device errors',
    capacityNodes: 40,
    protectedOperations: 8,
    concurrency: 6,
    steps: 6000,
    maxValueBytes: 40,
    keys: [5, 50, 2000],
    prefilled: 9000,
    levels: 3,
    faults: true,
  },
]

class Run {
  readonly world: World
  readonly mix: Mix
  /** 0 grows the tree, 1 shrinks it: both directions must be driven far. */
  phase = 0
  checkpoints = 0
  levels = 0
  #isWriting = false

  constructor(seed: number, mix: Mix) {
    this.mix = mix
    this.world = new World(seed, { ...mix, limitNodes: 4096 })
  }

  get random(): Random {
    return this.world.random
  }

  key(): Key {
    const { random, mix } = this
    const word = (bound: number) => (random.chance(0.02) ? random.pick(EDGE_WORDS) : random.below(bound))
    const [first, third, last] = mix.keys
    const key = new Key().set(word(first), 0, word(third), random.chance(0.01) ? random.u32() : 0, 0, word(last))
    return key.isInfinite ? this.key() : key
  }

  /** A key that is there more often than not. */
  knownKey(): Key {
    const { keys } = this.world.model
    return keys.length === 0 || this.random.chance(0.1) ? this.key() : parseKey(this.random.pick(keys))
  }

  value(): Uint8Array {
    const { random, mix } = this
    return randomBytes(random, random.chance(0.05) ? mix.maxValueBytes : random.below(mix.maxValueBytes + 1))
  }

  step(): void {
    const { random, world } = this
    if (random.chance(0.003)) this.phase = 1 - this.phase
    const dice = random.float()
    if (dice < 0.5) this.startChange()
    else if (dice < 0.65) this.startFind()
    else if (dice < 0.8) this.startScan()
    else if (dice < 0.84) this.startFreeze()
    else if (dice < 0.9) this.continueCheckpoint()
    else world.environment.step()
    while (world.pending >= this.mix.concurrency) world.environment.step()
  }

  /** Several changes in one operation: after the touches none of them may suspend. */
  startChange(): void {
    const { random, world } = this
    const changes = Array.from({ length: 1 + random.below(4) }, () => {
      const isDelete = random.chance(this.phase === 0 ? 0.25 : 0.75)
      return { key: isDelete ? this.knownKey() : this.key(), value: isDelete ? null : this.value() }
    })
    const careful = random.chance(0.3)
    this.start(() => {
      for (const { key, value } of changes) {
        if (careful && random.chance(0.5)) world.tree.prefetch(key)
        if (value === null && careful) world.tree.touchForDelete(key)
        else world.tree.touch(key)
      }
      try {
        for (const { key, value } of changes) this.change(key, value)
      } catch (thrown) {
        if (thrown instanceof Suspend) throw new Error('a change suspended after all its keys had been touched')
        throw thrown
      }
    })
  }

  change(key: Key, value: Uint8Array | null): void {
    const { world } = this
    const before = world.space.allocations
    if (value === null) world.delete(key)
    else world.put(key, value)
    const allocated = world.space.allocations - before
    if (allocated > (value === null ? NODES_PER_DELETE : NODES_PER_PUT)) throw new Error(`${allocated} blocks`)
  }

  startFind(): void {
    const { world } = this
    const key = this.random.chance(0.5) ? this.knownKey() : this.key()
    this.start(() => {
      const expected = world.model.values.get(key.toString())
      if (world.tree.find(key) !== (expected !== undefined)) throw new Error(`find ${key}: ${expected !== undefined}`)
      if (expected !== undefined) {
        expectValue(key.toString(), expected, world.tree.bytes, world.tree.valueOffset, world.tree.valueLength)
      }
    })
  }

  startScan(): void {
    const { random, world } = this
    const key = random.chance(0.5) ? this.knownKey() : this.key()
    const isForward = random.chance(0.5)
    const length = random.chance(0.05) ? LONG_SCAN : random.below(60)
    this.start(() => scan(world, key, isForward, length))
  }

  startFreeze(): void {
    const { world } = this
    if (world.frozen !== null) return
    world.freeze()
    this.checkpoints += 1
  }

  continueCheckpoint(): void {
    const { world, random } = this
    if (world.frozen === null || this.#isWriting) return
    this.#isWriting = true
    if (this.mix.faults && random.chance(0.2)) world.device.inject({ on: 'write', code: 'IO' })
    world.writeSome(1 + random.below(30), (remaining) => {
      world.device.clearFaults()
      if (remaining === 0) world.finish(() => (this.#isWriting = false))
      else this.#isWriting = false
    })
  }

  /** Starts an operation; now and then the device fails the next read. */
  start(operation: () => void): void {
    const { device } = this.world
    if (this.mix.faults && this.random.chance(0.01)) device.inject({ on: 'read', code: 'IO' })
    this.world.start(operation)
  }

  prefill(): void {
    for (let i = 0; i < this.mix.prefilled; i++) {
      const key = this.key()
      const value = this.value()
      this.world.run(() => this.world.put(key, value))
    }
    this.world.checkpoint()
    if (this.mix.faults) this.world.deviceErrors = 0
  }

  finishCheckpoint(): void {
    const { world } = this
    while (world.frozen !== null) {
      this.continueCheckpoint()
      world.environment.step()
    }
    world.environment.runUntilIdle()
    // One that no operation has run into is not for the checks.
    world.device.clearFaults()
  }
}

function scan(world: World, key: Key, isForward: boolean, length: number): void {
  const { keys, values } = world.model
  const cursor = world.tree.cursor()
  let index = world.model.indexOf(key.toString())
  if (!isForward) index -= 1
  let isThere = isForward ? cursor.seek(key) : cursor.seekBefore(key)
  for (let i = 0; ; i++) {
    const expected = keys[index]
    if (isThere !== (expected !== undefined)) throw new Error(`scan from ${key}: ${expected} should be at ${index}`)
    if (expected === undefined || i >= length) return
    if (cursor.key.toString() !== expected) throw new Error(`scan from ${key}: ${cursor.key}, should be ${expected}`)
    expectValue(expected, values.get(expected), cursor.bytes, cursor.valueOffset, cursor.valueLength)
    isThere = isForward ? cursor.next() : cursor.prev()
    index += isForward ? 1 : -1
  }
}

async function runMix(seed: number, mix: Mix): Promise<Run> {
  const run = new Run(seed, mix)
  const { world } = run
  run.prefill()
  for (let i = 0; i < mix.steps; i++) {
    run.step()
    if (i % 500 !== 250) continue
    // What a power cut at this moment leaves must hold the last durable checkpoint, whole.
    const image = world.device.crashImage(world.random)
    const nodes = await world.checkImage(world.durable, image)
    run.levels = Math.max(run.levels, ...nodes.map((node) => node.level + 1))
  }
  world.environment.runUntil(() => world.pending === 0)
  run.finishCheckpoint()
  await world.checkImage(world.durable)
  world.checkpoint()
  const nodes = await world.checkImage(world.durable)
  const { size } = world.space.live
  if (nodes.length !== size) throw new Error(`${size} blocks allocated and not dropped, ${nodes.length} reached`)
  if (world.cache.dirtyCount !== 0 || world.cache.frozenCount !== 0) throw new Error('nodes are left to be written')
  return run
}

for (const mix of MIXES) {
  t.test(mix.name, async (t) => {
    for (let i = 0; i < 4; i++) {
      const seed = 1000 * i + mix.steps
      t.comment(`seed ${seed}`)
      try {
        const run = await runMix(seed, mix)
        t.ok(run.world.suspends > 50, `seed ${seed}: ${run.world.suspends} suspends`)
        t.ok(run.checkpoints > 5, `seed ${seed}: ${run.checkpoints} checkpoints`)
        t.ok(run.levels >= mix.levels, `seed ${seed}: ${run.levels} levels`)
        if (mix.faults) t.ok((run.world.deviceErrors ?? 0) > 5, `seed ${seed}: ${run.world.deviceErrors} failed reads`)
      } catch (error) {
        t.fail(`seed ${seed}: ${error instanceof Error ? error.stack : error}`)
      }
    }
  })
}

const wordArbitrary = fc.oneof(fc.nat(3), fc.constantFrom(...EDGE_WORDS))
const commandArbitrary = fc.record({
  word: fc.tuple(wordArbitrary, fc.nat(8)),
  kind: fc.constantFrom('put', 'put', 'put', 'delete', 'delete', 'checkpoint', 'scan', 'back'),
  length: fc.oneof(fc.nat(1024), fc.constantFrom(0, 1, 3, 4, 1023, 1024)),
})

t.test('any short history equals the model', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.array(commandArbitrary, { maxLength: 120, size: 'max' }), async (seed, commands) => {
      const world = new World(seed, { capacityNodes: 3, limitNodes: 512 })
      for (const { kind, word, length } of commands) {
        const key = new Key().set(0, word[0], 0, word[1], 0, 0)
        if (kind === 'put') world.run(() => world.put(key, randomBytes(new Random(length), length)))
        else if (kind === 'delete') world.run(() => world.delete(key))
        else if (kind === 'checkpoint') world.checkpoint(3)
        else world.run(() => scan(world, key, kind === 'scan', Number.POSITIVE_INFINITY))
      }
      world.checkpoint()
      await world.checkImage(world.durable)
      if (world.space.live.size !== world.durable.blocks.size) throw new Error('blocks leaked')
    }),
    { numRuns: 100 },
  )
  t.pass()
})
