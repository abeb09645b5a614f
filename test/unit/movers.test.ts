/** Several movers under one supervisor: roles, and what happens when one of them, or the supervisor, dies or falls silent. */
import fs from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { MoverState } from '../../mover/host/managed-mover.ts'
import { isGone, waitUntilGone } from '../../mover/host/process-identity.ts'
import { statePaths } from '../../mover/host/state-folder.ts'
import { encodeOwner } from '../../mover/volume/owner.ts'
import { Command, identify, moverStates, until, workFolder, writeConfig } from './appliance.ts'

t.jobs = 2
t.setTimeout(300_000)

/** Longer than a busy machine holds a process up. */
const LONG_LEASE = { timing: { lease: '20s' } }
const SHORT_LEASE = { timing: { lease: '1s' } }
const BLOCK = 4096
const OWNER_BLOCK_AT = 2 * BLOCK
const SIZE_BLOCKS = (64 * 2 ** 20) / BLOCK

function mover(name: string): object {
  return { name, nfs: 0, portmap: 0 }
}

/** An appliance that serves one volume with two movers, a its primary, or others. */
class Appliance {
  readonly state: string
  readonly config: string
  readonly up: Command
  readonly #t: Test

  constructor(t: Test, folder: string, changes: Record<string, unknown>) {
    this.#t = t
    this.state = join(folder, 'state')
    this.config = writeConfig(folder, { movers: [mover('a'), mover('b')], ...changes })
    this.up = new Command(t, 'up', '--config', this.config)
  }

  static async start(t: Test, changes: Record<string, unknown>, folder = workFolder(t)): Promise<Appliance> {
    const appliance = new Appliance(t, folder, changes)
    await appliance.up.serving()
    return appliance
  }

  movers(): Promise<MoverState[]> {
    return moverStates(this.state)
  }

  /** The movers, when all serve and each has been started again so often. */
  whenRestarted(...restarts: number[]): Promise<MoverState[]> {
    return until(`all serve, after ${restarts} restarts`, async () => {
      const movers = await this.movers()
      const all = movers.every(({ state, restarts: count }, at) => state === 'serving' && count >= restarts[at])
      return all ? movers : null
    })
  }

  async status(): Promise<string> {
    const command = new Command(this.#t, 'status', '--config', this.config)
    await command.ended
    return command.out
  }

  /** SIGTERM, and all is well. */
  async stop(): Promise<void> {
    const identities = (await this.movers()).flatMap(({ pid }) => (pid === null ? [] : [identify(pid)]))
    this.up.process.kill('SIGTERM')
    this.#t.equal(await this.up.ended, 0, this.up.err)
    this.#t.ok(
      identities.every((identity) => isGone(identity)),
      'nothing of the movers is left',
    )
    this.#t.strictSame(JSON.parse(fs.readFileSync(statePaths(this.state).movers, 'utf8')), [])
  }
}

function terms(movers: readonly MoverState[]): number[][] {
  return movers.map(({ roles }) => roles.map(({ term }) => term))
}

function signal(mover: MoverState, name: NodeJS.Signals): void {
  process.kill(identify(mover.pid).pid, name)
}

t.test('two movers serve two volumes, each is primary of one', async (t) => {
  const folder = workFolder(t)
  const volumes = ['one', 'two'].map((name) => ({ name, size: '64MiB' }))
  const first = await Appliance.start(t, { volumes, ...LONG_LEASE }, folder)
  const movers = await first.movers()
  t.strictSame(
    movers.map(({ roles }) => roles.map(({ volume, role, primary }) => `${volume} ${role} ${primary}`)),
    [
      ['one primary a', 'two secondary b'],
      ['one secondary a', 'two primary b'],
    ],
  )
  for (const { addresses } of movers) {
    const ports = `port=${addresses?.nfs},mountport=${addresses?.nfs}`
    for (const path of ['/one', '/two']) {
      t.ok(first.up.out.includes(`  mount -t nfs -o vers=3,tcp,nolock,${ports} 127.0.0.1:${path} /mnt\n`))
    }
  }
  const status = await first.status()
  t.match(
    status,
    /^mover a: serving, .* 0 restarts\n {2}volume one: primary, term \d+\n {2}volume two: secondary of mover b, term \d+$/m,
  )
  t.match(
    status,
    /^mover b: serving, .* 0 restarts\n {2}volume one: secondary of mover a, term \d+\n {2}volume two: primary, term \d+$/m,
  )
  const sockets = fs.readdirSync(join(first.state, 'run')).filter((name) => name.startsWith('session-'))
  const [[one, two]] = terms(movers)
  t.strictSame(sockets.sort(), [`session-one-${one}.sock`, `session-two-${two}.sock`])
  await first.stop()
  t.notMatch(first.up.err, /"level":(40|50)/, 'nothing to complain about')

  fs.rmSync(statePaths(first.state).terms)
  const second = await Appliance.start(t, { volumes, ...LONG_LEASE }, folder)
  t.strictSame(terms(await second.movers()).flat(), Array(4).fill(one + 1), 'the volumes know their terms too')
  await second.stop()
  for (const name of ['one', 'two']) {
    const check = new Command(t, 'check', name, '--config', second.config)
    t.equal(await check.ended, 0, check.out)
  }
})

/** A secondary, the last of three movers, dies and is replaced; its primary goes on. The movers after that. */
async function loseSecondary(t: Test, appliance: Appliance): Promise<MoverState[]> {
  const [a, b, c] = await appliance.movers()
  signal(c, 'SIGKILL')
  const [nextA, nextB, nextC] = await appliance.whenRestarted(0, 0, 1)
  t.strictSame([nextA.pid, nextA.restarts], [a.pid, 0])
  t.not(nextC.pid, c.pid)
  t.strictSame(nextC.addresses, c.addresses)
  t.strictSame(terms([nextA, nextB, nextC]), terms([a, b, c]))
  t.notMatch(appliance.up.err, /refused/, 'it was received again')
  signal(nextC, 'SIGTERM')
  const last = await appliance.whenRestarted(0, 0, 2)
  t.equal(last[0].pid, a.pid, 'also when it ends by itself')
  return last
}

t.test('a secondary that dies is replaced; when a primary dies, another mover takes its volume over', async (t) => {
  const folder = workFolder(t)
  const appliance = await Appliance.start(t, { movers: ['a', 'b', 'c'].map(mover), ...LONG_LEASE }, folder)
  const before = await loseSecondary(t, appliance)
  const told = appliance.up.err.length
  const [[term]] = terms(before)
  signal(before[0], 'SIGKILL')
  const after = await appliance.whenRestarted(1, 0, 2)
  t.strictSame(
    after.map(({ addresses }) => addresses),
    before.map(({ addresses }) => addresses),
    'where they were',
  )
  t.strictSame(
    after.map(({ roles: [{ role, primary, term }] }) => [role, primary, term]),
    ['secondary', 'primary', 'secondary'].map((role) => [role, 'b', term + 1]),
    'it comes back as a secondary',
  )
  t.strictSame(
    after.slice(1).map(({ pid }) => pid),
    before.slice(1).map(({ pid }) => pid),
    'the others are the same processes',
  )
  const errors = appliance.up.err
    .slice(told)
    .split('\n')
    .filter((line) => line.includes('"level":50'))
  t.equal(errors.length, 1, appliance.up.err)
  t.match(errors[0], /mover a: ended with signal SIGKILL; starting it again at once/)
  t.match(appliance.up.err, new RegExp(`volume share: mover b is its primary from now on, in term ${term + 1}`))
  t.match(appliance.up.err, /"name":"b","msg":"volume share: served again"/)

  signal(after[1], 'SIGKILL')
  const last = await appliance.whenRestarted(1, 1, 2)
  t.strictSame(
    last.map(({ roles: [{ role, primary }] }) => [role, primary]),
    ['primary', 'secondary', 'secondary'].map((role) => [role, 'a']),
    'who was elected is replaced as well',
  )
  signal(last[0], 'SIGKILL')
  await until('another primary is elected', () => appliance.up.err.includes(`primary from now on, in term ${term + 3}`))
  t.match(appliance.up.err, /mover a: ended with signal SIGKILL; starting it again in 100 ms/, 'who dies again waits')
  await appliance.stop()
  t.notMatch(appliance.up.err, /refused/)
  const check = new Command(t, 'check', 'share', '--config', appliance.config)
  t.equal(await check.ended, 0, check.out)
  const next = await Appliance.start(t, { movers: ['a', 'b', 'c'].map(mover), ...LONG_LEASE }, folder)
  const begun = await next.movers()
  t.equal(begun[0].roles[0].role, 'primary', 'the next up begins as configured')
  t.strictSame(terms(begun).flat(), Array(3).fill(term + 4), 'in the next term')
  await next.stop()
})

t.test('a volume that cannot be opened by its next primary waits alone', async (t) => {
  const volumes = ['one', 'two'].map((name) => ({ name, size: '64MiB' }))
  const appliance = await Appliance.start(t, { volumes, ...LONG_LEASE })
  const [a, b] = await appliance.movers()
  const image = fs.openSync(join(appliance.state, 'one.img'), 'r+')
  const superblocks = [0, 1, SIZE_BLOCKS - 2, SIZE_BLOCKS - 1].map((at) => ({ at, block: Buffer.alloc(BLOCK) }))
  for (const { at, block } of superblocks) {
    fs.readSync(image, block, 0, BLOCK, at * BLOCK)
    fs.writeSync(image, Buffer.alloc(BLOCK), 0, BLOCK, at * BLOCK)
  }
  signal(a, 'SIGKILL')
  const { err } = await until('it has been tried twice', () => {
    return appliance.up.err.split('volume one: its primary, but cannot open it').length > 2 ? appliance.up : null
  })
  t.match(err, /"name":"b","msg":"volume one: its primary, but cannot open it: .*; trying again in 100 ms"/)
  t.match(await appliance.status(), new RegExp(`^mover b: serving, pid ${b.pid},.* 0 restarts$`, 'm'))
  for (const { at, block } of superblocks) fs.writeSync(image, block, 0, BLOCK, at * BLOCK)
  fs.closeSync(image)
  await until('it is served', () => appliance.up.err.includes('volume one: served again'))
  const [, nextB] = await appliance.whenRestarted(1, 0)
  t.strictSame(
    nextB.roles.map(({ volume, role, term }) => [volume, role, term]),
    b.roles.map(({ volume, term }) => [volume, 'primary', volume === 'one' ? term + 1 : term]),
  )
  t.equal(nextB.pid, b.pid)
  await appliance.stop()
})

t.test('movers that do not answer are killed; all end when the supervisor falls silent', async (t) => {
  const appliance = await Appliance.start(t, SHORT_LEASE)
  const [, b] = await appliance.movers()
  signal(b, 'SIGSTOP')
  const [a] = await appliance.whenRestarted(0, 1)
  t.match(appliance.up.err, /mover b: did not answer for 1000 ms and was killed; starting it again/)
  signal(a, 'SIGSTOP')
  const movers = await appliance.whenRestarted(a.restarts + 1, 1)
  t.match(appliance.up.err, /mover a: did not answer for 1000 ms and was killed; starting it again/)

  const identities = movers.map(({ pid }) => identify(pid))
  appliance.up.process.kill('SIGSTOP')
  for (const identity of identities) t.ok(await waitUntilGone(identity, 60_000))
  appliance.up.process.kill('SIGCONT')
  await appliance.whenRestarted(...movers.map(({ restarts }) => restarts + 1))
  t.match(appliance.up.err, /"name":"b","msg":"the supervisor has been silent for 1000 ms: ending"/)
})

t.test('the next up ends all movers of a supervisor that was killed', async (t) => {
  const folder = workFolder(t)
  const first = await Appliance.start(t, LONG_LEASE, folder)
  const identities = (await first.movers()).map(({ pid }) => identify(pid))
  first.up.process.kill('SIGKILL')
  const next = await Appliance.start(t, LONG_LEASE, folder)
  t.ok(identities.every((identity) => isGone(identity)))
  next.up.process.kill('SIGKILL')
  const orphans = (JSON.parse(fs.readFileSync(statePaths(next.state).movers, 'utf8')) as { pid: number }[]).length
  t.equal(orphans, 2)
})

/** Processes that have something of this folder open. */
function usersOf(folder: string): number[] {
  const inside = `${fs.realpathSync(folder)}/`
  // What ends or is closed meanwhile has no name any more.
  const orElse = <T>(nothing: T, look: () => T): T => {
    try {
      return look()
    } catch {
      return nothing
    }
  }
  const pids = fs.readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.filter((pid) =>
    orElse([], () => fs.readdirSync(`/proc/${pid}/fd`)).some((fd) =>
      orElse('', () => fs.readlinkSync(`/proc/${pid}/fd/${fd}`)).startsWith(inside),
    ),
  )
}

/** Whether somebody could listen there. */
function isFree({ address, nfs }: { address: string; nfs: number }): Promise<boolean> {
  const server = createServer().listen(nfs, address)
  return new Promise((resolve) => {
    server.once('listening', () => server.close(() => resolve(true)))
    server.once('error', () => resolve(false))
  })
}

t.test('all movers of a supervisor that was killed end by themselves', async (t) => {
  const names = ['a', 'b', 'c']
  const appliance = await Appliance.start(t, { movers: names.map(mover), ...LONG_LEASE })
  const { up, state } = appliance
  const movers = await appliance.movers()
  const identities = movers.map(({ pid }) => identify(pid))
  const supervisor = identify(up.process.pid)
  const all = [supervisor, ...identities].map(({ pid }) => pid)
  t.strictSame(new Set(usersOf(state)), new Set(all))
  const ports = movers.map(({ addresses }) => addresses ?? { address: '', nfs: 0 })
  t.strictSame(await Promise.all(ports.map(isFree)), [false, false, false])
  t.teardown(() => {
    for (const identity of identities) if (!isGone(identity)) process.kill(identity.pid, 'SIGKILL')
  })
  up.process.kill('SIGKILL')
  const waits = identities.map((identity) => waitUntilGone(identity, 60_000))
  if (!t.strictSame(await Promise.all(waits), [true, true, true], 'all have ended')) return
  t.equal(await up.ended, 'SIGKILL')
  for (const name of names) t.match(up.err, `"name":"${name}","msg":"the supervisor is gone: ending"`)
  t.strictSame(usersOf(state), [], 'no other process is left')
  t.strictSame(await Promise.all(ports.map(isFree)), [true, true, true], 'their ports are free')
  const check = new Command(t, 'check', 'share', '--config', appliance.config)
  t.equal(await check.ended, 0, check.out)
})

t.test('up says which mover cannot serve, and leaves none behind', async (t) => {
  const folder = workFolder(t)
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  t.teardown(() => taken.close())
  const { port } = taken.address() as AddressInfo
  const { up, state } = new Appliance(t, folder, {
    movers: [mover('a'), { name: 'b', nfs: port, portmap: 0 }],
    ...LONG_LEASE,
  })
  t.equal(await up.ended, 1)
  const lines = up.err.split('\n').filter((line) => line !== '' && !line.startsWith('{'))
  t.strictSame(lines, [`lockkeeper: mover b: cannot listen at 127.0.0.1 port ${port}: another program listens there`])
  t.strictSame(JSON.parse(fs.readFileSync(statePaths(state).movers, 'utf8')), [])
})

/** Makes it look as if another host served the volume: it is watched for some seconds before it is opened. */
function pretendOwner(image: string): void {
  const block = Buffer.alloc(4096)
  const id = new Uint8Array(16).fill(1)
  encodeOwner({ ownerId: id, bootId: id, term: 1, counter: 1, state: 'running', wallMs: 0, host: 'x' }, block)
  const fd = fs.openSync(image, 'r+')
  fs.writeSync(fd, block, 0, block.length, OWNER_BLOCK_AT)
  fs.closeSync(fd)
}

t.test('movers that are still being started end as they are told, and wait for no primary', async (t) => {
  const folder = workFolder(t)
  const made = new Command(t, 'mkfs', 'share', '--config', writeConfig(folder))
  t.equal(await made.ended, 0, made.err)
  const image = join(folder, 'state', 'share.img')
  const { movers } = statePaths(join(folder, 'state'))
  const started = (): { pid: number }[] => (fs.existsSync(movers) ? JSON.parse(fs.readFileSync(movers, 'utf8')) : [])
  pretendOwner(image)
  const told = new Appliance(t, folder, LONG_LEASE)
  await until('both have been started', () => started().length === 2)
  told.up.process.kill('SIGTERM')
  t.equal(await told.up.ended, 0, told.up.err)
  t.equal(told.up.out, 'stopped\n')
  t.strictSame(started(), [])

  pretendOwner(image)
  const failed = new Appliance(t, folder, LONG_LEASE)
  await until('both have been started', () => started().length === 2)
  process.kill(started()[0].pid, 'SIGKILL')
  t.equal(await failed.up.ended, 1)
  t.ok(failed.up.err.endsWith('lockkeeper: mover a: ended with signal SIGKILL\n'), failed.up.err)
  t.notMatch(failed.up.err, /did not stop/)
  t.strictSame(started(), [])
})
