import type { Random } from '../crash/random.ts'
import type { TestEnvironment } from '../crash/test-environment.ts'
import { Violation } from './failure-checks.ts'
import type { Outcome, SentCall } from './failure-door.ts'
import type { SimulatedHost, Slot } from './failure-host.ts'
import type { SimulatedMover } from './failure-mover.ts'
import type { Trace } from './trace.ts'

/** A call is under way for so long, and a client notices so late that a mover has died. Milliseconds. */
export const CALL_MS = 0.5
const NOTICE_MS = 30
const RETRY_MS = 20
/** A call that must not be carried out twice is sent twice all the same: while it is under way, or long after it. */
const COPY_CHANCE = 0.4
const COPY_MS = [3, 100, 3000]

/** What calls are made in. */
export interface CallSite {
  readonly env: TestEnvironment
  readonly random: Random
  readonly trace: Trace
  readonly host: SimulatedHost
  readonly counts: Record<string, number>
}

/** A client's call. */
export interface ClientCall<T> {
  /** Of its client, for people. */
  readonly who: string
  readonly what: string
  /** The file that it is about; 0: none. */
  readonly ino: number
  readonly call: SentCall<T>
  /** The mover that it is sent to, also when it is sent again. */
  readonly slot: () => Slot
  /** That mover does not serve, or has died meanwhile: called before the call is sent (again). */
  readonly away: () => void
  /** It is sent to this mover. */
  readonly sent: (mover: SimulatedMover) => void
  readonly answered: (outcome: Outcome<T>, mover: SimulatedMover) => void
}

/** Makes a call until there is an answer: again when the mover dies that is to answer, and sometimes without any need. */
export function callUntilAnswered<T>({ env, random, trace, host, counts }: CallSite, made: ClientCall<T>): void {
  const { who, what, ino, call, slot, away, sent, answered } = made
  const later = (mostMs: number, task: () => void): void => env.work(random.float() * mostMs, task)
  let isAnswered = false
  const arrive = (mover: SimulatedMover): void => {
    // What has left a mover is what it was then, although the mover may be dead when it arrives.
    const reply = (outcome: Outcome<T>): void => {
      if (!isAnswered) {
        isAnswered = true
        answered(outcome, mover)
      } else if (outcome.failure !== null) {
        throw new Violation(`${who} ${what}, which is answered again by ${mover.name}: ${outcome.failure}`, ino)
      }
    }
    mover.process.deliver(() => mover.serve(call, reply))
  }
  const send = (): void => {
    const { mover, isServing } = slot()
    if (mover === null || !isServing || mover.process.isDead) {
      away()
      later(RETRY_MS, send)
      return
    }
    sent(mover)
    trace.note(`${who} ${what} at ${mover.name}`, ino)
    mover.process.onDeath.push(() => {
      if (isAnswered) return
      away()
      later(NOTICE_MS, send)
    })
    later(CALL_MS, () => arrive(mover))
  }
  const copy = (): void => {
    const { mover, isServing } = random.pick(host.slots)
    if (mover === null || !isServing) return
    const state = isAnswered ? 'answered' : 'open'
    counts[`${state} calls again`] = (counts[`${state} calls again`] ?? 0) + 1
    trace.note(`${who} ${what} at ${mover.name} again: the call is ${state}`, ino)
    arrive(mover)
  }
  send()
  if (call.isOnce && random.chance(COPY_CHANCE)) later(random.pick(COPY_MS), copy)
}
