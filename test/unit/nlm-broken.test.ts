/** Locks that people take away from clients which wait for them, or are just being told. */
import t from 'tap'
import { PrimaryLocks } from '../../mover/authority/primary-locks.ts'
import { HeldClientLocks, type RangeLock } from '../../mover/files/client-locks.ts'
import { newOperation, type Operation } from '../../mover/files/service.ts'
import { type GrantCall, Grants } from '../../mover/nlm4/grants.ts'
import { Waiters } from '../../mover/nlm4/waiters.ts'
import type { RpcClient } from '../../mover/rpc/client/rpc-client.ts'
import { Suspend } from '../../mover/suspend.ts'
import { ownLocks } from '../../mover/volumes.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { versionOf } from './nlm-support.ts'

const FILE = 77
const HOST = '10.0.0.2'

/** One process of a client has the file locked, and 500 others wait: as many as may. */
function setUp() {
  const env = new TestEnvironment(1)
  /** Files cannot be noted for now. */
  const held: (() => void)[] = []
  let isHeld = false
  const noteLocks = (): null => {
    if (isHeld) throw new Suspend((resume) => held.push(resume))
    return null
  }
  const notes = { noteLocks, forgetLocks: () => {} }
  const movers = { movers: ['a'], self: 'a', noted: new Map<number, number>() }
  const primary = new PrimaryLocks({ notes, env, graceMs: 0, ...movers })
  primary.recovered([])
  const locks = new HeldClientLocks(primary.holder, primary, () => {})
  /** Callbacks that nobody answers, by the process that is told. */
  const told: number[] = []
  const client = {
    call: (_address: unknown, { args }: { args: GrantCall['args'] }, done: (...outcome: unknown[]) => void) => {
      told.push(Number(args.alock.svid))
      done('TIMEOUT', undefined, 1)
    },
    tell: (_address: unknown, { args }: { args: GrantCall['args'] }) => told.push(Number(args.alock.svid)),
  }
  const waiters = new Waiters(env, locks, new Grants(env, client as unknown as RpcClient, () => {}))
  locks.listener = waiters
  const op = newOperation({ uid: 0, gid: 0, gids: [] }, false)
  const range = (process: number, client = 'c'): RangeLock => {
    const owner = { protocol: 'nlm', client: `${client} ${HOST}`, owner: `${process} x` } as const
    return { kind: 'range', flavour: 'posix', owner, start: 0, end: 10, isExclusive: true }
  }
  const waitBy = (op: Operation, process: number, client = 'c'): void => {
    const outcome = locks.lock(op, FILE, range(process, client), 'wait')
    if (outcome.type !== 'waiting') throw new Error(outcome.type)
    const address = { transport: 'tcp', localAddress: '10.0.0.254', host: HOST } as const
    const args = { exclusive: true, alock: { svid: process } } as GrantCall['args']
    waiters.add(outcome.waiter, FILE, range(process, client), {
      address,
      version: versionOf(4),
      isMessage: false,
      args,
    })
  }
  const wait = (process: number): void => waitBy(op, process)
  /** Meanwhile `then` is done. The call runs again as soon as it can, or when all else is done. */
  const waitWhile = (process: number, client: string, isLate: boolean, then: () => void): void => {
    isHeld = true
    const call = newOperation({ uid: 0, gid: 0, gids: [] }, false)
    let run = (): void => {}
    try {
      waitBy(call, process, client)
      throw new Error('it is decided at once')
    } catch (error) {
      if (!(error instanceof Suspend)) throw error
      error.wait(() => run())
    }
    const again = (): void => waitBy(call, process, client)
    if (!isLate) run = again
    then()
    isHeld = false
    for (const resume of held.splice(0)) resume()
    env.advance(0)
    if (isLate) again()
  }
  t.equal(locks.lock(op, FILE, range(0), 'try').type, 'granted')
  for (let process = 1; process <= 500; process++) wait(process)
  t.notOk(waiters.hasRoomFor(HOST, FILE, range(1000)))
  const own = ownLocks(primary)
  /** As people see it: what the mover lists. */
  const find = (process: number, isHeld: boolean) =>
    [...own.locks.of(FILE)].find(({ lock, ...one }) => one.isHeld === isHeld && lock.owner.owner === `${process} x`)
  const breakLock = (process: number, isHeld: boolean): void => {
    env.runUntil(() => find(process, isHeld) !== undefined)
    const found = find(process, isHeld)
    if (found !== undefined) own.breakLock(FILE, found.lock)
    env.advance(0)
  }
  const unlock = (process: number): unknown => locks.unlock(op, FILE, range(process))
  return { env, told, waiters, locks, breakLock, unlock, wait, waitWhile, range }
}

t.test('whose waiting is ended by hand is not counted any more', (t) => {
  const { env, told, waiters, breakLock, unlock, wait, range } = setUp()
  breakLock(1, false)
  t.ok(waiters.hasRoomFor(HOST, FILE, range(1000)))
  wait(501)
  t.notOk(waiters.hasRoomFor(HOST, FILE, range(1000)))
  unlock(0)
  env.advance(0)
  t.same(told, [2])
  t.end()
})

t.test('who loses its lock before it has been told, or has answered, is not told (any more)', (t) => {
  const { env, told, waiters, breakLock, unlock, range } = setUp()
  unlock(0)
  breakLock(1, true)
  t.same(told, [2], 'the next one')
  t.ok(waiters.hasRoomFor(HOST, FILE, range(1000)))
  env.advance(60_000)
  const heard = told.length
  t.ok(heard > 1)
  breakLock(2, true)
  env.advance(60_000)
  t.same(new Set(told.slice(heard)), new Set([3]))
  t.end()
})

for (const isLate of [false, true])
  t.test(`a client whose locks all go while it asks to wait takes no room, ${isLate}`, (t) => {
    const { waiters, locks, wait, waitWhile, unlock, env, told, range } = setUp()
    const release = (client: string): void => {
      waiters.forgetClient(`${client} ${HOST}`)
      locks.releaseClient('nlm', `${client} ${HOST}`)
    }
    release('c')
    env.advance(0)
    t.equal(locks.lock(newOperation({ uid: 0, gid: 0, gids: [] }, false), FILE + 1, range(0), 'try').type, 'granted')
    const other = { ...range(0), owner: { protocol: 'nlm', client: 'c 10.0.0.3', owner: '0 x' } as const }
    t.equal(locks.lock(newOperation({ uid: 0, gid: 0, gids: [] }, false), FILE, other, 'try').type, 'granted')
    for (let i = 1; i <= 500; i++) waitWhile(i, `n${i}`, isLate, () => release(`n${i}`))
    t.ok(waiters.hasRoomFor(HOST, FILE, range(1000)))
    wait(600)
    unlock(0)
    t.same(told, [])
    t.end()
  })
