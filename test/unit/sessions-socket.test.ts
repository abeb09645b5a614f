/** Streams of sessions over real sockets: everything arrives, in order and soon; who does not read is cut off. */
import fs from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { RealEnvironment } from '../../mover/real-environment.ts'
import { connectSession, listenSessions, type SessionListener } from '../../mover/sessions/socket.ts'
import type { SocketStream, StreamLimits } from '../../mover/sessions/stream.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { until, workFolder } from './appliance.ts'

const env = new RealEnvironment()
// Timers of the environment alone keep no process alive.
const alive = setInterval(() => {}, 60_000)
t.teardown(() => clearInterval(alive))

/** One end, and what it has been told. */
class End {
  readonly stream: SocketStream
  readonly chunks: Buffer[] = []
  endedWith: string | null = null

  constructor(stream: SocketStream) {
    this.stream = stream
    stream.deliverTo({
      received: (bytes, count) => this.chunks.push(Buffer.from(bytes.subarray(0, count))),
      end: (reason) => {
        if (this.endedWith !== null) throw new Error('ended twice')
        this.endedWith = reason
      },
    })
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }
}

/** Listens in a folder of the test's own. */
async function listen(
  t: Test,
  limits: StreamLimits = {},
): Promise<{ path: string; ends: End[]; server: SessionListener }> {
  const path = join(workFolder(t), 'session.sock')
  const ends: End[] = []
  const server = await listenSessions(path, env, (stream) => ends.push(new End(stream)), limits)
  t.teardown(() => server.close())
  return { path, ends, server }
}

function never(): AbortSignal {
  return new AbortController().signal
}

async function pair(t: Test): Promise<{ near: End; far: End; server: SessionListener }> {
  const { path, ends, server } = await listen(t)
  const near = new End(await connectSession(path, env, never()))
  await until('it is accepted', () => ends.length === 1)
  return { near, far: ends[0], server }
}

t.test("bytes go both ways, and are the caller's again at once", async (t) => {
  const { near, far } = await pair(t)
  const bytes = Buffer.from('hello')
  near.stream.write(bytes)
  bytes.fill(0)
  await until('it has arrived', () => far.bytes.length === 5)
  t.equal(String(far.bytes), 'hello')
  far.stream.write(Buffer.from('welcome'))
  await until('the answer has arrived', () => near.bytes.length === 7)
  t.equal(String(near.bytes), 'welcome')
})

t.test('much more than the kernel keeps arrives whole, in both directions', async (t) => {
  const { near, far } = await pair(t)
  const piece = (i: number): Buffer => Buffer.alloc(300_000 + i, i + 1)
  for (const end of [near, far]) for (let i = 0; i < 60; i++) end.stream.write(piece(i))
  const all = Buffer.concat(Array.from({ length: 60 }, (_, i) => piece(i)))
  await until('all has arrived', () => [near, far].every(({ bytes }) => bytes.length === all.length))
  t.ok(near.bytes.equals(all))
  t.ok(far.bytes.equals(all))
})

t.test('closing lets out what was written; the other end learns that it is over', async (t) => {
  const { near, far } = await pair(t)
  const bytes = Buffer.alloc(3_000_000, 7)
  near.stream.write(bytes)
  near.stream.close()
  near.stream.write(Buffer.from('too late'))
  await until('the end is noticed', () => far.endedWith)
  t.equal(far.endedWith, 'the other mover has closed it')
  t.ok(far.bytes.equals(bytes))
  t.equal(near.endedWith, null, 'who closes knows')
})

t.test('who comes late to a stream that has ended is told', async (t) => {
  const { path, ends } = await listen(t)
  const stream = await connectSession(path, env, never())
  await until('it is accepted', () => ends.length === 1)
  ends[0].stream.cutOff('enough')
  t.equal(ends[0].endedWith, 'enough')
  await new Promise((resolve) => setTimeout(resolve, 50))
  await until('the end is told', () => new End(stream).endedWith)
  t.pass()
})

t.test('connecting waits for the listener, until it is in vain', async (t) => {
  const folder = join(workFolder(t), 'long'.repeat(40))
  fs.mkdirSync(folder)
  const path = join(folder, 'session.sock')
  const stream = connectSession(path, env, never())
  await new Promise((resolve) => setTimeout(resolve, 30))
  fs.writeFileSync(path, 'left over')
  const server = await listenSessions(path, env, () => {})
  t.equal(fs.statSync(path).mode & 0o777, 0o600)
  const end = new End(await stream)
  await server.close()
  await until('the end is noticed', () => end.endedWith)
  t.notOk(fs.existsSync(path))
  const abort = new AbortController()
  const vain = connectSession(path, env, abort.signal)
  abort.abort(new Error('stopping'))
  await t.rejects(vain, new Error('stopping'))
  await t.rejects(connectSession(join(folder, 'x'.repeat(300)), env, never()), { code: 'EINVAL' })
})

t.test('closing the listener ends its streams', async (t) => {
  const { near, far, server } = await pair(t)
  await server.close()
  t.equal(far.endedWith, 'this mover ends')
  await until('the other end has noticed', () => near.endedWith)
})

t.test('a peer that leaves too much unread is cut off', async (t) => {
  const { path, ends } = await listen(t, { maxQueuedBytes: 1_000_000 })
  const silent = connect(path).pause()
  silent.on('error', () => {})
  t.teardown(() => silent.destroy())
  await until('it is accepted', () => ends.length === 1)
  const [end] = ends
  const piece = Buffer.alloc(100_000)
  let written = 0
  while (end.endedWith === null && written < 1000) {
    end.stream.write(piece)
    written++
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.equal(end.endedWith, 'the other mover has left more than 1000000 bytes unread')
  t.ok(written > 10, 'not before')
})

t.test('a peer that takes no write any more is cut off in time, one that only starts late is not', async (t) => {
  const world = new TestEnvironment(1)
  const path = join(workFolder(t), 'session.sock')
  const server = createServer({ pauseOnConnect: true }).listen(path)
  t.teardown(() => server.close())
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const end = new End(await connectSession(path, world, never(), { stallMs: 1000 }))
  const socket = await accepted
  t.teardown(() => socket.destroy())
  let read = 0
  socket.on('data', (bytes) => {
    read += bytes.length
  })
  const piece = Buffer.alloc(1_000_000)
  for (let turn = 1; turn <= 3; turn++) {
    socket.pause()
    end.stream.write(piece)
    await new Promise((resolve) => setImmediate(resolve))
    world.advance(999)
    socket.resume()
    await until('it has read all', () => read === turn * piece.length)
    t.equal(end.endedWith, null)
  }
  await until('nothing waits', () => {
    world.advance(10)
    return !end.stream.isWaiting
  })
  socket.pause()
  end.stream.write(piece)
  await new Promise((resolve) => setImmediate(resolve))
  world.advance(3000)
  t.equal(end.endedWith, 'the other mover has taken nothing for 1000 ms')
})
