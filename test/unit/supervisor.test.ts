import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { writeMoverRecords } from '../../mover/host/mover-records.ts'
import { isGone, type ProcessIdentity, waitUntilGone } from '../../mover/host/process-identity.ts'
import { HANDLE_KEY_BYTES, statePaths } from '../../mover/host/state-folder.ts'
import {
  Command,
  identify,
  LimitedCommand,
  moverState,
  moverStates,
  RingCommand,
  until,
  workFolder,
  writeConfig,
} from './appliance.ts'

t.jobs = 2
t.setTimeout(300_000)

t.test('up makes the image, tells how to mount, and ends cleanly', async (t) => {
  const folder = workFolder(t)
  const config = writeConfig(folder)
  const state = join(folder, 'state')
  const up = new Command(t, 'up', '--config', config)
  await up.serving()
  const { addresses, state: moverStateName, restarts } = await moverState(state)
  t.equal(moverStateName, 'serving')
  t.equal(restarts, 0)
  t.ok(
    up.out.includes(
      `mount -t nfs -o vers=3,tcp,nolock,port=${addresses?.nfs},mountport=${addresses?.nfs} 127.0.0.1:/share /mnt`,
    ),
  )
  t.ok(up.out.includes(`nfs://127.0.0.1/share?nfsport=${addresses?.nfs}&mountport=${addresses?.nfs}&version=3`))
  const modeOf = (path: string): number => fs.statSync(path).mode & 0o777
  t.equal(fs.statSync(join(state, 'share.img')).size, 64 * 2 ** 20)
  const files = ['lock', 'movers.json', 'run', 'secrets', 'share.img', 'states.json', 'terms.json']
  t.strictSame(fs.readdirSync(state).sort(), files, 'no draft is left')
  const { handleKey } = statePaths(state)
  t.equal(fs.statSync(handleKey).size, HANDLE_KEY_BYTES)
  t.strictSame([modeOf(handleKey), modeOf(join(state, 'secrets')), modeOf(join(state, 'run'))], [0o600, 0o700, 0o700])

  const asked = new Command(t, 'status', '--json', '--config', config)
  t.equal(await asked.ended, 0, asked.err)
  const answer = JSON.parse(asked.out)
  t.equal(answer.movers[0].state, 'serving')
  t.equal(answer.details.a.volumes[0].name, 'share')
  const table = new Command(t, 'status', '--config', config)
  t.equal(await table.ended, 0, table.err)
  t.match(table.out, /^mover a: serving/m)

  const key = fs.readFileSync(handleKey)
  up.process.kill('SIGTERM')
  t.equal(await up.ended, 0, up.err)
  t.strictSame(JSON.parse(fs.readFileSync(statePaths(state).movers, 'utf8')), [])
  const again = new Command(t, 'up', '--config', config)
  await again.serving()
  t.ok(key.equals(fs.readFileSync(handleKey)), 'file handles stay valid')
  again.process.kill('SIGINT')
  t.equal(await again.ended, 0, again.err)
})

t.test('no mover does I/O that could outlive it: without io_uring, whatever its supervisor has', async (t) => {
  const folder = workFolder(t)
  const movers = ['a', 'b'].map((name) => ({ name, nfs: 0, portmap: 0 }))
  const config = writeConfig(folder, { movers })
  const mkfs = new Command(t, 'mkfs', 'share', '--config', config)
  t.equal(await mkfs.ended, 0, mkfs.err)
  const up = new RingCommand(t, 'up', '--config', config)
  await up.serving()
  for (const { name, pid } of await moverStates(join(folder, 'state'))) {
    const environment = fs.readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
    const told = environment.filter((line) => line.startsWith('UV_USE_IO_URING='))
    t.strictSame(told, ['UV_USE_IO_URING=0'], name)
    const descriptors = fs.readdirSync(`/proc/${pid}/fd`)
    const links = descriptors.map((fd) => linkOf(`/proc/${pid}/fd/${fd}`))
    t.ok(links.includes(join(folder, 'state', 'share.img')), `${name} has its volume open`)
    // libuv tells epoll through rings whatever it is told, and reads and writes files through one with a kernel thread.
    const rings = descriptors.filter((_, at) => links[at].includes('io_uring'))
    const threads = rings.map((fd) =>
      fs.readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1').match(/^SqThread:\s*(.*)$/m),
    )
    t.ok(
      threads.every((thread) => thread === null || thread[1] === '-1'),
      `${name}: ${threads.map((thread) => thread?.[1])}`,
    )
  }
  up.process.kill('SIGTERM')
  t.equal(await up.ended, 0, up.err)
})

/** Where a descriptor leads; '' when it has been closed meanwhile. */
function linkOf(path: string): string {
  try {
    return fs.readlinkSync(path)
  } catch {
    return ''
  }
}

t.test('a mover that is alone is asked for nothing, and outlives its lease', async (t) => {
  const folder = workFolder(t)
  const leaseMs = 200
  const up = new Command(t, 'up', '--config', writeConfig(folder, { timing: { lease: `${leaseMs}ms` } }))
  await up.serving()
  const { pid } = await moverState(join(folder, 'state'))
  await sleep(5 * leaseMs)
  t.match(await moverState(join(folder, 'state')), { pid, state: 'serving', restarts: 0 })
  t.notMatch(up.err, /"level":[45]0/)
})

t.test('a volume that is in use', async (t) => {
  const folder = workFolder(t)
  const config = writeConfig(folder)
  const image = join(folder, 'state', 'share.img')
  const up = new Command(t, 'up', '--config', config)
  await up.serving()
  const { pid } = await moverState(join(folder, 'state'))

  const same = new Command(t, 'up', '--config', config)
  t.equal(await same.ended, 2)
  t.equal(same.err, `lockkeeper: another lockkeeper runs with the state folder ${join(folder, 'state')}\n`)

  const elsewhere = join(folder, 'elsewhere')
  fs.mkdirSync(elsewhere)
  const other = writeConfig(elsewhere, { volumes: [{ name: 'share', device: image }] })
  for (const words of [['up'], ['mkfs', 'share', '--force'], ['check', 'share'], ['grow', 'share']]) {
    const command = new Command(t, ...words, '--config', other)
    t.equal(await command.ended, 2, words.join(' '))
    t.ok(command.err.startsWith(`lockkeeper: volume share: ${image} is in use by process `), command.err)
    t.equal(command.err.split('\n').length, 2, 'one line')
  }
  const after = await moverState(join(folder, 'state'))
  t.strictSame([after.pid, after.state, after.restarts], [pid, 'serving', 0], 'the first one has not noticed')
})

t.test(
  'a mover that dies is started again; it ends when its supervisor is killed, and the next up serves',
  async (t) => {
    const folder = workFolder(t)
    const config = writeConfig(folder)
    const up = new Command(t, 'up', '--config', config)
    await up.serving()
    const state = join(folder, 'state')
    const before = await moverState(state)
    process.kill(before.pid ?? 0, 'SIGKILL')
    const after = await until('the next mover serves', async () => {
      const now = await moverState(state)
      return now.restarts === 1 && now.state === 'serving' ? now : null
    })
    t.not(after.pid, before.pid)
    t.strictSame(after.addresses, before.addresses, 'where it was')

    const mover = identify(after.pid)
    process.kill(up.process.pid ?? 0, 'SIGKILL')
    const next = new Command(t, 'up', '--config', config)
    await next.serving()
    t.ok(isGone(mover), 'nothing of the old mover is left')
    const orphan = identify((await moverState(state)).pid)
    process.kill(next.process.pid ?? 0, 'SIGKILL')
    t.ok(await waitUntilGone(orphan, 30_000), 'also when nobody ends it')
  },
)

t.test('a volume whose device takes no writes is served read-only, and says so', async (t) => {
  const folder = workFolder(t)
  const config = writeConfig(folder)
  const image = join(folder, 'state', 'share.img')
  const first = new Command(t, 'up', '--config', config)
  await first.serving()
  first.process.kill('SIGTERM')
  t.equal(await first.ended, 0, first.err)

  // The superblock's copies at the end cannot be written.
  const limited = new LimitedCommand(t, 'up', '--config', config)
  await limited.serving()
  const reason = `${image}: write of 4096 bytes at \\d+: EFBIG: .*; restart when the device is well`
  const told = limited.err.match(new RegExp(`volume share: opened read-only: ${reason}`, 'g')) ?? []
  t.equal(told.length, 1, limited.err)
  const status = new Command(t, 'status', '--config', config)
  t.equal(await status.ended, 0, status.err)
  t.match(status.out, new RegExp(`^  volume share is READ-ONLY: ${reason}$`, 'm'))
  limited.process.kill('SIGTERM')
  t.equal(await limited.ended, 0, limited.err)

  const last = new Command(t, 'up', '--config', config)
  await last.serving()
  t.notMatch(last.err, /read-only/)
  const json = new Command(t, 'status', '--json', '--config', config)
  t.equal(await json.ended, 0, json.err)
  t.equal(JSON.parse(json.out).details.a.volumes[0].readOnly, null)
})

t.test('up ends recorded movers that still live, and only those', async (t) => {
  const folder = workFolder(t)
  const config = writeConfig(folder)
  const { movers } = statePaths(join(folder, 'state'))
  fs.mkdirSync(join(folder, 'state'))
  const sleeper = (): ProcessIdentity => {
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
    t.teardown(() => child.kill('SIGKILL'))
    return identify(child.pid)
  }
  const [mover, reused, otherBoot] = [sleeper(), sleeper(), sleeper()]
  await writeMoverRecords(movers, [
    { name: 'a', ...mover },
    { name: 'b', ...reused, startTicks: reused.startTicks - 1 },
    { name: 'c', ...otherBoot, bootId: 'another' },
  ])
  const up = new Command(t, 'up', '--config', config)
  await up.serving()
  t.ok(isGone(mover), 'the recorded mover')
  t.notOk(isGone(reused), 'another process with its number')
  t.notOk(isGone(otherBoot), 'a process with the number of a mover before the last boot')
  up.process.kill('SIGTERM')
  t.equal(await up.ended, 0, up.err)

  fs.writeFileSync(movers, 'nonsense')
  const damaged = new Command(t, 'up', '--config', config)
  t.equal(await damaged.ended, 1)
  t.match(damaged.err, /movers\.json: damaged/)
})

t.test('a state folder that is gone: no heap of mover processes, and up still ends', async (t) => {
  const folder = workFolder(t)
  const state = join(folder, 'state')
  const image = join(folder, 'share.img')
  const config = writeConfig(folder, { volumes: [{ name: 'share', device: image, size: '64MiB' }] })
  const up = new Command(t, 'up', '--config', config)
  await up.serving()
  const { pid } = await moverState(state)
  fs.rmSync(state, { recursive: true })
  process.kill(pid ?? 0, 'SIGKILL')
  await until('it has tried often', () => (up.err.match(/starting it again/g) ?? []).length >= 4)
  const children = (): string[] => {
    const list = fs.readFileSync(`/proc/${up.process.pid}/task/${up.process.pid}/children`, 'utf8')
    return list.split(' ').filter((word) => word.trim() !== '')
  }
  await until('no process is left', () => children().length === 0)
  up.process.kill('SIGTERM')
  t.equal(await up.ended, 0, up.err)
  const again = new Command(t, 'up', '--config', config)
  await again.serving()
  again.process.kill('SIGTERM')
  t.equal(await again.ended, 0, again.err)
})

t.test('up says in one line why it cannot serve', async (t) => {
  const folder = workFolder(t)
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  t.teardown(() => taken.close())
  const { port } = taken.address() as AddressInfo
  const up = new Command(t, 'up', '--config', writeConfig(folder, { movers: [{ nfs: port, portmap: 0 }] }))
  t.equal(await up.ended, 1)
  const lines = up.err.split('\n').filter((line) => !line.startsWith('{'))
  t.strictSame(lines, [
    `lockkeeper: mover a: cannot listen at 127.0.0.1 port ${port}: another program listens there`,
    '',
  ])

  const image = join(folder, 'foreign.img')
  const content = Buffer.alloc(64 * 2 ** 20, 'x')
  fs.writeFileSync(image, content)
  const config = writeConfig(folder, { volumes: [{ name: 'share', device: image }], movers: [{ nfs: 0, portmap: 0 }] })
  const foreign = new Command(t, 'up', '--config', config)
  t.equal(await foreign.ended, 1)
  t.match(foreign.err, /^lockkeeper: mover a: volume share: .*foreign\.img/m)
  t.ok(content.equals(fs.readFileSync(image)), 'an existing file is never formatted')

  const missing = writeConfig(folder, { volumes: [{ name: 'share', device: '/dev/lockkeeper-none' }] })
  const none = new Command(t, 'up', '--config', missing)
  t.equal(await none.ended, 1)
  t.equal(none.err, 'lockkeeper: volume share: there is no device /dev/lockkeeper-none\n')
})

t.test('up says what it serves otherwise than one could expect', async (t) => {
  const folder = workFolder(t)
  const exported = [
    { path: '/share', volume: 'share' },
    { path: '/gone', volume: 'share', subtree: '/gone' },
  ]
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  t.teardown(() => taken.close())
  const { port } = taken.address() as AddressInfo
  const config = writeConfig(folder, { exports: exported, movers: [{ nfs: 0, portmap: port }] })
  const up = new Command(t, 'up', '--config', config)
  await up.serving()
  t.match(up.out, /^\/gone: not served: the volume share has no directory \/gone \(NOENT\)$/m)
  t.match(up.out, /^ {2}mount .* 127\.0\.0\.1:\/share \/mnt$/m)
  // A taken portmapper port: one line, and ports in the mount line.
  t.match(up.err, /the portmapper cannot listen at 127\.0\.0\.1 port \d+: another program listens there/)
  t.match(up.out, /nolock,port=\d+,mountport=\d+/)
})
