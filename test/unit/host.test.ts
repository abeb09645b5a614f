import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { duplexPair } from 'node:stream'
import t from 'tap'
import { getControl, NobodyThere } from '../../mover/control/client.ts'
import { startControl } from '../../mover/control/server.ts'
import { Channel } from '../../mover/host/channel.ts'
import { formatRecord } from '../../mover/host/logger.ts'
import { MoverProcess } from '../../mover/host/mover-process.ts'
import { readMoverRecords, writeMoverRecords } from '../../mover/host/mover-records.ts'
import { identifyProcess, isGone, waitUntilGone } from '../../mover/host/process-identity.ts'
import { StartStates, stateAfter } from '../../mover/host/start-states.ts'
import { makeStateFolder, readHandleKey, statePaths } from '../../mover/host/state-folder.ts'
import { TermCounter } from '../../mover/host/terms.ts'
import { until, workFolder } from './appliance.ts'

t.test('a channel carries messages whole, however they arrive, until its other end goes', async (t) => {
  const [near, far] = duplexPair()
  const received: unknown[] = []
  let ended = 0
  const channel = new Channel<unknown, unknown>(
    near,
    (message) => received.push(message),
    () => ended++,
  )
  far.write('{"a":1}\n{"b":')
  far.write('"ä\\n"}\n')
  await until('both are there', () => received.length === 2)
  t.strictSame(received, [{ a: 1 }, { b: 'ä\n' }])
  channel.send({ c: 3 })
  const answer = await new Promise((resolve) => far.once('data', (data) => resolve(String(data))))
  t.equal(answer, '{"c":3}\n')
  far.end()
  await until('the end is noticed', () => ended > 0)
  t.equal(ended, 1)
  await new Promise<void>((resolve) => channel.send({ d: 4 }, resolve))
  t.pass('what cannot be sent any more is over at once')
})

t.test('a channel ends at what is no message', async (t) => {
  const [near, far] = duplexPair()
  far.on('error', () => {})
  const received: unknown[] = []
  const end = new Promise<void>((resolve) => {
    new Channel<unknown, unknown>(near, (message) => received.push(message), resolve)
  })
  far.write('{"a":1}\nnonsense\n{"b":2}\n')
  await end
  t.strictSame(received, [{ a: 1 }])
})

t.test('who the movers are is written also where the file system is full', async (t) => {
  const path = join(workFolder(t), 'movers.json')
  const record = { name: 'a', pid: 1234, startTicks: 5, bootId: 'x' }
  await writeMoverRecords(path, [record, { ...record, name: 'b' }])
  const { ino } = fs.statSync(path)
  const { writeFile } = fs.promises
  t.teardown(() => {
    fs.promises.writeFile = writeFile
  })
  fs.promises.writeFile = async () => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  }
  await writeMoverRecords(path, [record])
  t.strictSame(readMoverRecords(path), [record])
  t.equal(fs.statSync(path).ino, ino, 'in its own blocks')
  t.strictSame(fs.readdirSync(join(path, '..')), ['movers.json'], 'no draft is left')
  await t.rejects(writeMoverRecords(`${path}.new`, [record]), /^cannot write .*movers\.json\.new: ENOENT/)
})

t.test('processes are told apart, and known to be gone', async (t) => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
  t.teardown(() => child.kill('SIGKILL'))
  const identity = identifyProcess(child.pid ?? 0)
  if (identity === null) throw new Error('the child was not found')
  t.notOk(isGone(identity))
  t.ok(isGone({ ...identity, startTicks: identity.startTicks + 1 }), 'another process had that number')
  t.ok(isGone({ ...identity, bootId: 'before' }), 'before the last boot')
  t.notOk(await waitUntilGone(identity, 0), 'gives up')
  child.kill('SIGKILL')
  t.ok(await waitUntilGone(identity, 60_000))
  t.equal(identifyProcess(2 ** 22 + 1), null, 'above the largest number of a process')
})

t.test('a zombie is gone', async (t) => {
  // The shell's child waits for us until the shell has become a program that never looks after it.
  const script = '{ read line; } <&3 & echo $!; exec sleep 1000'
  const parent = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] })
  t.teardown(() => parent.kill('SIGKILL'))
  const [, output, , held] = parent.stdio
  const pid = Number(await new Promise((resolve) => output?.once('data', (data) => resolve(String(data)))))
  await until('the shell is another program', () => fs.readFileSync(`/proc/${parent.pid}/comm`, 'latin1') === 'sleep\n')
  const identity = identifyProcess(pid)
  if (identity === null) throw new Error('the child was not found')
  t.notOk(isGone(identity))
  held?.destroy()
  await until('it is a zombie', () => / Z /.test(fs.readFileSync(`/proc/${pid}/stat`, 'latin1')))
  t.ok(isGone(identity))
})

t.test('a process is there while one of its threads is, also when its leader has ended', async (t) => {
  const proc = workFolder(t)
  const boot = join(proc, 'sys', 'kernel', 'random')
  const threads = join(proc, '7', 'task')
  fs.mkdirSync(boot, { recursive: true })
  fs.writeFileSync(join(boot, 'boot_id'), 'this\n')
  for (const thread of ['7', '8']) fs.mkdirSync(join(threads, thread), { recursive: true })
  const setState = (state: string): void => {
    // Fields 4 to 21 of proc_pid_stat(5) do not matter here; the 22nd is when it began.
    fs.writeFileSync(join(proc, '7', 'stat'), `7 (node) Z) ${state} ${Array(18).fill(0).join(' ')} 1234 0\n`)
  }
  setState('D')
  const identity = identifyProcess(7, proc)
  t.strictSame(identity, { pid: 7, startTicks: 1234, bootId: 'this' })
  if (identity === null) return
  t.notOk(isGone(identity, proc))
  setState('Z')
  t.notOk(isGone(identity, proc), 'a thread is left, which may still write')
  fs.rmdirSync(join(threads, '8'))
  t.ok(isGone(identity, proc), 'a zombie without other threads')
  setState('S')
  t.notOk(isGone(identity, proc), 'a process of one thread')
  fs.rmSync(join(proc, '7'), { recursive: true })
  t.ok(isGone(identity, proc))
})

t.test('a mover that has died is not called gone while something of it is left', async (t) => {
  const events: string[] = []
  const answers = [false, false, true]
  const gone = Promise.withResolvers<void>()
  const mover = new MoverProcess({
    name: 'a',
    claims: new Map(),
    leaseMs: 60_000,
    onReady: () => {},
    onSilent: () => {},
    onHolding: () => {},
    onQuiet: () => {},
    onGone: (reason) => {
      events.push(`gone: ${reason}`)
      gone.resolve()
    },
    onStuck: (pid) => events.push(`stuck: ${pid === mover.identity.pid}`),
    untilGone: async ({ pid }) => {
      events.push(`looked at: ${pid === mover.identity.pid}`)
      await new Promise(setImmediate)
      return answers.shift() ?? true
    },
  })
  t.teardown(() => mover.kill('the test is over'))
  const closed = mover.close().then(() => events.push('closed'))
  mover.kill('killed')
  await Promise.all([gone.promise, closed])
  t.strictSame(events, [
    'looked at: true',
    'stuck: true',
    'looked at: true',
    'stuck: true',
    'looked at: true',
    'gone: killed',
    'closed',
  ])
})

t.test('the state folder', async (t) => {
  const folder = join(workFolder(t), 'a', 'b')
  await makeStateFolder(folder)
  const key = readHandleKey(folder)
  await makeStateFolder(folder)
  t.strictSame(readHandleKey(folder), key, 'the key is made once')
  t.strictSame(fs.readdirSync(join(folder, 'secrets')), ['handle.key'])
  fs.writeFileSync(statePaths(folder).handleKey, 'short')
  t.throws(() => readHandleKey(folder), /handle\.key: has 5 bytes, not 32/)
})

t.test('the control interface', async (t) => {
  const folder = join(workFolder(t), 'long'.repeat(50))
  fs.mkdirSync(folder)
  const socket = join(folder, 'a.sock')
  await t.rejects(getControl(socket, '/status'), new NobodyThere(socket))
  fs.writeFileSync(socket, 'left over')
  const server = await startControl(socket, { '/status': () => ({ up: true }) })
  t.teardown(() => server.close())
  t.equal(fs.statSync(socket).mode & 0o777, 0o600)
  t.strictSame(await getControl(socket, '/status'), { up: true })
  await t.rejects(getControl(socket, '/nothing'), /answered 404/)
  await server.close()
  t.notOk(fs.existsSync(socket))
})

t.test('log lines for people', async (t) => {
  const time = new Date(2026, 0, 2, 3, 4, 5).getTime()
  const line = (fields: object): string => formatRecord(JSON.stringify({ level: 30, time, name: 'a', ...fields }))
  t.equal(line({ msg: 'ready' }), '03:04:05 a: ready')
  t.equal(line({ level: 40, msg: 'slow', client: '::1', n: 2 }), '03:04:05 a: warning: slow client=::1 n=2')
  t.equal(
    line({ level: 50, msg: 'bad', err: { message: 'm', stack: 'Error: m\n at x' } }),
    '03:04:05 a: error: bad err=Error: m\n at x',
  )
})

t.test('the state of a start is odd, and greater than any before, whatever the clock says', async (t) => {
  const now = Date.parse('2026-11-26T12:00:00Z')
  const first = stateAfter(-1, now)
  t.equal(first % 2, 1)
  t.equal(stateAfter(first, now), first + 2, 'within a second')
  t.equal(stateAfter(first, now - 86_400_000), first + 2, 'the clock was set back')
  t.ok(stateAfter(-1, now + 1000) > first, 'the state folder was lost')
  t.equal(stateAfter(-1, 0), 1, 'a clock that was never set')
  const most = 2 ** 31 - 1
  t.equal(stateAfter(-1, Date.parse('2100-01-01')), most, 'the greatest that there is')
  t.equal(stateAfter(most, Date.parse('2100-01-01')), 1, 'another one all the same')
  t.equal(stateAfter(most, now), 1)

  const path = join(workFolder(t), 'states.json')
  const states = new StartStates(path)
  const [taken, again] = await Promise.all([states.take(2, now), states.take(1, now)])
  t.same([...taken, ...again], [first, first + 2, first + 4])
  t.same(await new StartStates(path).take(1, now - 5000), [first + 6], 'they are written down')
  for (const damaged of ['', '[]', '-1', '2', '1.5', `${most + 2}`]) {
    fs.writeFileSync(path, damaged)
    t.throws(() => new StartStates(path), /states\.json: damaged; remove it/, damaged)
  }
})

t.test('terms grow, and are written before anybody is told', async (t) => {
  const path = join(workFolder(t), 'terms.json')
  const terms = new TermCounter(path)
  t.equal(terms.of('share'), 0)
  await terms.raise(['share', 'constructor'])
  t.strictSame([terms.of('share'), terms.of('constructor'), terms.of('toString')], [1, 1, 0])
  await terms.raise(['share'])
  const next = new TermCounter(path)
  t.strictSame([next.of('share'), next.of('constructor')], [2, 1])
  next.atLeast('share', 7)
  next.atLeast('share', 3)
  await next.raise(['share'])
  t.equal(new TermCounter(path).of('share'), 8)
  const raising = next.raise(['share'])
  t.equal(next.of('share'), 8, 'nobody is told of one that is not written')
  await raising
  t.equal(next.of('share'), 9)
  for (const damaged of ['', '[]', 'null', '{"a":-1}', '{"a":"1"}', '{"a":1.5}']) {
    fs.writeFileSync(path, damaged)
    t.throws(() => new TermCounter(path), /terms\.json: damaged; remove it/, damaged)
  }
})
