import { Suspend } from '../suspend.ts'
import { newOperation, type Operation } from './service.ts'

/** Runs `attempt` as often as it is suspended, for nobody in particular: nothing waits for what it leaves behind. */
export function inBackground(attempt: (op: Operation) => void): void {
  const op = newOperation({ uid: 0, gid: 0, gids: [] }, false)
  const run = (): void => {
    op.barrier = null
    op.forwarded?.rewind()
    try {
      attempt(op)
    } catch (error) {
      if (!(error instanceof Suspend)) throw error
      error.wait(run)
    }
  }
  run()
}
