/** Sessions between movers: messages arrive whole, once and in order, however the stream is cut; wrong ones end it. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { Session, SessionError } from '../../mover/authority/session.ts'
import { type message, message_kind, token_kind } from '../../protocol/moverlock/moverlock.gen.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { schemaOf } from '../golden/annotate.ts'
import { arbitraryOf } from '../property/xdr-arbitrary.ts'

const SPECIFICATION = new URL('../../protocol/moverlock/moverlock.x', import.meta.url)
const schema = schemaOf(readFileSync(SPECIFICATION, 'utf8'))
const messages = fc.array(arbitraryOf(schema, { kind: 'ref', name: 'message' }) as fc.Arbitrary<message>, {
  minLength: 1,
  maxLength: 20,
})

class End {
  readonly env = new TestEnvironment(1)
  readonly chunks: Uint8Array[] = []
  readonly got: message[] = []
  readonly session: Session
  endedWith: string | null = null
  isClosed = false

  constructor(onMessage: (message: message) => void = () => {}) {
    this.session = new Session(
      {
        write: (bytes) => this.chunks.push(bytes.slice()),
        close: () => {
          this.isClosed = true
        },
      },
      this.env,
      {
        message: (message) => {
          // What a message holds is valid during the call only.
          this.got.push(structuredClone(message))
          onMessage(message)
        },
        ended: (reason) => {
          if (this.endedWith !== null) throw new Error('ended twice')
          this.endedWith = reason
        },
      },
    )
  }

  /** All bytes sent so far, as one. */
  take(): Uint8Array {
    this.env.runUntilIdle()
    return Buffer.concat(this.chunks.splice(0))
  }
}

const lock: message = {
  kind: message_kind.LOCK,
  lock: { ino: 5, id: 1, kind: token_kind.WF_R, need: { start: 0, end: 1 }, exact: false },
}

t.test('messages arrive whole and in order, however the stream cuts them', async (t) => {
  await fc.assert(
    fc.asyncProperty(messages, fc.infiniteStream(fc.integer({ min: 1, max: 50 })), async (sent, cuts) => {
      const from = new End()
      const to = new End()
      for (const message of sent) from.session.send(message)
      const bytes = from.take()
      for (let at = 0; at < bytes.length; ) {
        const length = cuts.next().value as number
        to.session.received(bytes.subarray(at, at + length))
        at += length
      }
      t.same(to.got, structuredClone(sent))
      t.equal(to.endedWith, null)
    }),
    { numRuns: 100, seed: 1 },
  )
})

t.test('what is said in one tick is one frame', async (t) => {
  const from = new End()
  from.session.send(lock)
  from.session.send(lock)
  const first = from.take()
  from.session.send(lock)
  from.session.flush()
  t.same(from.session.counts, { framesSent: 2, framesReceived: 0, messagesSent: 3, messagesReceived: 0 })
  const to = new End()
  to.session.received(first)
  t.same([to.session.counts.framesReceived, to.session.counts.messagesReceived], [1, 2])
})

t.test('a peer that speaks wrongly ends the session, and nothing more of it counts', async (t) => {
  const good = (): Uint8Array => {
    const from = new End()
    from.session.send(lock)
    return from.take()
  }
  const tooLong = Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1)
  const unknownKind = Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 99)
  const cutOff = good().slice()
  cutOff[3] -= 4
  for (const [what, bytes] of Object.entries({ tooLong, unknownKind, cutOff })) {
    const to = new End()
    to.session.received(bytes)
    t.not(to.endedWith, null, `${what}: ${to.endedWith}`)
    t.ok(to.isClosed, what)
    to.session.received(good())
    t.equal(to.got.length, 0, what)
    to.session.send(lock)
    t.equal(to.take().length, 0, `${what}: nothing is sent any more`)
  }
})

t.test('a message that must not come ends the session too; other errors are not hidden', async (t) => {
  const from = new End()
  from.session.send(lock)
  from.session.send(lock)
  const bytes = from.take()
  const refusing = new End(() => {
    throw new SessionError('not now')
  })
  refusing.session.received(bytes)
  t.equal(refusing.endedWith, 'not now')
  t.equal(refusing.got.length, 1, 'the next message of the frame is not looked at')
  const broken = new End(() => {
    throw new TypeError('a bug')
  })
  t.throws(() => broken.session.received(bytes), new TypeError('a bug'))
})

t.test('garbage of any kind is refused or waited for', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const to = new End()
      to.session.received(bytes)
      return to.endedWith === null || to.isClosed
    }),
    { numRuns: 500, seed: 2 },
  )
  t.pass('no exception')
})
