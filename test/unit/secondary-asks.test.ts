/** What a secondary does while it asks the primary for a token that a client waits for. */
import t from 'tap'
import type { WriteResult } from '../../mover/files/service.ts'
import { MoverWorld } from '../sim/mover-world.ts'
import { filled } from './files-support.ts'

t.test('its event loop stays awake until the token has come', (t) => {
  const world = new MoverWorld(1, 1)
  const { env } = world
  const [mover] = world.secondaries
  const ino = world.files.create('file')
  const result: WriteResult = { count: 0, committed: 'unstable' }
  const asked: boolean[] = []
  let isOver = false
  t.equal(env.isAwaited, null)
  const write = (): void => {
    world.run(
      mover,
      (op) => {
        op.intent = 'write'
        op.rangeStart = 0
        op.rangeEnd = 4096
        const inode = mover.files.inode(op, ino, world.files.inode(ino).generation)
        return typeof inode === 'string' ? inode : mover.files.write(op, inode, 0, filled(4096, 1), 'unstable', result)
      },
      () => {
        isOver = true
      },
    )
    asked.push(env.isAwaited?.() === true)
    env.runUntil(() => isOver)
    isOver = false
    asked.push(env.isAwaited?.() === true)
  }
  write()
  t.same(asked, [true, false])
  write()
  t.same(asked, [true, false, false, false], 'what it holds is not asked for')
  t.end()
})
