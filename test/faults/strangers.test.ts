/** Who comes to a real primary's session socket and must not, or speaks wrongly: it is told off and logged, and changes nothing. */
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { Session, type SessionStream } from '../../mover/authority/session.ts'
import {
  type hello,
  MOVERLOCK_VERSION,
  type message,
  message_kind,
  token_kind,
} from '../../protocol/moverlock/moverlock.gen.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { until } from '../unit/appliance.ts'
import { bytes } from '../unit/nfs3-client.ts'
import { Cluster } from './cluster.ts'

/** More than a mover has of others. */
const SILENT = 200

t.setTimeout(120_000)

/** What a session makes of messages: one frame. */
function frameOf(...messages: message[]): Uint8Array {
  const env = new TestEnvironment(1)
  const chunks: Uint8Array[] = []
  const stream: SessionStream = { write: (bytes) => chunks.push(bytes.slice()), close: () => {} }
  const session = new Session(stream, env, { message: () => {}, ended: () => {} })
  for (const message of messages) session.send(message)
  session.flush()
  return Buffer.concat(chunks)
}

function helloOf(changes: Partial<hello>): message {
  const hello: hello = {
    protocol: MOVERLOCK_VERSION,
    mover: bytes('b'),
    incarnation: new Uint8Array(16).fill(7),
    volume: new Uint8Array(16).fill(7),
    term: 1,
    device: bytes('file 1:2'),
    direct: true,
    ...changes,
  }
  return { kind: message_kind.HELLO, hello }
}

/** Takes all of a file; it would be asked of who has it. */
const LOCK: message = {
  kind: message_kind.LOCK,
  lock: { ino: 2, id: 1, kind: token_kind.WF_X, need: { start: 0, end: 1 }, exact: false },
}

t.test('a primary refuses whom it does not know, and goes on', async (t) => {
  const cluster = await Cluster.start(t, 2)
  const { root, clients } = await cluster.clients()
  const before = await cluster.movers()
  const run = join(cluster.state, 'run')
  const path = join(run, readdirSync(run).find((name) => name.startsWith('session-')) as string)
  // The handle of a file names its volume behind its first byte.
  const volume = root.data.slice(1, 17)

  /** Says it; resolves with what has been answered when the stream is over. */
  const say = (said: Uint8Array): Promise<Buffer> =>
    new Promise((resolve) => {
      const socket = connect(path, () => socket.write(said))
      let answer = Buffer.alloc(0)
      socket.on('data', (data: Buffer) => {
        answer = Buffer.concat([answer, data])
      })
      socket.on('error', () => {})
      socket.on('close', () => resolve(answer))
      t.teardown(() => socket.destroy())
    })
  const cutOff = frameOf(LOCK).slice()
  cutOff[3] -= 4
  const wrong: [string, Uint8Array, RegExp][] = [
    [
      'an earlier protocol',
      frameOf(helloOf({ protocol: MOVERLOCK_VERSION - 1 }), LOCK),
      /refused b a session .*version/,
    ],
    ['another volume', frameOf(helloOf({}), LOCK), /refused b a session .*has the uuid/],
    ['a stranger', frameOf(helloOf({ volume }), LOCK), /refused b a session .*runs no mover b of that incarnation/],
    [
      'a stranger with the name of the primary',
      frameOf(helloOf({ volume, mover: bytes('a') }), LOCK),
      /refused a a session .*runs no mover a of/,
    ],
    ['no HELLO', frameOf(LOCK, helloOf({ volume })), /unknown mover has ended: it did not begin with HELLO/],
    [
      'a frame that is too long',
      Uint8Array.of(0x7f, 0xff, 0xff, 0xff),
      /unknown mover has ended: a frame of 2147483647/,
    ],
    ['an unknown message', Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 99), /unknown mover has ended: /],
    ['a message that is cut off', cutOff, /unknown mover has ended: /],
    ['garbage', new Uint8Array(5000).fill(0x55), /unknown mover has ended: a frame of/],
  ]
  for (const [what, said, logged] of wrong) {
    const { length } = cluster.complaints
    const answer = await say(said)
    await until(`${what} is logged`, () => cluster.complaints.length > length)
    const lines = cluster.complaints.slice(length)
    t.equal(lines.length, 1, what)
    t.match(lines[0], logged, what)
    t.ok(answer.length === 0 || answer.readUInt32BE(4) === message_kind.REFUSED, `${what}: is not welcome`)
  }
  const silent = Array.from({ length: SILENT }, () => connect(path))
  t.teardown(() => {
    for (const socket of silent) socket.destroy()
  })
  await Promise.all(silent.map((socket) => new Promise((resolve) => socket.on('connect', resolve))))
  for (const [i, client] of clients.entries()) {
    await client.create(root, `f${i}`)
  }
  for (const socket of silent) socket.destroy()
  const identities = (all: Awaited<typeof before>): unknown => all.map(({ pid, restarts }) => [pid, restarts])
  t.strictSame(identities(await cluster.movers()), identities(before), 'nobody was started anew')
  t.equal(await cluster.stop(), '')
})
