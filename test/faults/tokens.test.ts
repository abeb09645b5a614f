/** What real movers tell each other for the sake of one file. */
import t, { type Test } from 'tap'
import { getControl } from '../../mover/control/client.ts'
import type { MoverStatus } from '../../mover/control/status.ts'
import { controlSocket } from '../../mover/host/state-folder.ts'
import { type nfs_fh3, nfsstat3, stable_how } from '../../protocol/nfs3/nfs3.gen.ts'
import { until } from '../unit/appliance.ts'
import { Cluster } from './cluster.ts'
import type { NfsClient } from './nfs-client.ts'

const OK = nfsstat3.NFS3_OK
const BLOCK_BYTES = 4096
const BLOCKS = 8
const READS = 10
/** Messages that asking for the status of a mover takes: it asks its primary for the volume's. */
const OF_STATUS = 2

t.setTimeout(120_000)

/** Messages that a secondary has sent and received. */
async function messages({ state }: Cluster, mover: string): Promise<number> {
  const { volumes } = (await getControl(controlSocket(state, { mover }), '/status')) as MoverStatus
  const { messagesSent, messagesReceived } = volumes[0].counters
  return messagesSent + messagesReceived
}

async function write(t: Test, client: NfsClient, file: nfs_fh3, first: number, count: number): Promise<void> {
  const data = new Uint8Array(count * BLOCK_BYTES).fill(first + 1)
  const [offset, stable] = [first * BLOCK_BYTES, stable_how.UNSTABLE]
  const { status } = await client.call('NFSPROC3_WRITE', { file, offset, count: data.length, stable, data })
  t.equal(status, OK)
}

t.test('a file that movers have written to is read without a message again', async (t) => {
  const cluster = await Cluster.start(t, 3)
  const { root, clients } = await cluster.clients()
  const [atPrimary, b, c] = clients as [NfsClient, NfsClient, NfsClient]
  const file = await atPrimary.create(root, 'f')
  await write(t, atPrimary, file, 0, BLOCKS)
  await write(t, b, file, BLOCKS - 1, 1)
  await write(t, atPrimary, file, 0, 1)
  /** Reads between the two, and looks at the attributes, so often; resolves with whether that took messages. */
  const asksForReads = async (): Promise<boolean> => {
    const before = await messages(cluster, 'c')
    for (let i = 0; i < READS; i++) {
      const read = await c.call('NFSPROC3_READ', { file, offset: 2 * BLOCK_BYTES, count: BLOCK_BYTES })
      const looked = await c.call('NFSPROC3_GETATTR', { object: file })
      if (read.status !== OK || looked.status !== OK) throw new Error(`READ: ${read.status}, GETATTR: ${looked.status}`)
    }
    return (await messages(cluster, 'c')) - before > OF_STATUS
  }
  t.ok(await asksForReads(), 'while others write, they are asked for the attributes')
  await until('nothing needs to be told', async () => !(await asksForReads()))
  t.equal(await cluster.stop(), '')
})
