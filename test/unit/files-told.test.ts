/** What a writer tells its primary, and who looks at the file. */
import t from 'tap'
import { MoverWorld } from '../sim/mover-world.ts'
import { filled } from './files-support.ts'

t.test('what has been told does not gather', async (t) => {
  const world = new MoverWorld(1, 2)
  const [a, b] = world.secondaries
  const ino = world.create(a, 'f')
  const result = { count: 0, committed: 'unstable' as const }
  world.answer(a, (op) => a.write(op, ino, 0, filled(4096, 1), 'fileSync', { ...result } as never))
  world.env.advance(5000)
  for (let i = 0; i < 2000; i++) {
    world.answer(a, (op) => a.write(op, ino, 0, filled(4096, i), 'fileSync', { ...result } as never))
    world.answer(b, (op) => {
      b.look(op, ino)
      return null
    })
  }
  t.ok(a.held.toldCount(ino) < 10, String(a.held.toldCount(ino)))
})
