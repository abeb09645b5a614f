/** Tokens over the death of a primary: what their holders assert to the next one, and what that makes of it. */
import t from 'tap'
import { newOperation, type ReadResult } from '../../mover/files/service.ts'
import { endOfRead } from '../../mover/files/transfer.ts'
import { HeldTokens } from '../../mover/locks/held-tokens.ts'
import { FILE_END, type Token } from '../../mover/locks/token.ts'
import { TokenTable } from '../../mover/locks/token-table.ts'
import { Suspend } from '../../mover/suspend.ts'
import { MoverWorld } from '../sim/mover-world.ts'
import { FilesWorld, ROOT } from './files-support.ts'

const INO = 7
const write = (serial: number, start: number, end: number): Token => ({ serial, kind: 'BR_W', start, end })

t.test('what is being given back is still held, and asserted', async (t) => {
  const held = new HeldTokens()
  held.granted(write(5, 0, 10), [])
  held.revoked(5, { start: 4, end: 6 })
  t.strictSame(
    held.all().sort((a, b) => a.start - b.start),
    [write(5, 0, 4), write(5, 4, 6), write(5, 6, 10)],
  )
  const [part] = held.leaving
  held.left(part)
  t.strictSame(
    held.all().map(({ start, end }) => [start, end]),
    [
      [0, 4],
      [6, 10],
    ],
    'what has been released is not',
  )
})

t.test('a new primary gives out serials behind those that are asserted', async (t) => {
  const table = new TokenTable(0)
  t.ok(table.assert(INO, 1, write(40, 0, 4)))
  t.ok(table.assert(INO, 2, write(41, 8, 12)))
  t.notOk(table.assert(INO, 2, write(42, 3, 5)), 'two movers cannot hold the same')
  table.takeEffects()
  table.request(INO, 3, { id: 1, kind: 'BR_W', need: { start: 20, end: 21 }, exact: true }, false)
  const grants = table.takeEffects().flatMap((effect) => (effect.type === 'grant' ? [effect.token.serial] : []))
  t.equal(grants.length, 1)
  t.ok(grants[0] > 41, `${grants}`)
})

t.test('what is asserted keeps others out until it is released', async (t) => {
  const table = new TokenTable(0)
  table.assert(INO, 1, write(40, 0, 4))
  table.takeEffects()
  table.request(INO, 2, { id: 1, kind: 'BR_W', need: { start: 3, end: 5 }, exact: true }, false)
  const [effect] = table.takeEffects()
  t.match(effect, { type: 'revoke', mover: 1, serial: 40 })
  table.release(INO, 1, 40, { start: 0, end: 4 })
  t.match(table.takeEffects(), [{ type: 'grant', mover: 2 }])
})

t.test('who reads up to the end of a file must know that nobody lengthens it', async (t) => {
  const world = new FilesWorld()
  const ino = world.create('f')
  world.write(ino, 0, new Uint8Array(10_000), 'fileSync')
  const inode = world.inode(ino)
  t.equal(endOfRead(inode, 0, 9999), 3)
  t.equal(endOfRead(inode, 0, 10_000), FILE_END)
  t.equal(endOfRead(inode, 8192, 4096), FILE_END)
})

t.test('nothing begins under what is held while there is no primary', async (t) => {
  const world = new MoverWorld(1, 1)
  const ino = world.files.create('f')
  world.files.write(ino, 0, new Uint8Array(4096), 'fileSync')
  const [secondary] = world.secondaries
  const op = newOperation(ROOT, false)
  const result: ReadResult = { segments: [], segmentCount: 0, count: 0, eof: false, release: () => {} }
  let isRead = false
  const read = (): void => {
    try {
      secondary.read(op, ino, 0, 4096, result)
      result.release()
      isRead = true
    } catch (error) {
      if (!(error instanceof Suspend)) throw error
      error.wait(read)
    }
  }
  world.env.runUntilIdle()
  read()
  world.env.runUntil(() => isRead)
  isRead = false
  read()
  t.ok(isRead, 'a warm read is answered at once')
  isRead = false
  secondary.authority.parted()
  read()
  world.env.runUntilIdle()
  t.notOk(isRead, 'and waits without a primary')
  t.ok(secondary.authority.tokens.allows(ino, 'WF_R', 0, FILE_END), 'although all is still held')
})

t.test('blocks that are handed out to be written stay reserved until they are committed', async (t) => {
  const { space } = new MoverWorld(1, 1).secondaries[0].held.volume
  space.add([{ start: 1000, length: 8 }])
  t.ok(space.promise(3))
  t.strictSame(space.allocateData(3, 1000), { start: 1000, length: 3 })
  const count = (): number => space.all().reduce((sum, { length }) => sum + length, 0)
  t.equal(count(), 8)
  space.committed(1000, 2)
  t.equal(count(), 6)
  space.returnData(1002, 1)
  t.equal(count(), 6)
})
