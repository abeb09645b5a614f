/** Movers whose clients write one block at the same time: an exchange of messages is good for many writes. */
import t from 'tap'
import type { WriteResult } from '../../mover/files/service.ts'
import { MoverWorld, type SimulatedMover } from '../sim/mover-world.ts'
import { filled } from './files-support.ts'

const WRITES = 500
/** Of a client, between an answer and its next call. */
const PAUSE_MS = 0.05

/** Clients of two secondaries, one each, write to one block as fast as they can; returns what an average write takes. */
function contend(seed: number): { messages: number; least: number } {
  const world = new MoverWorld(seed, 2)
  const ino = world.files.create('file')
  const counts = world.secondaries.map(() => 0)
  let left = WRITES
  let running = 0
  const next = (mover: SimulatedMover, at: number): void => {
    if (left-- <= 0) return
    running++
    const result: WriteResult = { count: 0, committed: 'unstable' }
    world.run(
      mover,
      (op) => mover.write(op, ino, 0, filled(4096, at), 'unstable', result),
      () => {
        running--
        counts[at]++
        world.env.work(PAUSE_MS, () => next(mover, at))
      },
    )
  }
  for (const [at, mover] of world.secondaries.entries()) next(mover, at)
  world.env.runUntil(() => running === 0 && left < 0)
  const messages = world.secondaries.reduce(
    (
      sum,
      {
        session: {
          counts: { messagesSent, messagesReceived },
        },
      },
    ) => {
      return sum + messagesSent + messagesReceived
    },
    0,
  )
  return { messages: messages / WRITES, least: Math.min(...counts) / WRITES }
}

t.test('two writers of one block take turns, many writes at a time', async (t) => {
  for (let seed = 1; seed <= 5; seed++) {
    const { messages, least } = contend(seed)
    t.ok(messages < 0.5, `seed ${seed}: ${messages} messages a write`)
    t.ok(least > 0.2, `seed ${seed}: ${least} of the writes are the slower one's`)
  }
})
