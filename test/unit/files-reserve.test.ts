/** Room of a secondary's for data: who is told that there is none. */
import t from 'tap'
import type { SecondaryAuthority } from '../../mover/authority/secondary.ts'
import { RemoteVolume } from '../../mover/files/remote-volume.ts'
import { Suspend } from '../../mover/suspend.ts'
import type { run } from '../../protocol/moverlock/moverlock.gen.ts'
import { FilesWorld } from './files-support.ts'

t.test('NOSPC is said only of as many blocks as there are not', async (t) => {
  const { env, device } = new FilesWorld()
  const asked: { count: number; done: (runs: run[] | null) => void }[] = []
  const authority = {
    reserve: (count: number, done: (runs: run[] | null) => void) => void asked.push({ count, done }),
  } as unknown as SecondaryAuthority
  const volume = new RemoteVolume({
    device,
    env,
    authority: () => authority,
    file: () => undefined,
    nextSequence: () => 1,
    onFailure: () => {},
  })
  const outcomes: Record<string, unknown> = {}
  const want = (name: string, count: number) => {
    const run = () => {
      try {
        outcomes[name] = volume.reserveData(count)
      } catch (e) {
        if (!(e instanceof Suspend)) throw e
        outcomes[name] = 'waits'
        e.wait(run)
      }
    }
    run()
  }
  // 100 blocks are free on the volume
  let free = 100
  const primary = () => {
    for (const { count, done } of asked.splice(0)) {
      const n = count <= free ? count : 0
      free -= n
      done(n ? [{ start: 1000 + free, length: n }] : [])
    }
  }
  want('first', 64)
  t.same(
    asked.map(({ count }) => count),
    [2048],
  )
  primary()
  t.same(
    asked.map(({ count }) => count),
    [64],
  )
  want('second', 1)
  t.equal(outcomes['second'], 'waits', 'while there are 36 more')
  for (let i = 0; i < 6; i++) primary()
  t.equal(outcomes['first'], true)
  t.equal(outcomes['second'], true)
  want('third', 200)
  want('fourth', 1)
  for (let i = 0; i < 8; i++) primary()
  t.equal(outcomes['third'], false)
  t.equal(outcomes['fourth'], true, 'one block is free')
})
