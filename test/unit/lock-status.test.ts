/** What people are shown of clients that wait for locks, however many do. */
import t from 'tap'
import { describe } from '../../mover/cli/locks.ts'
import type { MoverLocks } from '../../mover/control/status.ts'
import { lockStatus } from '../../mover/lock-status.ts'
import {
  type ClientLock,
  type LockOutcome,
  OPEN_DELETE,
  OPEN_READ,
  OPEN_WRITE,
  RANGE_END,
} from '../../mover/locks/client-lock.ts'
import { shareOwner } from '../../mover/nlm4/owner.ts'
import { PrimaryReign } from '../../mover/primary-reign.ts'
import { ownLocks } from '../../mover/volumes.ts'
import { FilesWorld } from './files-support.ts'
import { memoryLogger } from './rpc-support.ts'

const NOTHING: MoverLocks = { files: [], held: [], moreHeld: [], waiting: [], moreWaiting: [] }

function wanted(address: string, process: number): ClientLock {
  const owner = { protocol: 'nlm', client: `host ${address}`, owner: `${process}` } as const
  return { kind: 'range', owner, flavour: 'posix', start: 0, end: RANGE_END, isExclusive: true }
}

function primary() {
  const world = new FilesWorld()
  const { files, env } = world
  const reign = new PrimaryReign({
    name: 'share',
    term: 1,
    device: { identity: 'file 1:2', direct: true },
    files,
    mostReserved: 0,
    env,
    answeredMs: () => env.monotonicMs(),
    logger: memoryLogger().logger,
    holders: [],
    ...{ movers: ['m'], self: 'm', noted: new Map(), graceMs: 30_000, isCalm: false },
    trace: null,
  })
  return { world, reign }
}

t.test('of a long queue the first are shown, and how many more there are', async (t) => {
  const { world, reign } = primary()
  const { env } = world
  const [ino, other] = [world.create('f'), world.create('g')]
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

  const all = [...reign.waiting('m')]
  const waiting = all.flatMap((of) => of.waiting)
  const moreWaiting = all.flatMap((of) => of.moreWaiting)
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
  const lines = describe({ ...NOTHING, waiting, moreWaiting })
  t.equal(lines.at(-1), `50 more wait for inode ${ino} of volume share`)
  t.equal(lines.filter((line) => line.trimEnd().endsWith('; others')).length, 92)
})

t.test('what SHARE reserves is shown', async (t) => {
  const { world, reign } = primary()
  const ino = world.create('f')
  const { locks } = reign.authority
  const share = (name: string, access: number, deny: number): void => {
    const owner = shareOwner({ caller_name: Buffer.from(name), oh: Buffer.from('o\0h') }, '10.0.0.1')
    const answers: string[] = []
    const answered = ({ type }: LockOutcome): void => void answers.push(type)
    const atOnce = locks.holder.lock(ino, { kind: 'open', owner, id: 0, access, deny }, 'try', answered)
    if (atOnce !== null) answered(atOnce)
    world.env.runUntil(() => answers.length > 0)
    t.same(answers, ['granted'])
  }
  share('one', OPEN_READ + OPEN_WRITE, 0)
  share('two', OPEN_READ, OPEN_DELETE)
  const own = ownLocks(locks)
  const shown = (): string[] => {
    const held = [...own.locks.of(ino)].map(({ lock }) => lockStatus('m', 'share', ino, lock))
    t.ok(held.every(({ bytes }) => bytes === null))
    t.equal(new Set(held.map(({ id }) => id)).size, held.length, 'each can be named')
    const [, , ...lines] = describe({ ...NOTHING, held })
    return lines.map((line) =>
      line
        .replace(/^[0-9a-f]{10} /, '')
        .replace(/ +/g, ' ')
        .trim(),
    )
  }
  t.same(shown().slice(1), [
    `share ${ino} m one 10.0.0.1 share o h holds open for read+write, denies nothing`,
    `share ${ino} m two 10.0.0.1 share o h holds open for read, denies delete`,
  ])
  const [{ lock }] = own.locks.of(ino)
  own.breakLock(ino, lock)
  world.env.runUntil(() => own.locks.held(ino) === 1)
  t.match(shown()[1], /two/, 'and taken away')
})
