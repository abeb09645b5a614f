import t from 'tap'
import type { Inode } from '../../mover/volume/inode.ts'
import { bytes, FilesWorld, type Pending } from './files-support.ts'

/** More levels than one call climbs, several times. */
const DEPTH = 2300

/** A tree that is one long way down, and directories beside it. */
class DeepWorld extends FilesWorld {
  /** From below the root downwards. */
  readonly way: number[] = []

  dig(depth: number, name = 'd'): this {
    let at = this.files.rootIno
    for (let i = 0; i < depth; i++) {
      at = this.mkdir(at, name)
      this.way.push(at)
    }
    return this
  }

  mkdir(dir: number, name: string): number {
    const made = this.call<Inode>((op) => this.files.mkdir(op, this.inode(dir), bytes(name), { mode: 0o755 }))
    if (typeof made === 'string') throw new Error(`MKDIR ${name}: ${made}`)
    return made.ino
  }

  move(fromDir: number, from: string, toDir: number, to: string): Pending<'moved'> {
    return this.start(
      (op) =>
        this.files.rename(op, this.inode(fromDir), bytes(from), this.inode(toDir), bytes(to)) ?? ('moved' as const),
    )
  }

  get bottom(): number {
    return this.way.at(-1) as number
  }

  settle(...pending: Pending<unknown>[]): void {
    this.env.runUntil(() => pending.every(({ outcome }) => outcome !== undefined))
  }
}

t.test('a directory is moved far down, but not into itself', (t) => {
  const world = new DeepWorld().dig(DEPTH)
  const root = world.files.rootIno
  world.mkdir(root, 'other')
  for (const [dir, name] of [
    [root, 'd'],
    [world.way[0], 'd'],
    [world.way[DEPTH - 3], 'd'],
  ] as const) {
    const inside = world.move(dir, name, world.bottom, 'x')
    world.settle(inside)
    t.equal(inside.outcome, 'INVAL')
  }
  const beside = world.move(root, 'other', world.bottom, 'x')
  world.settle(beside)
  t.equal(beside.outcome, 'moved')
  const back = world.move(world.bottom, 'x', root, 'other')
  world.settle(back)
  t.equal(back.outcome, 'moved')
  t.end()
})

t.test('while the long way up is climbed, others are served', (t) => {
  const world = new DeepWorld().dig(DEPTH)
  const root = world.files.rootIno
  const moves = Array.from({ length: 200 }, () => world.move(root, 'd', world.bottom, 'x'))
  t.ok(
    moves.every(({ outcome }) => outcome === undefined),
    'no call climbs it all',
  )
  for (let i = 0; i < 3; i++) {
    world.env.step()
    const other = world.start((op) => world.files.lookup(op, world.root, bytes('d'), root))
    t.ok(other.outcome !== undefined && moves[0]?.outcome === undefined)
  }
  world.settle(...moves)
  t.ok(moves.every(({ outcome }) => outcome === 'INVAL'))
  t.end()
})

t.test('the answer is that of the tree when the directory is moved', (t) => {
  const world = new DeepWorld().dig(DEPTH)
  const root = world.files.rootIno
  const other = world.mkdir(root, 'other')
  // A directory on the way, which has been passed, goes into the one that is to be moved below it: both cannot be.
  const move = world.move(root, 'other', world.bottom, 'x')
  for (let i = 0; i < 3; i++) world.env.step()
  t.equal(move.outcome, undefined)
  const cut = world.move(world.way[DEPTH - 12] as number, 'd', other, 'cut')
  world.settle(move, cut)
  t.strictSame([cut.outcome, move.outcome], ['moved', 'INVAL'])

  // What is remembered of a way is forgotten when it changes.
  const again = world.move(root, 'd', world.bottom, 'x')
  world.settle(again)
  t.equal(again.outcome, 'moved', 'the upper part no longer leads to the bottom')
  t.end()
})

t.test('a way that is remembered changes', (t) => {
  const world = new DeepWorld().dig(DEPTH)
  const root = world.files.rootIno
  const other = world.mkdir(root, 'other')
  const refused = world.move(root, 'd', world.bottom, 'x')
  world.settle(refused)
  const cut = world.move(world.way[9] as number, 'd', other, 'cut')
  world.settle(cut)
  const [into, under] = [world.move(root, 'd', world.bottom, 'x'), world.move(root, 'other', world.bottom, 'y')]
  world.settle(into, under)
  t.strictSame([refused.outcome, cut.outcome, into.outcome, under.outcome], ['INVAL', 'moved', 'moved', 'INVAL'])
  t.end()
})

t.test('a way through more tree nodes than there is memory for', (t) => {
  const world = new DeepWorld(1, { nodeCapacity: 64 }).dig(5000, 'd'.repeat(255))
  const root = world.files.rootIno
  const name = 'd'.repeat(255)
  const [inside, beside] = [world.move(root, name, world.bottom, 'x'), world.move(world.bottom, 'y', root, 'y')]
  world.settle(inside, beside)
  t.strictSame([inside.outcome, beside.outcome], ['INVAL', 'NOENT'])
  t.equal(world.files.volume.failure, null)
  t.end()
})
