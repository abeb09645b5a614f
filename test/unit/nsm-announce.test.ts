/** A mover's clients are told that it has started anew. */
import t from 'tap'
import { monitorRecord } from '../../mover/clients/monitors.ts'
import type { ClientRecords } from '../../mover/files/client-records.ts'
import { Announcer } from '../../mover/nsm/announcer.ts'
import { announceRestart, type RestartOptions, sourceOf } from '../../mover/nsm/restart.ts'
import { SM_PROG, SM_VERS_codecs } from '../../protocol/nsm/nsm.gen.ts'
import { NlmWorld } from './nlm-support.ts'
import { setUp } from './nsm-support.ts'

const { SM_STAT } = SM_VERS_codecs
const NONE = new Uint8Array(0)

/** For restarts whose clients can be listed. */
function mustList(failure: string): void {
  throw new Error(failure)
}

/** The mover `a` has started anew; there is a mover `b`, too. */
function announce(
  { environment, client, nlm }: NlmWorld,
  records: ClientRecords,
  announcer = new Announcer(environment, client, 9),
  options: Partial<RestartOptions> = {},
): void {
  announceRestart({
    announcer,
    records,
    mover: 'a',
    movers: ['a', 'b'],
    sourceFor: () => '10.0.0.200',
    isBack: (client) => nlm.clients.has(client),
    forget: (client) => nlm.remembered.forget(records, client),
    failed: mustList,
    ...options,
  })
}

t.test('a mover that has started anew tells its clients, and forgets who is not back', (t) => {
  const { world, lock } = setUp(['c1', '10.0.0.1'], ['c2', '10.0.0.2'])
  const { records } = world.records
  const other = monitorRecord('b', { name: 'c3', address: '10.0.0.3', localAddress: '10.0.0.253' }, (text) => text)
  records.set(Buffer.from(other.id).toString(), other)
  records.set('nlm a\0broken', { id: Buffer.from('nlm a\0broken'), value: Buffer.from('[1]') })
  t.equal(records.size, 4)

  const next = new NlmWorld()
  next.silent.add('10.0.0.2')
  const announcer = new Announcer(next.environment, next.client, 9)
  announce(next, world.records, announcer)
  next.environment.advance(0)
  t.same(next.called(), ['SM_NOTIFY udp 1 10.0.0.1'])
  t.same(next.callbacks[0].args, { mon_name: new Uint8Array(Buffer.from('10.0.0.254')), state: 9 })
  t.equal(next.callbacks[0].from, '10.0.0.254')
  // It reclaims before its answer has arrived.
  next.nlm.clients.add(Buffer.from('c1'), '10.0.0.1')
  next.callbacks[0].reply(undefined)
  t.equal(records.size, 3)
  next.environment.advance(20_000)
  next.silent.clear()
  next.environment.runUntil(() => next.callbacks.length === 2)
  t.same(next.called(), ['SM_NOTIFY udp 1 10.0.0.1', 'SM_NOTIFY udp 1 10.0.0.2'])
  next.callbacks[1].reply(undefined)
  next.environment.advance(600_000)
  t.equal(next.callbacks.length, 2)
  const left = [...records.values()].map(({ value }) => JSON.parse(Buffer.from(value).toString())[0])
  t.same(left.sort(), ['c1', 'c3'])
  lock('c1', '10.0.0.1')
  t.end()
})

t.test('clients of a mover that there is not any more are told by the first one, and forgotten', (t) => {
  const { world } = setUp(['c1', '10.0.0.1'])
  const { records } = world.records
  for (const [mover, client] of [
    ['b', { name: 'c3', address: '10.0.0.3', localAddress: '10.0.0.253' }],
    ['old', { name: 'c4', address: '10.0.0.4', localAddress: '10.0.0.252' }],
    ['old', { name: 'c1', address: '10.0.0.1', localAddress: '10.0.0.252' }],
  ] as const) {
    const record = monitorRecord(mover, client, (text) => text)
    records.set(Buffer.from(record.id).toString(), record)
  }
  const second = new NlmWorld()
  announce(second, world.records, undefined, { mover: 'b', movers: null })
  second.environment.advance(0)
  t.same(second.called(), ['SM_NOTIFY udp 1 10.0.0.3'], 'another one tells its own alone')

  const first = new NlmWorld()
  announce(first, world.records)
  for (let i = 0; i < 3; i++) {
    first.environment.advance(0)
    for (const { reply } of first.callbacks.slice(i)) reply(undefined)
  }
  const told = first.callbacks.map(({ host, from, args }) => `${host} from ${from}: ${Buffer.from(args.mon_name)}`)
  t.same(told.sort(), [
    '10.0.0.1 from 10.0.0.200: 10.0.0.252',
    '10.0.0.1 from 10.0.0.254: 10.0.0.254',
    '10.0.0.4 from 10.0.0.200: 10.0.0.252',
  ])
  t.same(
    [...records.values()].map(({ value }) => JSON.parse(Buffer.from(value).toString())[0]),
    ['c3'],
  )
  t.end()
})

t.test('where clients of a mover that there is not any more are told from', (t) => {
  const from = (address: string, localAddress: string, own: string): string =>
    sourceOf({ name: 'c', address, localAddress }, own, [own, '10.0.0.2', 'fd00::2'])
  t.equal(from('10.0.0.9', '10.0.0.2', '10.0.0.1'), '10.0.0.2', 'where it has mounted')
  t.equal(from('10.0.0.9', '10.0.0.3', '10.0.0.1'), '10.0.0.1', 'no mover is there')
  t.equal(from('fd00::9', 'fd00::2', '10.0.0.1'), 'fd00::2')
  t.equal(from('fd00::9', 'fd00::3', 'fd00::1'), 'fd00::1')
  t.equal(from('fd00::9', 'fd00::3', '10.0.0.1'), '::', 'IPv4 does not lead there')
  t.equal(from('10.0.0.9', '10.0.0.3', 'fd00::1'), '0.0.0.0')
  t.end()
})

t.test('all clients are told, however many pages of them are remembered', (t) => {
  const clients = Array.from({ length: 7 }, (_, i) => [`c${i}`, `10.0.0.${i + 1}`] as [string, string])
  const { world } = setUp(...clients)
  const next = new NlmWorld()
  announce(next, world.records)
  next.environment.advance(0)
  t.same(
    next.called().sort(),
    clients.map(([, address]) => `SM_NOTIFY udp 1 ${address}`),
  )
  for (const { reply } of [...next.callbacks]) reply(undefined)
  t.equal(world.records.records.size, 0)
  t.end()
})

t.test('who locks again behind its own start is remembered again, whoever forgets it meanwhile', (t) => {
  const { world, lock, notify } = setUp(['c1', '10.0.0.1'])
  const { records } = world.records
  const fresh = [...records.keys()]
  // Its mover has just started: the client, which has locked already, is not told yet when it starts anew itself.
  announce(world, world.records)
  world.environment.advance(0)
  notify('c1', 5, '10.0.0.1')
  world.callbacks[0].reply(undefined)
  t.same([...records.keys()], [], 'it has no locks')
  lock('c1', '10.0.0.1', 5)
  t.same([...records.keys()], fresh)
  t.end()
})

t.test('that a volume cannot say whom it remembers is told', (t) => {
  const { world } = setUp(['c1', '10.0.0.1'])
  const told: string[] = []
  const records: ClientRecords = { set: () => null, drop: () => null, list: () => 'IO' }
  announce(world, records, undefined, { failed: (failure) => told.push(failure) })
  world.environment.advance(60_000)
  t.same(told, ['IO'])
  t.same(world.callbacks, [])
  t.end()
})

t.test('who starts anew while it is being remembered is remembered anew', (t) => {
  const { world, lock, notify } = setUp()
  world.records.useBarriers = true
  const lockNow = (state: number): void => lock('c1', '10.0.0.1', state)
  t.throws(() => lockNow(1), 'it waits')
  notify('c1', 5, '10.0.0.1')
  t.throws(() => lockNow(5), 'it waits, too')
  world.records.barriers.shift()?.(null)
  t.equal(world.records.sets, 2)
  t.same(world.locks.list(), [])
  world.records.barriers.shift()?.(null)
  t.equal(world.locks.list().length, 1)
  t.end()
})

t.test('who cannot be told is given up, unless it is us who end', (t) => {
  const end = (closes: boolean): { left: number; attempts: number } => {
    const { world } = setUp(['c1', '10.0.0.1'])
    const next = new NlmWorld()
    announce(next, world.records)
    next.environment.advance(20_000)
    if (closes) next.client.close()
    next.environment.advance(640_000)
    t.equal(world.records.records.size, 1, 'not for twelve minutes')
    next.environment.advance(120_000)
    return { left: world.records.records.size, attempts: new Set(next.callbacks.map(({ args }) => args)).size }
  }
  t.match(end(true), { left: 1 })
  const { left, attempts } = end(false)
  t.equal(left, 0)
  t.ok(attempts >= 8, `${attempts} calls`)
  t.end()
})

t.test('who cannot be called for what is under way besides is told when there is room', (t) => {
  const { world } = setUp(['c1', '10.0.0.1'])
  const next = new NlmWorld()
  const { environment, client, callbacks } = next
  const address = { transport: 'udp', localAddress: '10.0.0.254', host: '10.0.0.1' } as const
  const call = { program: SM_PROG, version: 1, codec: SM_STAT, args: { mon_name: NONE } }
  // Nobody answers these; there are as many as there may be, again and again.
  const ask = (): void => client.call(address, call, (failure) => environment.timer(failure === 'BUSY' ? 500 : 0, ask))
  for (let i = 0; i < 4; i++) ask()
  environment.advance(3000)
  announce(next, world.records)
  const told = () => callbacks.find(({ what }) => what.startsWith('SM_NOTIFY'))
  for (let i = 0; i < 60 && told() === undefined; i++) environment.advance(10_000)
  t.equal(world.records.records.size, 1)
  told()?.reply(undefined)
  t.equal(world.records.records.size, 0, 'it has been told')
  t.end()
})

t.test('clients are told many at a time, one of each address', (t) => {
  const clients = Array.from({ length: 300 }, (_, i): [string, string] => [`c${i}`, `10.0.${1 + (i % 2)}.${i >> 1}`])
  const { world } = setUp(...clients, ['again', '10.0.1.0'])
  const next = new NlmWorld()
  announce(next, world.records)
  next.environment.advance(0)
  t.equal(next.callbacks.length, 256)
  t.equal(new Set(next.callbacks.map(({ host }) => host)).size, 256)
  for (let i = 0; i < next.callbacks.length; i++) {
    next.callbacks[i].reply(undefined)
    next.environment.advance(0)
  }
  t.equal(next.callbacks.length, 301)
  t.equal(next.callbacks.filter(({ host }) => host === '10.0.1.0').length, 2)
  t.equal(world.records.records.size, 0)
  t.end()
})

t.test('who does not answer keeps nobody else from being told', (t) => {
  const away = Array.from({ length: 40 }, (_, i): [string, string] => [`c${i}`, `10.0.1.${i}`])
  const names = Array.from({ length: 200 }, (_, i): [string, string] => [`name ${i}`, '10.0.2.1'])
  const { world } = setUp(...away, ...names, ['last', '10.0.9.9'])
  const next = new NlmWorld()
  for (const [, address] of [...away, ...names]) next.silent.add(address)
  announce(next, world.records)
  next.environment.advance(0)
  t.same(next.called(), ['SM_NOTIFY udp 1 10.0.9.9'])
  t.end()
})
