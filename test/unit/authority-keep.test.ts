/** What an operation has is kept for it while it waits, and no longer. */
import t from 'tap'
import { keepTokens } from '../../mover/authority/keep.ts'
import type { TokenHolder } from '../../mover/locks/token-holder.ts'
import { Suspend, SuspendForAnother } from '../../mover/suspend.ts'
import { Rude } from './rude-mover.ts'

function keeping() {
  const done: string[] = []
  const holder = {
    keep: (ino: number) => void done.push(`keep ${ino}`),
    runAgain(inos: readonly number[], run: () => void): void {
      run()
      for (const ino of inos) done.push(`let ${ino} go`)
    },
  } as unknown as TokenHolder
  const deferred: (() => void)[] = []
  const resumes: (() => void)[] = []
  const waiting = new Suspend((resume) => void resumes.push(resume))
  const suspend = keepTokens(holder, waiting, [7, 8]) as Suspend
  return { done, deferred, resumes, suspend, holder }
}

t.test('until it has run again', async (t) => {
  const { done, resumes, suspend } = keeping()
  suspend.wait(() => done.push('run'))
  t.strictSame(done.splice(0), ['keep 7', 'keep 8'])
  resumes[0]?.()
  t.strictSame(done, ['run', 'let 7 go', 'let 8 go'])
})

t.test('so it is where it runs in a call of its own', async (t) => {
  const { done, deferred, resumes, suspend } = keeping()
  suspend.waitDeferred(
    (task) => deferred.push(task),
    () => done.push('run'),
  )
  resumes[0]?.()
  t.strictSame(done.splice(0), ['keep 7', 'keep 8'])
  deferred[0]?.()
  t.strictSame(done, ['run', 'let 7 go', 'let 8 go'])
})

t.test('nothing is kept from a mover that is waited for', async (t) => {
  const { done, holder } = keeping()
  done.length = 0
  const waiting = new SuspendForAnother(() => {})
  t.equal(keepTokens(holder, waiting, [7]), waiting)
  t.strictSame(done, [])
})

t.test('an operation keeps what it has claimed itself', async (t) => {
  const { reign, ino, world } = new Rude()
  const { authority } = reign
  const suspend = (): Suspend => authority.keep(new Suspend((resume) => resume()), 0) as Suspend
  world.call((op) => world.files.setattr(op, world.inode(ino), { mode: 0o600 }, null))
  authority.claimNone()
  suspend()
  t.notOk(authority.tokens.isRetained(ino), 'another one has claimed it')
  authority.claim(ino)
  const waiting = suspend()
  t.ok(authority.tokens.isRetained(ino))
  waiting.wait(() => {})
  t.notOk(authority.tokens.isRetained(ino))
})
