/** A secondary has no more calls and requests for tokens under way than its primary takes: others wait, and none is lost. */
import t from 'tap'
import { type HeldFiles, SecondaryAuthority } from '../../mover/authority/secondary.ts'
import { Session } from '../../mover/authority/session.ts'
import { FILE_END } from '../../mover/locks/token.ts'
import {
  type answer,
  type call,
  failure,
  MAX_CALLS,
  MAX_TOKEN_REQUESTS,
  type message,
  message_kind,
  operation_kind,
  token_kind,
} from '../../protocol/moverlock/moverlock.gen.ts'
import { TestEnvironment } from '../crash/test-environment.ts'

const MORE = 100
const FIRST_INO = 10
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
  /** Ids of requests for tokens that it has been sent. */
  requested: number[] = []
  /** What had been told before the request that was granted last. */
  seen = 0
  readonly files = {
    lastSequence: 0,
    rejoined: () => {},
    reservedBlocks: () => [],
    lost: () => {},
    granted: (_ino: number, _token: unknown, _value: unknown, map: { seen: number }) => {
      this.seen = map.seen
    },
  }
  /** In the order of their answers; null: there was none. */
  readonly answered: (number | null)[] = []
  readonly #env = new TestEnvironment(1)

  constructor() {
    this.authority = new SecondaryAuthority(this.files as unknown as HeldFiles, this.#env)
    this.meet()
  }

  /** Another primary is there. */
  meet(): void {
    this.authority.parted()
    this.sent = []
    this.requested = []
    const session = new Session({ write: () => {}, close: () => {} }, this.#env, { message: () => {}, ended: () => {} })
    session.observer = {
      sent: (message) => {
        if (message.kind === message_kind.CALL) this.sent.push(message.call.id)
        if (message.kind === message_kind.LOCK) this.requested.push(message.lock.id)
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

  /** Asks for so many files. */
  request(count: number, firstIno = FIRST_INO): void {
    for (let i = 0; i < count; i++) this.authority.askWhole(firstIno + i)
  }

  /** Answers a request for a file that does not exist. */
  deny(ino: number, id: number): void {
    this.authority.received({ kind: message_kind.DENIED, denied: { ino, id, why: failure.STALE } })
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

t.test('who calls twice when an answer has come does not make it too many', async (t) => {
  const asking = new Asking()
  asking.ask(MAX_CALLS - 1)
  asking.authority.call(CALL, () => asking.ask(2))
  asking.answer(asking.sent.at(-1) as number)
  t.equal(asking.sent.length, MAX_CALLS + 1)
  asking.answer(asking.sent[0])
  t.equal(asking.sent.length, MAX_CALLS + 2)
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

t.test('requests for tokens beyond what a primary takes are sent as others are answered, in order', async (t) => {
  const asking = new Asking()
  const count = MAX_TOKEN_REQUESTS + MORE
  asking.request(count)
  t.equal(asking.requested.length, MAX_TOKEN_REQUESTS)
  asking.request(1, FIRST_INO + count)
  t.equal(asking.requested.length, MAX_TOKEN_REQUESTS)
  for (let at = 0; at < count; at++) asking.deny(FIRST_INO + at, asking.requested[at])
  t.equal(asking.requested.length, count + 1)
  t.same(
    asking.requested.map((id, at) => id - at).filter((offset) => offset !== asking.requested[0]),
    [],
  )
})

t.test('the next primary is asked for no more tokens at a time either, and for all', async (t) => {
  const asking = new Asking()
  asking.request(MAX_TOKEN_REQUESTS + MORE)
  asking.meet()
  t.equal(asking.requested.length, MAX_TOKEN_REQUESTS)
  for (let at = 0; at < MORE; at++) asking.deny(FIRST_INO + at, asking.requested[at])
  t.equal(new Set(asking.requested).size, MAX_TOKEN_REQUESTS + MORE)
})

t.test('what was told while a request waited is in its answer', async (t) => {
  const asking = new Asking()
  asking.request(MAX_TOKEN_REQUESTS + 1)
  asking.files.lastSequence = 9
  asking.deny(FIRST_INO, asking.requested[0])
  asking.authority.received({
    kind: message_kind.GRANT,
    grant: {
      ino: FIRST_INO + MAX_TOKEN_REQUESTS,
      id: asking.requested.at(-1) as number,
      granted: { serial: 1, kind: token_kind.WF_R, blocks: { start: 0, end: FILE_END } },
      replaces: [],
      value: new Uint8Array(0),
      map: { seen: 0, first: 0, end: 0, extents: [] },
    },
  })
  t.equal(asking.seen, 9)
})
