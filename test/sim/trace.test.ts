/** What is shown of a world in which something is wrong. */
import t from 'tap'
import { Incoherence } from './history.ts'
import { MoverWorld } from './mover-world.ts'
import { Trace } from './trace.ts'

t.test('a failure comes with the last messages between the movers', async (t) => {
  const world = new MoverWorld(1, 1)
  const [mover] = world.secondaries
  const ino = world.create(mover, 'file')
  const play = (): void => {
    world.answer(world.primary, (op) => world.primary.truncate(op, ino, 1))
    throw new Incoherence('something is wrong')
  }
  t.throws(() => world.explaining(play), {
    message: new RegExp(
      [
        '^something is wrong\\n',
        `secondary 1 -> primary: CALL {"call":{"id":.*"create"`,
        `primary -> secondary 1: REVOKE {"revoke":{"ino":${ino},.*\n`,
        `secondary 1 -> primary: RELEASE {"release":{"ino":${ino},.*\n`,
        'primary answers: null$',
      ].join('[^]*'),
    ),
  })
})

t.test('only the last lines are kept, as they were', async (t) => {
  const trace = new Trace(() => 1)
  const bytes = Uint8Array.of(1)
  for (let i = 0; i < 10_000; i++) trace.bytes('a -> b', bytes, ([byte]) => `${byte}`)
  trace.note('a answers')
  t.equal(trace.last(2), '1.000 a -> b: 1\n1.000 a answers')
  t.ok(trace.last(10_000).split('\n').length <= 8000)
})
