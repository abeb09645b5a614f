import { type message, message_kind } from '../../protocol/moverlock/moverlock.gen.ts'
import type { Environment } from '../environment.ts'
import { LockHolder } from '../locks/lock-holder.ts'
import { inParts } from './lock-parts.ts'
import { delegationOfWire, givenOfWire, outcomeOfWire, wireDelegation, wireLock, wireOp } from './lock-words.ts'
import type { LockListener } from './primary-locks.ts'
import { ANSWER_AWAKE_MS } from './session.ts'

/** How often it is looked at what has been quiet. */
const TICK_MS = 1000
/** The number of this mover in what it decides itself. */
const SELF = 0

/** A secondary's side of a volume's client locks: those of its own clients, and what it asks of the primary about them. */
export class SecondaryLocks {
  readonly holder: LockHolder
  listener: LockListener | null = null
  readonly #env: Environment
  readonly #send: (message: message) => void
  /** Messages from the primary so far, and how many there had been when it was last asked. */
  #heard = 0
  #heardThen = 0
  #cancelTick: (() => void) | null = null

  /** `send` sends to the primary; without one, what it is told is lost, and told to the next one in `assert` and `ready`. */
  constructor(env: Environment, send: (message: message) => void) {
    this.#env = env
    this.#send = send
    this.holder = new LockHolder(SELF, {
      ask: (ino, id, op) => {
        send({ kind: message_kind.LOCK_ASK, lock_ask: { ino, id, what: wireOp(op) } })
        this.#heardThen = this.#heard
        env.stayAwake(this.#isExpecting, ANSWER_AWAKE_MS)
      },
      demote: (ino, { locks, more: moreParts, serial, level }) => {
        const given = wireDelegation({ serial, level })
        inParts(locks, (part, more) =>
          send({
            kind: message_kind.LOCK_DEMOTE,
            lock_demotion: { ino, given, locks: part, more: more || moreParts },
          }),
        )
      },
      pause: () => env.defer(() => void this.holder.goOn()),
      assert: (ino, { delegation, locks, waiting }) => {
        const held = wireDelegation(delegation)
        for (const { waiter, lock } of waiting)
          this.#assert({ ino, held, locks: [], waiting: [{ waiter, what: wireLock(lock) }], more: true })
        inParts(locks, (part, more) => this.#assert({ ino, held, locks: part, waiting: [], more }))
      },
      granted: (ino, waiter, lock) => this.listener?.granted(ino, waiter, lock),
      gone: (ino, waiter) => this.listener?.gone(ino, waiter),
    })
  }

  /** Carries out what the primary says; false when it is not about client locks. */
  received(message: message): boolean {
    const { holder } = this
    this.#heard++
    switch (message.kind) {
      case message_kind.LOCK_ANSWER: {
        const { ino, id, outcome, given } = message.lock_answer
        holder.answered(ino, id, outcomeOfWire(outcome), givenOfWire(given))
        break
      }
      case message_kind.LOCK_BACK:
        holder.handedBack(message.lock_back.ino, message.lock_back.id)
        break
      case message_kind.LOCK_GRANT: {
        const { ino, waiter, given } = message.lock_grant
        holder.granted(ino, waiter, givenOfWire(given))
        break
      }
      case message_kind.LOCK_RECALL: {
        const { serial, level } = delegationOfWire(message.lock_recall.to)
        holder.recalled(message.lock_recall.ino, serial, level)
        break
      }
      case message_kind.LOCK_DROP:
        holder.dropped(message.lock_drop.ino)
        break
      default:
        return false
    }
    this.arm()
    return true
  }

  /** Time is looked at while something depends on it: called when locks may have been given up. */
  arm(): void {
    if (!this.holder.hasQuiet || this.#cancelTick !== null) return
    this.#cancelTick = this.#env.timer(TICK_MS, () => {
      this.#cancelTick = null
      this.holder.tick(this.#env.monotonicMs())
      this.arm()
    })
  }

  /** What was asked last may still be answered. */
  readonly #isExpecting = (): boolean => this.#heard === this.#heardThen

  #assert(lock_assertion: Extract<message, { kind: typeof message_kind.LOCK_ASSERT }>['lock_assertion']): void {
    this.#send({ kind: message_kind.LOCK_ASSERT, lock_assertion })
  }
}
