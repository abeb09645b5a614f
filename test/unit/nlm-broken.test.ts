/** Locks that people take away from clients which wait for them, or are just being told. */
import t from 'tap'
import { PrimaryLocks } from '../../mover/authority/primary-locks.ts'
import { HeldClientLocks, type RangeLock } from '../../mover/files/client-locks.ts'
import { newOperation } from '../../mover/files/service.ts'
import { type GrantCall, Grants } from '../../mover/nlm4/grants.ts'
import { Waiters } from '../../mover/nlm4/waiters.ts'
import type { RpcClient } from '../../mover/rpc/client/rpc-client.ts'
import { ownLocks } from '../../mover/volumes.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { versionOf } from './nlm-support.ts'

const FILE = 77
const HOST = '10.0.0.2'

/** One process of a client has the file locked, and 500 others wait: as many as may. */
function setUp() {
  const env = new TestEnvironment(1)
  const notes = { noteLocks: () => null, forgetLocks: () => {} }
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
  const range = (process: number): RangeLock => {
    const owner = { protocol: 'nlm', client: `c ${HOST}`, owner: `${process} x` } as const
    return { kind: 'range', flavour: 'posix', owner, start: 0, end: 10, isExclusive: true }
  }
  const wait = (process: number): void => {
    const outcome = locks.lock(op, FILE, range(process), 'wait')
    if (outcome.type !== 'waiting') throw new Error(outcome.type)
    const address = { transport: 'tcp', localAddress: '10.0.0.254', host: HOST } as const
    const args = { exclusive: true, alock: { svid: process } } as GrantCall['args']
    waiters.add(outcome.waiter, FILE, range(process), { address, version: versionOf(4), isMessage: false, args })
  }
  t.equal(locks.lock(op, FILE, range(0), 'try').type, 'granted')
  for (let process = 1; process <= 500; process++) wait(process)
  t.notOk(waiters.hasRoomFor(HOST, FILE, range(1000)))
  const own = ownLocks(primary)
  /** As people see it: what the mover lists. */
  const find = (process: number, isHeld: boolean) =>
    own.clientLocks().find(({ lock, ...one }) => one.isHeld === isHeld && lock.owner.owner === `${process} x`)
  const breakLock = (process: number, isHeld: boolean): void => {
    env.runUntil(() => find(process, isHeld) !== undefined)
    const found = find(process, isHeld)
    if (found !== undefined) own.breakLock(found.ino, found.lock)
    env.advance(0)
  }
  const unlock = (process: number): unknown => locks.unlock(op, FILE, range(process))
  return { env, told, waiters, breakLock, unlock, wait, range }
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
