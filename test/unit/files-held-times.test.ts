/** Access times at a secondary: no message of their own, but they come with what is given back. */
import t from 'tap'
import type { Failure } from '../../mover/failure.ts'
import type { ReadResult, WriteResult } from '../../mover/files/service.ts'
import { MoverWorld } from '../sim/mover-world.ts'
import { readResult } from './files-support.ts'

/** Longer than a file is quiet before its times are logged, and than the longest pause of who looks for such files. */
const LONG_MS = 60_000
const DAY_MS = 86_400_000

t.test('a file that is read, and then written by another mover', async (t) => {
  const world = new MoverWorld(1, 2)
  const [reader, writer] = world.secondaries
  const ino = world.files.create('f')
  world.files.write(ino, 0, new Uint8Array(8192).fill(1), 'fileSync')
  world.env.advance(LONG_MS)
  world.env.runUntilIdle()
  const { atimeSec } = world.files.inode(ino)

  const outcomes: (Failure | null)[] = []
  const done = (failure: Failure | null): unknown => outcomes.push(failure)
  const bytes: ReadResult = { segments: [], segmentCount: 0, count: 0, eof: false, release: () => {} }
  world.run(reader, (op) => reader.read(op, ino, 0, 4096, bytes), done)
  world.env.runUntil(() => outcomes.length === 1)
  bytes.release()
  const sent = reader.session.counts.messagesSent
  world.env.advance(LONG_MS)
  world.env.runUntilIdle()
  t.equal(reader.session.counts.messagesSent, sent, 'nothing is said of it')
  t.equal(world.files.inode(ino).atimeSec, atimeSec)

  const result: WriteResult = { count: 0, committed: 'unstable' }
  world.run(writer, (op) => writer.write(op, ino, 0, new Uint8Array(4096), 'fileSync', result), done)
  world.env.runUntil(() => outcomes.length === 2)
  t.same(outcomes, [null, null])
  t.equal(reader.session.counts.messagesSent, sent + 1)
  t.ok(world.files.inode(ino).atimeSec > atimeSec, 'what is released tells it')
})

t.test('others show when it was read: the first time after a change, and after a day', async (t) => {
  const world = new MoverWorld(2, 2)
  const [reader, other] = world.secondaries
  const ino = world.files.create('f')
  world.files.write(ino, 0, new Uint8Array(8192).fill(1), 'fileSync')
  const { generation } = world.files.inode(ino)
  /** Reads it, so much later; returns when. */
  const read = (laterMs: number): number => {
    world.env.advance(laterMs)
    const bytes = readResult()
    world.answer(reader, (op) => reader.read(op, ino, 0, 4096, bytes))
    bytes.release()
    return Math.floor(world.env.wallMs() / 1000)
  }
  /** Its access time at the other mover, whose client changes the mode: the reader gives back what it holds. */
  const shown = (): number => {
    world.answer(other, (op) => {
      op.intent = 'change'
      const inode = other.files.inode(op, ino, generation)
      return typeof inode === 'string' ? inode : other.files.setattr(op, inode, { mode: 0o600 }, null)
    })
    let atimeSec = 0
    world.answer(other, (op) => {
      atimeSec = other.look(op, ino).atimeSec
      return null
    })
    t.equal(world.files.inode(ino).atimeSec, atimeSec, 'the primary has the same')
    return atimeSec
  }
  const first = read(LONG_MS)
  t.ok(Math.abs(shown() - first) <= 1, 'the first time')
  const again = read(LONG_MS)
  t.ok(again - first >= LONG_MS / 1000 - 1)
  t.ok(Math.abs(shown() - first) <= 1, 'not the second')
  const afterDay = read(DAY_MS)
  t.ok(Math.abs(shown() - afterDay) <= 1, 'a day later')
  const result: WriteResult = { count: 0, committed: 'unstable' }
  world.answer(other, (op) => other.write(op, ino, 0, new Uint8Array(4096), 'fileSync', result))
  const changed = read(LONG_MS)
  t.ok(Math.abs(shown() - changed) <= 1, 'and when it has been changed')
})
