import type { Failure } from '../../mover/failure.ts'
import { newOperation, type Operation } from '../../mover/files/service.ts'
import type { ForwardedCall, ReplayTag } from '../../mover/operation.ts'
import { Suspend } from '../../mover/suspend.ts'
import type { TestEnvironment } from './test-environment.ts'

/**
 * One run of an operation. Returns what to do when its reply has left; whatever it tells the model when it returns has
 * been carried out. Throws Suspend to be run again.
 */
export type Attempt = (op: Operation) => () => void

/** Runs operations as the RPC runner does: again after each `Suspend`, never inside another, done behind the barrier. */
export class Runner {
  /** Operations that were run again. */
  suspensions = 0
  readonly #env: Pick<TestEnvironment, 'defer' | 'halted'>
  #busy = false
  #postponed: (() => void)[] = []

  constructor(env: Pick<TestEnvironment, 'defer' | 'halted'>) {
    this.#env = env
  }

  /** `failed` is called when the barrier fails, else what `attempt` has returned, then `next`. */
  run(
    uid: number,
    replay: ReplayTag | null,
    attempt: Attempt,
    next: () => void,
    failed: (failure: Failure) => void,
  ): void {
    let forwarded: ForwardedCall | null = null
    const again = (): void => {
      // What still runs after the power was cut has not happened.
      if (this.#env.halted) return
      const op = newOperation({ uid, gid: uid, gids: [] }, false)
      op.replay = replay
      op.forwarded = forwarded
      forwarded?.rewind()
      let acknowledged: () => void
      this.#busy = true
      try {
        acknowledged = attempt(op)
      } catch (error) {
        if (!(error instanceof Suspend)) throw error
        this.suspensions++
        error.wait(() => this.#whenFree(again))
        return
      } finally {
        this.#busy = false
        forwarded = op.forwarded
      }
      const done = (failure: Failure | null): void => {
        if (this.#env.halted) return
        if (failure === null) {
          acknowledged()
          next()
        } else failed(failure)
      }
      if (op.barrier === null) done(null)
      else op.barrier.wait((failure) => this.#whenFree(() => done(failure)))
    }
    this.#whenFree(again)
  }

  #whenFree(task: () => void): void {
    if (!this.#busy) {
      task()
      return
    }
    if (this.#postponed.push(task) > 1) return
    this.#env.defer(() => {
      const tasks = this.#postponed
      this.#postponed = []
      for (const postponed of tasks) this.#whenFree(postponed)
    })
  }
}
