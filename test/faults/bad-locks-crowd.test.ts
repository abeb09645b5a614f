/** Floods of clients that wait for locks, at movers that are processes of their own. */
import t from 'tap'
import { getControl } from '../../mover/control/client.ts'
import type { MoverStatus } from '../../mover/control/status.ts'
import { controlSocket } from '../../mover/host/state-folder.ts'
import { createmode3, nfsstat3 } from '../../protocol/nfs3/nfs3.gen.ts'
import { Random } from '../crash/random.ts'
import { bytes, nothingSet } from '../unit/nfs3-client.ts'
import { Cluster } from './cluster.ts'
import { LockPeer, type Wanted } from './lock-peer.ts'
import { NfsClient } from './nfs-client.ts'

t.setTimeout(300_000)

/** Calls of a flood that are under way at a time: less than a mover takes over UDP. */
const AT_ONCE = 100
/** Rounds of a client of another file beside each hundred calls of a flood. */
const ROUNDS = 2
/** See `Waiters`, `LOCK_LIMITS` and `NlmClients`. */
const MOST_OF_ADDRESS = 500
const MOST_OF_FILE = 2000
const MOST_NAMES = 256

async function setUp() {
  const cluster = await Cluster.start(t, 2)
  const [{ host, port }] = cluster.endpoints
  const nfs = new NfsClient(host, port, new Random(2))
  const root = await nfs.mount('/share')
  const file = async (name: string): Promise<Uint8Array> => {
    const how = { mode: createmode3.GUARDED, obj_attributes: nothingSet() } as const
    const made = await nfs.call('NFSPROC3_CREATE', { where: { dir: root, name: bytes(name) }, how })
    if (made.status !== nfsstat3.NFS3_OK || !made.resok.obj.handle_follows) throw new Error(`CREATE: ${made.status}`)
    return made.resok.obj.handle.data.slice()
  }
  const open = async (address: string, mover: number): Promise<LockPeer> => {
    const peer = await LockPeer.open(address, cluster.endpoints[mover])
    t.teardown(() => peer.close())
    return peer
  }
  t.teardown(() => nfs.close())
  const [fh, others] = [await file('f'), [await file('one'), await file('two')]]
  const witnesses = [await open('127.0.1.1', 0), await open('127.0.1.2', 1)]
  /** How often each answer comes to `count` requests that have to wait; clients of both movers are served meanwhile. */
  const flood = async (count: number, peers: readonly LockPeer[], wanted: (i: number) => Wanted) => {
    const answers = new Map<string, number>()
    for (let from = 0; from < count; from += AT_ONCE) {
      const asked = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) => {
        const i = from + at
        return peers[i % peers.length].nlm('LOCK', fh, { svid: i, oh: `${i}`, block: true, ...wanted(i) })
      })
      const served = await Promise.all(witnesses.map((witness, i) => witness.rounds(ROUNDS, others[i])))
      if (served.some((rounds) => rounds !== ROUNDS)) t.fail(`others have had ${served} of ${ROUNDS} rounds`)
      for (const answer of await Promise.all(asked)) answers.set(answer, (answers.get(answer) ?? 0) + 1)
    }
    return Object.fromEntries(answers)
  }
  const locks = async (mover: string): Promise<Record<string, number>> =>
    ((await getControl(controlSocket(cluster.state, { mover }), '/status')) as MoverStatus).locks
  return { cluster, open, fh, flood, locks }
}

t.test('floods of requests that have to wait are bounded, and delay nobody else', async (t) => {
  const { cluster, open, fh, flood, locks } = await setUp()
  const owner = await open('127.0.1.3', 0)
  t.equal(await owner.nlm('LOCK', fh, { length: 0 }), 'GRANTED')

  const one = await open('127.0.4.1', 1)
  const ofOne = await flood(3000, [one], () => ({}))
  t.same(Object.keys(ofOne).sort(), ['BLOCKED', 'DENIED_NOLOCKS'])
  t.ok(ofOne['BLOCKED'] <= MOST_OF_ADDRESS, `${ofOne['BLOCKED']} of one address wait`)
  t.match(await locks('b'), { waiting: ofOne['BLOCKED'], told: 0 })
  const overUdp = await flood(1000, [one], () => ({ transport: 'udp' }))
  t.same(overUdp, { BLOCKED: ofOne['BLOCKED'], DENIED_NOLOCKS: 1000 - ofOne['BLOCKED'] }, 'who waits may ask again')

  const many = await open('127.0.4.2', 1)
  const ofNames = await flood(1000, [many], (i) => ({ name: `made-up-${i}` }))
  t.ok(ofNames['BLOCKED'] <= MOST_NAMES, `${ofNames['BLOCKED']} of made-up names wait`)
  t.equal(ofNames['BLOCKED'] + ofNames['DENIED_NOLOCKS'], 1000)

  const crowd = await Promise.all(Array.from({ length: 40 }, (_, i) => open(`127.0.5.${i + 1}`, i % 2)))
  const ofCrowd = await flood(4000, crowd, (i) => ({ name: `host${i % crowd.length}` }))
  t.equal(ofCrowd['BLOCKED'] + ofCrowd['DENIED_NOLOCKS'], 4000)
  const waiting = (await locks('a'))['waiting'] + (await locks('b'))['waiting']
  t.equal(waiting, ofOne['BLOCKED'] + ofNames['BLOCKED'] + ofCrowd['BLOCKED'])
  t.ok(waiting <= MOST_OF_FILE, `${waiting} wait for locks of one file`)

  const next = await open('127.0.4.9', 1)
  t.equal(await next.nlm('LOCK', fh, { name: 'next', block: true }), 'BLOCKED', 'there is room for somebody new')
  t.equal(await next.nlm('CANCEL', fh, { name: 'next', block: true }), 'GRANTED')
  const { complaints } = cluster
  // One a minute of each kind and address: a busy machine may take more than one.
  t.ok(complaints.length > 0 && complaints.length <= 4 * (crowd.length + 4), `${complaints.length} lines`)
  t.ok(complaints.every((line) => line.includes('refused a lock to 127.0.')))
  t.equal(await cluster.stop(), '')
})
