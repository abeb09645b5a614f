/**
 * Calls whose answers were lost with the mover that had taken them, sent again to another one: each is carried out once, and
 * gets its first answer.
 */
import t, { type Test } from 'tap'
import { createmode3, type nfs_fh3, nfsstat3 } from '../../protocol/nfs3/nfs3.gen.ts'
import { Random } from '../crash/random.ts'
import { until } from '../unit/appliance.ts'
import { bytes, nothingSet } from '../unit/nfs3-client.ts'
import { Cluster } from './cluster.ts'
import { NfsClient } from './nfs-client.ts'

const OK = nfsstat3.NFS3_OK
const MOVERS = 3

t.setTimeout(300_000)

const random = new Random(1)
let root: nfs_fh3

interface Answer {
  status: nfsstat3
  resok?: unknown
}

/** A change of what a name leads to. */
interface Change {
  /** The name leads to something when it is done, and to nothing before; or the other way round. */
  makes: boolean
  prepare?: (client: NfsClient, name: string) => Promise<Answer>
  make: (client: NfsClient, name: string) => Promise<Answer>
  undo: (client: NfsClient, name: string) => Promise<Answer>
  /** What is said when it is asked for as something new. */
  again: nfsstat3
}

function where(name: string): { dir: nfs_fh3; name: Uint8Array } {
  return { dir: root, name: bytes(name) }
}

function create(client: NfsClient, name: string): Promise<Answer> {
  const verf = new Uint8Array(8)
  random.fill(verf)
  return client.call('NFSPROC3_CREATE', { where: where(name), how: { mode: createmode3.EXCLUSIVE, verf } })
}

function remove(client: NfsClient, name: string): Promise<Answer> {
  return client.call('NFSPROC3_REMOVE', { object: where(name) })
}

function mkdir(client: NfsClient, name: string): Promise<Answer> {
  return client.call('NFSPROC3_MKDIR', { where: where(name), attributes: nothingSet() })
}

function rename(client: NfsClient, from: string, to: string): Promise<Answer> {
  return client.call('NFSPROC3_RENAME', { from: where(from), to: where(to) })
}

const CHANGES: Record<string, Change> = {
  REMOVE: { makes: false, prepare: create, make: remove, undo: create, again: nfsstat3.NFS3ERR_NOENT },
  'CREATE exclusive': { makes: true, make: create, undo: remove, again: nfsstat3.NFS3ERR_EXIST },
  MKDIR: {
    makes: true,
    make: mkdir,
    undo: (client, name) => client.call('NFSPROC3_RMDIR', { object: where(name) }),
    again: nfsstat3.NFS3ERR_EXIST,
  },
  RENAME: {
    makes: true,
    prepare: (client, name) => create(client, `${name} before`),
    make: (client, name) => rename(client, `${name} before`, name),
    undo: (client, name) => rename(client, name, `${name} before`),
    again: nfsstat3.NFS3ERR_NOENT,
  },
}

/** What becomes of a change before its call is sent again. */
const FATES = ['it was carried out', 'it was carried out, and undone since', 'it was under way'] as const
const [, UNDONE, UNDER_WAY] = FATES

/** Who takes the calls, who dies, and who is asked then: counted from the mover that is primary at first. */
const DEATHS: readonly [string, { takes: number; die: readonly number[]; asked: number }][] = [
  ['the primary dies', { takes: 0, die: [0], asked: 1 }],
  ['a secondary dies', { takes: 1, die: [1], asked: 2 }],
  ['a secondary and the primary die', { takes: 1, die: [1, 0], asked: 2 }],
  ['the primary dies, and its secondary is not asked again', { takes: 1, die: [0], asked: 2 }],
]

/** The handle of what a name leads to, in hexadecimal digits; null: nothing. */
async function lookup(client: NfsClient, name: string): Promise<string | null> {
  const answer = await client.call('NFSPROC3_LOOKUP', { what: where(name) })
  if (answer.status === nfsstat3.NFS3ERR_NOENT) return null
  if (answer.status !== OK) throw new Error(`LOOKUP ${name}: ${answer.status}`)
  return hexOf(answer.resok.object)
}

/** The handle that an answer tells; undefined: none. */
function toldHandle({ resok }: Answer): string | undefined {
  const { obj } = resok as { obj?: { handle?: nfs_fh3 } }
  return obj?.handle && hexOf(obj.handle)
}

function hexOf({ data }: nfs_fh3): string {
  return Buffer.from(data).toString('hex')
}

async function succeeds(what: Promise<Answer>): Promise<void> {
  const { status } = await what
  if (status !== OK) throw new Error(`what the test needs cannot be done: ${status}`)
}

function clientOf(t: Test, cluster: Cluster, mover: number): NfsClient {
  const { host, port } = cluster.endpoints[mover]
  const client = new NfsClient(host, port, random.fork())
  t.teardown(() => client.close())
  return client
}

t.test('a call that is sent again to another mover gets its first answer', async (t) => {
  const cluster = await Cluster.start(t, MOVERS)
  root = await clientOf(t, cluster, 0).mount('/share')
  for (const [what, { takes, die, asked }] of DEATHS) {
    const primary = await cluster.primary()
    const [taker, survivor, ...dying] = [takes, asked, ...die].map((mover) => (primary + mover) % MOVERS)
    const pids = await Promise.all(dying.map(async (mover) => (await cluster.movers())[mover].pid ?? 0))
    const client = clientOf(t, cluster, taker)
    const other = clientOf(t, cluster, survivor)
    const all = Object.entries(CHANGES).flatMap(([change, steps]) =>
      FATES.map((fate) => ({ ...steps, fate, name: `${change}, ${what}, ${fate}` })),
    )
    for (const { prepare, name } of all) if (prepare !== undefined) await succeeds(prepare(other, name))
    // It connects.
    await lookup(client, 'nothing')
    client.isDeaf = true
    const answers = new Map<string, Promise<Answer>>()
    const send = (isUnderWay: boolean): void => {
      for (const { make, name, fate } of all)
        if ((fate === UNDER_WAY) === isUnderWay) answers.set(name, make(client, name))
    }
    send(false)
    for (const { name, fate, makes, undo } of all) {
      if (fate === UNDER_WAY) continue
      await until(`${name} is done`, async () => ((await lookup(other, name)) !== null) === makes)
      if (fate === UNDONE) await succeeds(undo(other, name))
    }
    send(true)
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    const { host, port } = cluster.endpoints[survivor]
    client.moveTo(host, port)
    for (const { name, fate, makes, make, again } of all) {
      const answer = await (answers.get(name) as Promise<Answer>)
      t.equal(answer.status, OK, name)
      const now = await lookup(other, name)
      t.equal(now !== null, makes === (fate !== UNDONE), `${name}: once`)
      if (fate === UNDONE) continue
      const told = answer.status === OK ? toldHandle(answer) : undefined
      if (told !== undefined) t.equal(told, now, `${name}: its handle`)
      t.equal((await make(client, name)).status, again, `${name}: another call is another call`)
    }
    await cluster.serving(...pids)
  }
  t.equal(await cluster.stop(), '')
})
