/** A right to write that is asked back at once is kept for a moment, where that is of use. */
import t from 'tap'
import { HOLD_MS, MinimumHold } from '../../mover/authority/hold.ts'
import { FILE_END, type Span } from '../../mover/locks/token.ts'
import { TokenHolder } from '../../mover/locks/token-holder.ts'
import { TestEnvironment } from '../crash/test-environment.ts'

const FILE = 7
const NEED: Span = { start: 3, end: 4 }

/** A mover that writes to one file, and is asked for it. */
class Writer {
  readonly env = new TestEnvironment(1)
  /** Spans that have been given back, and when. */
  readonly released: { span: Span; ms: number }[] = []
  readonly tokens: TokenHolder
  readonly hold: MinimumHold
  #request = 0
  #serial = 0

  constructor() {
    this.tokens = new TokenHolder(
      {
        request: (ino, request) => {
          this.#request = request.id
          this.hold.asked(ino, request)
        },
        release: (_, _serial, span) => this.released.push({ span, ms: this.env.monotonicMs() }),
        pieces: (_, { start, end }) => [{ start, end, inTurn: false }],
        drain: (ino, part) => this.env.defer(() => this.tokens.drained(ino, part)),
        forgotten: (ino) => this.hold.forget(ino),
      },
      false,
    )
    this.hold = new MinimumHold(this.tokens, this.env)
  }

  /** Asks for what it needs, and is granted more. */
  granted(span: Span = { start: 0, end: FILE_END }): void {
    this.tokens.ask(FILE, 'BR_W', NEED, () => {})
    this.hold.answered(FILE, this.#request, { serial: ++this.#serial, kind: 'BR_W', ...span })
    this.tokens.granted(FILE, this.#request, { serial: this.#serial, kind: 'BR_W', ...span }, [])
  }

  revoked(span: Span = NEED): void {
    this.hold.revoked(FILE, span)
    this.tokens.revoked(FILE, this.#serial, span)
  }

  /** For how long it keeps what it is granted and then asked for at once; it writes `uses` times meanwhile. */
  keptMs(uses: number): number {
    this.released.length = 0
    const before = this.env.monotonicMs()
    this.granted(NEED)
    this.revoked()
    for (let i = 0; i < uses; i++) this.hold.used(FILE)
    this.env.runUntil(() => this.released.length > 0)
    return this.released[0].ms - before
  }
}

t.test('what was just granted is kept for the rest of its time', async (t) => {
  const writer = new Writer()
  writer.granted()
  writer.env.advance(HOLD_MS / 2)
  writer.revoked()
  t.ok(writer.tokens.allows(FILE, 'BR_W', NEED.start, NEED.end), 'it may be used on')
  writer.env.runUntil(() => writer.released.length > 0)
  t.same(writer.released, [{ span: NEED, ms: HOLD_MS }])
  t.notOk(writer.tokens.allows(FILE, 'BR_W', NEED.start, NEED.end))
})

t.test('what was not needed, or was granted long ago, is given back at once', async (t) => {
  const writer = new Writer()
  writer.granted()
  writer.revoked({ start: 10, end: 20 })
  writer.env.runUntilIdle()
  t.same(writer.released, [{ span: { start: 10, end: 20 }, ms: 0 }])
  writer.env.advance(HOLD_MS)
  writer.revoked()
  writer.env.runUntilIdle()
  t.equal(writer.released.length, 2)
})

t.test('where holding is of no use there is less and less of it', async (t) => {
  const writer = new Writer()
  const held = Array.from({ length: 1000 }, () => writer.keptMs(0) > 0)
  t.equal(held[0], true)
  t.same(held.slice(1, 4), [false, false, true], 'two without')
  const count = held.filter((one) => one).length
  t.ok(count < 30 && count > 15, `${count} holds in ${held.length} revocations`)
  while (writer.keptMs(1) === 0);
  t.same(
    Array.from({ length: 10 }, () => writer.keptMs(1) > 0),
    Array(10).fill(true),
    'once it has been of use, it goes on',
  )
})

t.test('who has to give up everything meanwhile does so behind it', async (t) => {
  const writer = new Writer()
  writer.granted()
  writer.revoked()
  writer.tokens.giveUp(FILE)
  writer.env.advance(HOLD_MS)
  writer.env.runUntilIdle()
  t.same([...writer.tokens.inos()], [], 'nothing is held any more')
})
