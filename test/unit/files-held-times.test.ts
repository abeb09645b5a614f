/** Access times at a secondary: no message of their own, but they come with what is given back. */
import t from 'tap'
import type { Failure } from '../../mover/failure.ts'
import type { ReadResult, WriteResult } from '../../mover/files/service.ts'
import { MoverWorld } from '../sim/mover-world.ts'

/** Longer than a file is quiet before its times are logged, and than the longest pause of who looks for such files. */
const LONG_MS = 60_000

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
