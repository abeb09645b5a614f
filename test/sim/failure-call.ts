import type { ReplayTag } from '../../mover/operation.ts'
import type { Random } from '../crash/random.ts'
import type { TestEnvironment } from '../crash/test-environment.ts'
import type { Attempt } from './failure-attempts.ts'
import type { Slot } from './failure-host.ts'
import type { Outcome, SimulatedMover } from './failure-mover.ts'
import type { Trace } from './trace.ts'

/** A call is under way for so long, and a client notices so late that a mover has died. Milliseconds. */
export const CALL_MS = 0.5
const NOTICE_MS = 30
const RETRY_MS = 20

/** What calls are made in. */
export interface CallSite {
  readonly env: TestEnvironment
  readonly random: Random
  readonly trace: Trace
}

/** A client's call. */
export interface ClientCall<T> {
  /** Of its client, for people. */
  readonly who: string
  readonly what: string
  /** The file that it is about; 0: none. */
  readonly ino: number
  /** Not null: a repetition must be known as one. */
  readonly tag: ReplayTag | null
  readonly attempt: Attempt<T>
  /** The mover that it is sent to, also when it is sent again. */
  readonly slot: () => Slot
  /** That mover does not serve, or has died meanwhile: called before the call is sent (again). */
  readonly away: () => void
  /** It is sent to this mover. */
  readonly sent: (mover: SimulatedMover) => void
  readonly answered: (outcome: Outcome<T>, mover: SimulatedMover) => void
}

/** Makes a call until there is an answer: again when the mover dies that is to answer. */
export function callUntilAnswered<T>({ env, random, trace }: CallSite, call: ClientCall<T>): void {
  const { who, what, ino, tag, attempt, slot, away, sent, answered } = call
  const later = (mostMs: number, task: () => void): void => env.work(random.float() * mostMs, task)
  const send = (): void => {
    const { mover, isServing } = slot()
    if (mover === null || !isServing || mover.process.isDead) {
      away()
      later(RETRY_MS, send)
      return
    }
    sent(mover)
    trace.note(`${who} ${what} at ${mover.name}`, ino)
    let isAnswered = false
    // What has left a mover is what it was then, although the mover may be dead when it arrives.
    const reply = (outcome: Outcome<T>): void => {
      isAnswered = true
      answered(outcome, mover)
    }
    mover.process.onDeath.push(() => {
      if (isAnswered) return
      isAnswered = true
      away()
      later(NOTICE_MS, send)
    })
    later(CALL_MS, () => mover.process.deliver(() => mover.serve(tag, attempt, reply)))
  }
  send()
}
