/** What people are shown of clients that wait for locks, however many do. */
import t from 'tap'
import { describe } from '../../mover/cli/locks.ts'
import { type ClientLock, RANGE_END } from '../../mover/locks/client-lock.ts'
import { PrimaryReign } from '../../mover/primary-reign.ts'
import { FilesWorld } from './files-support.ts'
import { memoryLogger } from './rpc-support.ts'

function wanted(address: string, process: number): ClientLock {
  const owner = { protocol: 'nlm', client: `host ${address}`, owner: `${process}` } as const
  return { kind: 'range', owner, flavour: 'posix', start: 0, end: RANGE_END, isExclusive: true }
}

t.test('of a long queue the first are shown, and how many more there are', async (t) => {
  const world = new FilesWorld()
  const { files, env } = world
  const [ino, other] = [world.create('f'), world.create('g')]
  const reign = new PrimaryReign({
    name: 'share',
    term: 1,
    device: { identity: 'file 1:2', direct: true },
    files,
    mostReserved: 0,
    env,
    logger: memoryLogger().logger,
    holders: [],
    ...{ movers: ['m'], self: 'm', noted: new Map(), graceMs: 30_000, isCalm: false },
    trace: null,
  })
  const { holder } = reign.authority.locks
  let asked = 0
  let answered = 0
  const lock = (address: string, process: number, of = ino): void => {
    const atOnce = holder.lock(of, wanted(address, process), 'wait', () => answered++)
    asked++
    if (atOnce !== null) answered++
    env.runUntil(() => answered === asked)
  }
  for (let process = 0; process <= 130; process++) lock('10.0.0.1', process)
  for (let process = 0; process < 20; process++) lock('10.0.0.2', process)
  for (let process = 0; process < 3; process++) lock('10.0.0.1', process, other)

  const { waiting, moreWaiting } = reign.waiting('m')
  const here = waiting.filter((one) => one.ino === ino)
  t.same(
    here.map(({ owner }) => owner),
    Array.from({ length: 100 }, (_, i) => `${i + 1}`),
    'in the order of their asking',
  )
  const owners = (place: number) => [here[place].waitsFor?.map(({ owner }) => owner), here[place].waitsForMore]
  t.same(owners(0), [['0'], false])
  t.same(owners(7), [['0', '1', '2', '3', '4', '5', '6', '7'], false])
  t.same(owners(99), [['0', '1', '2', '3', '4', '5', '6', '7'], true])
  t.same(moreWaiting, [
    { mover: 'm', protocol: 'nlm', client: 'host 10.0.0.1', volume: 'share', ino, count: 30 },
    { mover: 'm', protocol: 'nlm', client: 'host 10.0.0.2', volume: 'share', ino, count: 20 },
  ])
  t.equal(waiting.length, 102, 'a short queue is shown whole')
  const lines = describe({ files: [], held: [], waiting, moreWaiting })
  t.equal(lines.at(-1), `50 more wait for inode ${ino} of volume share`)
  t.equal(lines.filter((line) => line.trimEnd().endsWith('; others')).length, 92)
})
