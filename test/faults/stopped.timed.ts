/** A mover that stands still: what it holds is nobody else's while anything of it is left, and woken late it does nothing. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { isGone } from '../../mover/host/process-identity.ts'
import { type nfs_fh3, nfsstat3, stable_how } from '../../protocol/nfs3/nfs3.gen.ts'
import { identify, until } from '../unit/appliance.ts'
import { bytes, nothingSet } from '../unit/nfs3-client.ts'
import { Cluster } from './cluster.ts'
import type { NfsClient } from './nfs-client.ts'

const OK = nfsstat3.NFS3_OK
const BLOCK_BYTES = 4096
/** A busy machine must not hold up a mover for so long before the test does. */
const LEASE = '2s'
const PAST_LEASE_MS = 2200

t.setTimeout(120_000)

/** Writes a block of this byte, durably. */
async function write(client: NfsClient, file: nfs_fh3, fill: number): Promise<void> {
  const data = new Uint8Array(BLOCK_BYTES).fill(fill)
  const stable = stable_how.FILE_SYNC
  const { status } = await client.call('NFSPROC3_WRITE', { file, offset: 0, count: data.length, stable, data })
  if (status !== OK) throw new Error(`WRITE: ${status}`)
}

/** The first byte. */
async function read(client: NfsClient, file: nfs_fh3): Promise<number> {
  const answer = await client.call('NFSPROC3_READ', { file, offset: 0, count: BLOCK_BYTES })
  if (answer.status !== OK) throw new Error(`READ: ${answer.status}`)
  return answer.resok.data[0]
}

for (const [what, victim] of [
  ['a secondary', 1],
  ['the primary', 0],
] as const) {
  t.test(`what ${what} holds is granted to others when nothing of it is left`, async (t) => {
    const cluster = await Cluster.start(t, 2, LEASE)
    const { root, clients } = await cluster.clients()
    const [its, others] = [clients[victim], clients[1 - victim]]
    const names = ['read', 'written', 'looked at', 'cut', 'removed']
    const files = await Promise.all(names.map((name) => its.create(root, name)))
    const [toRead, toWrite, toLook, toCut] = files
    for (const file of files) await write(its, file, 1)
    const own = await others.create(root, 'own')
    await write(others, own, 2)
    t.equal(await read(others, own), 2)

    const mover = identify((await cluster.movers())[victim].pid)
    process.kill(mover.pid, 'SIGSTOP')
    t.equal(await read(others, own), 2, 'what the other one holds itself it shows')
    t.notOk(isGone(mover), 'meanwhile')
    const size = { ...nothingSet(), size: { set_it: true, size: 0 } } as const
    const wanted: Record<string, Promise<boolean>> = {
      READ: read(others, toRead).then((first) => first === 1),
      WRITE: write(others, toWrite, 3).then(() => true),
      GETATTR: others.call('NFSPROC3_GETATTR', { object: toLook }).then(({ status }) => status === OK),
      SETATTR: others
        .call('NFSPROC3_SETATTR', { object: toCut, new_attributes: size, guard: { check: false } })
        .then(({ status }) => status === OK),
      REMOVE: others
        .call('NFSPROC3_REMOVE', { object: { dir: root, name: bytes('removed') } })
        .then(({ status }) => status === OK),
    }
    const answers = Object.entries(wanted).map(async ([name, isRight]) => {
      return { name, isRight: await isRight, nothingIsLeft: isGone(mover) }
    })
    for (const { name, isRight, nothingIsLeft } of await Promise.all(answers)) {
      t.ok(isRight, name)
      t.ok(nothingIsLeft, `${name}: when nothing of it is left`)
    }
    await cluster.serving(mover.pid)
    t.equal(await read(its, toWrite), 3, 'what it shows when it is back')
    t.match(cluster.up.err, new RegExp(`mover ${'ab'[victim]}: did not answer for 2000 ms and was killed`))
    t.equal(await cluster.stop(), '')
  })

  t.test(`${what} that is woken late, while nobody ends it, writes nothing and answers nothing`, async (t) => {
    const cluster = await Cluster.start(t, 2, LEASE)
    const { root, clients } = await cluster.clients()
    const client = clients[victim]
    const file = await client.create(root, 'file')
    await write(client, file, 1)
    t.equal(await read(client, file), 1)
    const movers = (await cluster.movers()).map(({ pid }) => identify(pid))
    const [mover, other] = [movers[victim], movers[1 - victim]]
    const supervisor = cluster.up.process
    supervisor.kill('SIGSTOP')
    for (const { pid } of [other, mover]) process.kill(pid, 'SIGSTOP')
    const answered: string[] = []
    const calls = Promise.all([
      read(client, file).then(() => answered.push('READ')),
      write(client, file, 2).then(() => answered.push('WRITE')),
      client.create(root, 'another').then(() => answered.push('CREATE')),
    ])
    await sleep(PAST_LEASE_MS)
    const image = join(cluster.state, 'share.img')
    const before = readFileSync(image)
    process.kill(mover.pid, 'SIGCONT')
    await until('it has ended by itself', () => isGone(mover))
    t.strictSame(answered, [])
    t.ok(before.equals(readFileSync(image)), 'nothing has been written')

    for (const wake of [other.pid, supervisor.pid ?? 0]) process.kill(wake, 'SIGCONT')
    await calls
    t.equal(await read(client, file), 2, 'another process does it')
    await cluster.serving(mover.pid)
    t.equal(await cluster.stop(), '')
  })
}
