/** A secondary has no more calls under way than its primary takes: the others wait, and none is lost. */
import t from 'tap'
import { type HeldFiles, SecondaryAuthority } from '../../mover/authority/secondary.ts'
import { Session } from '../../mover/authority/session.ts'
import {
  type answer,
  type call,
  failure,
  MAX_CALLS,
  type message,
  message_kind,
  operation_kind,
} from '../../protocol/moverlock/moverlock.gen.ts'
import { TestEnvironment } from '../crash/test-environment.ts'

const MORE = 100
const NO_FILES = { lastSequence: 0, rejoined: () => {}, reservedBlocks: () => [] } as unknown as HeldFiles
const CALL: Omit<call, 'id'> = {
  caller: { uid: 0, gid: 0, gids: [] },
  read_only: false,
  replay: null,
  what: { kind: operation_kind.FIND, ino: 2 },
}

function answerTo(id: number): message {
  const none = { before: [], after: [], target: new Uint8Array(0), list: null, space: null, remembered: null }
  return { kind: message_kind.ANSWER, answer: { id, status: failure.NONE, replayed_object: null, ...none } }
}

/** A secondary whose primaries the test plays. */
class Asking {
  readonly authority: SecondaryAuthority
  /** Ids of calls that the primary of now has been sent. */
  sent: number[] = []
  /** In the order of their answers; null: there was none. */
  readonly answered: (number | null)[] = []
  readonly #env = new TestEnvironment(1)

  constructor() {
    this.authority = new SecondaryAuthority(NO_FILES, this.#env)
    this.meet()
  }

  /** Another primary is there. */
  meet(): void {
    this.authority.parted()
    this.sent = []
    const session = new Session({ write: () => {}, close: () => {} }, this.#env, { message: () => {}, ended: () => {} })
    session.observer = {
      sent: (message) => {
        if (message.kind === message_kind.CALL) this.sent.push(message.call.id)
      },
      received: () => {},
    }
    this.authority.join(session)
    this.authority.received({ kind: message_kind.READY })
  }

  ask(count: number): void {
    for (let i = 0; i < count; i++)
      this.authority.call(CALL, (answer: answer | null) => this.answered.push(answer?.id ?? null))
  }

  answer(id: number): void {
    this.authority.received(answerTo(id))
  }
}

t.test('calls beyond what a primary takes are sent as others are answered, in order', async (t) => {
  const asking = new Asking()
  asking.ask(MAX_CALLS + MORE)
  t.equal(asking.sent.length, MAX_CALLS)
  const last = asking.sent.at(-1) as number
  asking.answer(asking.sent[7])
  t.equal(asking.sent.length, MAX_CALLS + 1)
  t.equal(asking.sent.at(-1), last + 1)
  for (let at = 0; asking.answered.length < MAX_CALLS + MORE; at++) if (at !== 7) asking.answer(asking.sent[at])
  t.equal(new Set(asking.answered).size, MAX_CALLS + MORE)
})

t.test('who asks when an answer has come does not come before those who wait', async (t) => {
  const asking = new Asking()
  asking.ask(MAX_CALLS - 1)
  asking.authority.call(CALL, () => asking.ask(1))
  asking.ask(2)
  const last = asking.sent.at(-1) as number
  asking.answer(last)
  t.same(asking.sent.slice(MAX_CALLS), [last + 1])
})

t.test('the next primary is asked no more at a time either', async (t) => {
  const asking = new Asking()
  asking.ask(MAX_CALLS + MORE)
  asking.meet()
  t.equal(asking.sent.length, MAX_CALLS)
  asking.answer(asking.sent[0])
  t.equal(asking.sent.length, MAX_CALLS + 1)
})

t.test('when there will be no primary, nobody waits for an answer', async (t) => {
  const asking = new Asking()
  asking.ask(MAX_CALLS + MORE)
  asking.authority.ended()
  t.same(asking.answered, new Array(MAX_CALLS + MORE).fill(null))
})

t.test('who asks again when there will be no primary does not keep others from being told', async (t) => {
  const asking = new Asking()
  asking.ask(MAX_CALLS - 1)
  asking.authority.call(CALL, () => asking.authority.call(CALL, () => {}))
  asking.ask(MORE)
  asking.authority.ended()
  t.equal(asking.answered.length, MAX_CALLS - 1 + MORE)
})
