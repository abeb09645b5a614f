/** How a primary receives secondaries: the right volume gets the right mover, once; everybody else is refused with a reason. */
import { join } from 'node:path'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { Session, type SessionStream } from '../../mover/authority/session.ts'
import type { Incarnation } from '../../mover/host/channel.ts'
import { RealEnvironment } from '../../mover/real-environment.ts'
import { Reception, type Reign } from '../../mover/sessions/reception.ts'
import { connectSession, listenSessions } from '../../mover/sessions/socket.ts'
import { type hello, MOVERLOCK_VERSION, type message, message_kind } from '../../protocol/moverlock/moverlock.gen.ts'
import { until, workFolder } from './appliance.ts'

const env = new RealEnvironment()
const alive = setInterval(() => {}, 60_000)
t.teardown(() => clearInterval(alive))

const UUID = new Uint8Array(16).fill(5)
const incarnationOf = (name: string): string => name.repeat(32)

/** A volume that welcomes everybody. */
class FakeReign implements Reign {
  readonly term = 7
  readonly device = { identity: 'file 1:2', direct: true }
  readonly hellos: hello[] = []
  readonly got: message[] = []
  readonly gones: Incarnation[] = []
  readonly ends: string[] = []

  accept(stream: SessionStream, hello: hello): Session {
    this.hellos.push(structuredClone(hello))
    const session = new Session(stream, env, {
      message: (message) => this.got.push(structuredClone(message)),
      ended: (reason) => this.ends.push(reason),
    })
    session.send({ kind: message_kind.WELCOME, welcome: { term: this.term, mover: 3 } })
    return session
  }

  gone(mover: Incarnation): void {
    this.gones.push(mover)
  }
}

class Primary {
  readonly path: string
  readonly reign = new FakeReign()
  readonly log: string[] = []
  readonly reception: Reception

  constructor(folder: string) {
    this.path = join(folder, 'session.sock')
    const logger = pino({ level: 'info' }, { write: (line: string) => void this.log.push(JSON.parse(line).msg) })
    this.reception = new Reception(env, logger, { name: 'share', uuid: UUID, reign: this.reign })
    for (const name of ['b', 'c']) this.reception.started({ name, incarnation: incarnationOf(name) })
  }

  static async start(t: Test): Promise<Primary> {
    const primary = new Primary(workFolder(t))
    const server = await listenSessions(primary.path, env, (stream) => primary.reception.receive(stream))
    t.teardown(() => server.close())
    return primary
  }
}

/** A secondary that says what it is told to say. */
class Client {
  readonly session: Session
  readonly got: message[] = []
  endedWith: string | null = null

  constructor(stream: SessionStream) {
    this.session = new Session(stream, env, {
      message: (message) => this.got.push(structuredClone(message)),
      ended: (reason) => {
        this.endedWith = reason
      },
    })
  }

  static async connect(primary: Primary): Promise<Client> {
    const stream = await connectSession(primary.path, env, new AbortController().signal)
    const client = new Client(stream)
    stream.deliverTo(client.session)
    return client
  }

  /** What the primary says to this HELLO. */
  async hello(changes: Partial<hello> = {}): Promise<string> {
    this.session.send({ kind: message_kind.HELLO, hello: { ...goodHello(), ...changes } })
    await until('there is an answer', () => this.got.length > 0 || this.endedWith !== null)
    const answer: message | undefined = this.got[0]
    if (answer === undefined) return `ended: ${this.endedWith}`
    if (answer.kind === message_kind.REFUSED) return Buffer.from(answer.refused.reason).toString()
    return answer.kind === message_kind.WELCOME ? `welcome in term ${answer.welcome.term}` : 'nonsense'
  }
}

function goodHello(): hello {
  return {
    protocol: MOVERLOCK_VERSION,
    mover: Buffer.from('b'),
    incarnation: Buffer.from(incarnationOf('b'), 'hex'),
    volume: UUID,
    term: 7,
    device: Buffer.from('file 1:2'),
    direct: true,
  }
}

const lock: message = {
  kind: message_kind.GLIMPSE,
  glimpse: { ino: 5, id: 1, seen: 0 },
}

t.test('a secondary is welcome, and what it says then arrives', async (t) => {
  const primary = await Primary.start(t)
  const client = await Client.connect(primary)
  t.equal(await client.hello(), 'welcome in term 7')
  client.session.send(lock)
  const { reign } = primary
  await until('its message has arrived', () => reign.got.length === 1)
  t.strictSame(reign.got, [lock])
  t.equal(Buffer.from(reign.hellos[0].mover).toString(), 'b')
  client.session.end('done')
  await until('the end is noticed', () => reign.ends.length === 1)
  t.strictSame(primary.log, [])
})

t.test('who must not come is refused, and both sides know why', async (t) => {
  const primary = await Primary.start(t)
  const name = (name: string): Partial<hello> => ({ mover: Buffer.from(name) })
  const cases: [Partial<hello>, string][] = [
    [{ protocol: 1 }, `it speaks version ${MOVERLOCK_VERSION} of the mover lock protocol, not 1`],
    [
      { volume: new Uint8Array(16).fill(6) },
      `the volume share has the uuid ${'05'.repeat(16)}, not ${'06'.repeat(16)}`,
    ],
    [{ term: 6 }, 'it is primary in term 7, not 6'],
    [{ device: Buffer.from('file 1:3') }, 'its device is another one (file 1:2, not file 1:3)'],
    [{ direct: false }, 'it uses the device with O_DIRECT, not through the page cache'],
    [name('d'), 'its supervisor runs no mover d of that incarnation'],
    [name('c'), 'its supervisor runs no mover c of that incarnation'],
  ]
  for (const [changes, reason] of cases) {
    const client = await Client.connect(primary)
    t.equal(await client.hello(changes), reason)
    await until('the session is over', () => client.endedWith)
    t.equal(primary.log.length, 1)
    t.ok(primary.log.pop()?.endsWith(`: ${reason}`), reason)
  }
  t.equal(primary.reign.hellos.length, 0)
  t.equal(await (await Client.connect(primary)).hello(), 'welcome in term 7', 'a refusal is no session')
})

t.test('an incarnation has one session; the next one comes when it is gone', async (t) => {
  const primary = await Primary.start(t)
  const share = primary.reign
  const welcome = 'welcome in term 7'
  const first = await Client.connect(primary)
  t.equal(await first.hello(), welcome)
  const twice = 'this incarnation has, or has had, a session already'
  t.equal(await (await Client.connect(primary)).hello(), twice)
  first.session.end('enough')
  await until('the end is noticed', () => share.ends.length === 1)
  t.equal(await (await Client.connect(primary)).hello(), twice, 'also when it has ended')

  const old = { name: 'b', incarnation: incarnationOf('b') }
  const next = { name: 'b', incarnation: incarnationOf('d') }
  t.throws(() => primary.reception.started(next), new Error('mover b is started before its last process was gone'))
  primary.reception.gone(old)
  t.strictSame(share.gones, [old])
  t.equal(await (await Client.connect(primary)).hello(), 'its supervisor runs no mover b of that incarnation')
  primary.reception.started(next)
  t.equal(await (await Client.connect(primary)).hello(), 'its supervisor runs no mover b of that incarnation')
  t.equal(await (await Client.connect(primary)).hello({ incarnation: Buffer.from(next.incarnation, 'hex') }), welcome)
  primary.reception.gone(old)
  t.equal(
    await (await Client.connect(primary)).hello({ incarnation: Buffer.from(next.incarnation, 'hex') }),
    twice,
    'late news of the old one changes nothing',
  )
})

t.test('who does not begin with HELLO, or goes on before the welcome, is cut off', async (t) => {
  const primary = await Primary.start(t)
  const rude = await Client.connect(primary)
  rude.session.send(lock)
  await until('it is cut off', () => rude.endedWith)
  t.strictSame(primary.log, ['a session with an unknown mover has ended: it did not begin with HELLO'])

  const hasty = await Client.connect(primary)
  hasty.session.send({ kind: message_kind.HELLO, hello: goodHello() })
  hasty.session.send(lock)
  await until('it is cut off', () => hasty.endedWith)
  t.strictSame(primary.reign.ends, ['it spoke before it was welcome'])
  t.strictSame(primary.reign.got, [])
})
