import t from 'tap'
import { type AskOptions, NlmWorld, statName, versionOf } from './nlm-support.ts'

export const { codecs } = versionOf(4)
export const COOKIE = Uint8Array.of(9, 9)
export const WAITER: AskOptions = { address: '10.0.0.2' }

/** One client has the file locked, another one waits for it. */
export function setUp(options: AskOptions & { isMessage?: boolean } = {}) {
  const world = new NlmWorld()
  const fh = world.file('f')
  const waiter = { ...WAITER, ...options }
  const alock = (svid: number, version = 4) => ({
    ...{ caller_name: Buffer.from(`c${svid}`), fh, oh: Buffer.from(`o${svid}`), svid },
    ...(version === 4 ? { l_offset: 5n, l_len: 10n } : { l_offset: 5, l_len: 10 }),
  })
  const lockArgs = (svid: number, version = 4) =>
    ({ cookie: COOKIE, block: true, exclusive: true, reclaim: false, state: 1, alock: alock(svid, version) }) as never
  const its = versionOf(options.version ?? 4)
  const lock = (svid: number, from: AskOptions): string =>
    statName(world.nlmAsk(its.codecs.LOCK, lockArgs(svid, from.version), from).stat.stat)
  const unlock = (svid: number, from: AskOptions = {}): string =>
    statName(world.nlmAsk(codecs.UNLOCK, { cookie: COOKIE, alock: alock(svid) } as never, from).stat.stat)
  const cancel = (svid: number, from: AskOptions): string => {
    const args = { cookie: COOKIE, block: true, exclusive: true, alock: alock(svid) } as never
    return statName(world.nlmAsk(codecs.CANCEL, args, from).stat.stat)
  }
  /** The client's answer to a GRANTED_MSG. */
  const answer = (cookie: Uint8Array, stat: number, from: AskOptions = waiter): void => {
    world.nlmAsk(its.codecs.GRANTED_RES, { cookie, stat: { stat } } as never, from)
  }
  t.equal(lock(1, { address: '10.0.0.1', version: options.version ?? 4 }), 'GRANTED')
  if (options.isMessage) world.nlmAsk(its.codecs.LOCK_MSG, lockArgs(2, options.version), waiter)
  else t.equal(lock(2, waiter), 'BLOCKED')
  world.environment.advance(0)
  const { callbacks, environment } = world
  return { world, callbacks, environment, lock, unlock, cancel, answer, waiter, lockArgs, fh }
}

/** The first client lets go, and the other one is told. */
export function grant(options: AskOptions & { isMessage?: boolean } = {}) {
  const set = setUp(options)
  if (options.isMessage) set.callbacks.shift()
  t.same(set.callbacks, [])
  t.equal(set.unlock(1), 'GRANTED')
  set.environment.advance(0)
  return set
}
