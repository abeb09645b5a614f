/** Sessions between movers: messages arrive whole, once and in order, however the stream is cut; wrong ones end it. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { fileBytesOf, OpaqueCountingWriter } from '../../mover/authority/payload.ts'
import { Session } from '../../mover/authority/session.ts'
import { SessionError } from '../../mover/authority/session-error.ts'
import { InodeValue, TYPE_NUMBER } from '../../mover/volume/inode-value.ts'
import {
  failure,
  type message,
  message_kind,
  token_kind,
  writemessage,
} from '../../protocol/moverlock/moverlock.gen.ts'
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
  const second = from.take()
  const { framesSent, framesReceived, messagesSent, messagesReceived, bytesSent } = from.session.counts
  t.same([framesSent, framesReceived, messagesSent, messagesReceived], [2, 0, 3, 0])
  t.equal(bytesSent, first.length + second.length)
  const to = new End()
  to.session.received(first)
  t.same([to.session.counts.framesReceived, to.session.counts.messagesReceived], [1, 2])
  t.equal(to.session.counts.bytesReceived, first.length)
  t.same([from.session.counters()['sent.LOCK'], from.session.counters()['received.LOCK']], [3, undefined])
  t.same([to.session.counters()['sent.LOCK'], to.session.counters()['received.LOCK']], [undefined, 2])
})

t.test('what is asked leaves at once, the rest of a tick together', async (t) => {
  const from = new End()
  from.session.ask(lock)
  t.equal(from.chunks.length, 1)
  from.session.ask(lock)
  from.session.send(lock)
  t.equal(from.chunks.length, 1)
  from.env.runUntilIdle()
  t.equal(from.chunks.length, 2)
  from.session.send(lock)
  from.session.ask(lock)
  t.equal(from.chunks.length, 2, 'what was said before goes with it')
  from.env.runUntilIdle()
  t.equal(from.chunks.length, 3)
  t.same(from.session.counts.messagesSent, 5)
})

t.test('what is said while messages are carried out leaves behind them, in one frame', async (t) => {
  const from = new End()
  for (let i = 0; i < 3; i++) from.session.send(lock)
  const answering: End = new End(() => answering.session.send(lock))
  answering.session.received(from.take())
  t.equal(answering.chunks.length, 1, 'at once')
  t.equal(answering.session.counts.messagesSent, 3)
  answering.env.runUntilIdle()
  t.equal(answering.chunks.length, 1)
})

/** The answer to a READLINK, of an object that has this type and size. */
function answerWith(target: Uint8Array, type: number, size: number): message {
  const value = new InodeValue()
  value.type = type
  value.size = size
  const after = [{ ino: 5, value: value.bytes, current: true }]
  const nothing = { replayed_object: null, list: null, space: null, remembered: null }
  return { kind: message_kind.ANSWER, answer: { id: 1, status: failure.NONE, before: [], after, target, ...nothing } }
}

/** Bytes of files that a message is found to carry, by who sends it and by who receives it. */
function fileBytes(message: message): number[] {
  const [from, to] = [new End(), new End()]
  from.session.send(message)
  to.session.received(from.take())
  return [from.session.counts.fileBytes, to.session.counts.fileBytes]
}

t.test('no message that the specification knows carries bytes of files', async (t) => {
  const isAnyTarget = (message: message): boolean =>
    message.kind === message_kind.ANSWER && message.answer.target.length > 0
  fc.assert(
    fc.property(messages, (sent) => {
      for (const message of sent) if (!isAnyTarget(message)) t.same(fileBytes(message), [0, 0])
    }),
    { numRuns: 300, seed: 2 },
  )
  t.same(fileBytes(answerWith(Buffer.from('../away'), TYPE_NUMBER.symlink, 7)), [0, 0], 'the target of a link')
})

t.test('bytes of files are found wherever they are put', async (t) => {
  const data = Buffer.alloc(4096, 'data')
  t.same(fileBytes(answerWith(data, TYPE_NUMBER.file, data.length)), [4096, 4096], 'as the target of a file')
  t.same(fileBytes(answerWith(data, TYPE_NUMBER.symlink, 7)), [4096, 4096], 'as the target of a shorter link')
  for (const kind of Object.values(message_kind)) {
    const [sample] = fc.sample(
      messages.map((some) => some.find((message) => message.kind === kind)).filter((found) => found !== undefined),
      { numRuns: 1, seed: 3 },
    )
    const writer = new OpaqueCountingWriter(2 ** 22)
    writemessage(writer, sample as message)
    // As one more field of the message.
    writer.opaque(data)
    const isTarget = sample?.kind === message_kind.ANSWER ? sample.answer.target.length : 0
    t.equal(fileBytesOf(sample as message, writer.opaqueBytes), data.length + isTarget, `in a message of kind ${kind}`)
  }
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
