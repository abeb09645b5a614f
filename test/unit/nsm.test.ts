import t from 'tap'
import { NLM4_VERS_codecs } from '../../protocol/nlm4/nlm.gen.ts'
import { SM_PROG, SM_VERS_codecs } from '../../protocol/nsm/nsm.gen.ts'
import { setUp } from './nsm-support.ts'

const { SM_STAT, SM_MON, SM_UNMON, SM_UNMON_ALL, SM_SIMU_CRASH } = SM_VERS_codecs
const NONE = new Uint8Array(0)

t.test('a client that has started anew has no locks any more', (t) => {
  const { notify, holders, lock } = setUp(['c1', '10.0.0.1'], ['c1', '10.0.0.1'], ['c2', '10.0.0.2'])
  notify('c1', 5, '10.0.0.1')
  t.same(holders(), ['c2 10.0.0.2'])
  lock('c1', '10.0.0.1')
  notify('c1', 5, '10.0.0.1')
  t.same(holders(), ['c1 10.0.0.1', 'c2 10.0.0.2'], 'what is said again is no news')
  notify('c1', 7, '10.0.0.1')
  t.same(holders(), ['c2 10.0.0.2'])
  notify('c3', 1, '10.0.0.3')
  t.same(holders(), ['c2 10.0.0.2'])
  t.end()
})

t.test('news of a start before the last are looked into', (t) => {
  for (const [now, left] of [
    [11, 1],
    [3, 0],
    [null, 1],
  ] as const) {
    const { world, lock, notify, holders } = setUp()
    lock('c1', '10.0.0.1', 11)
    if (now === null) world.silent.add('10.0.0.1')
    notify('c1', 9, '10.0.0.1')
    t.equal(holders().length, 1, 'nobody is believed at once')
    world.environment.advance(0)
    if (now === null) world.environment.advance(60_000)
    else world.callbacks[0].reply({ res_stat: 1, state: now })
    t.equal(holders().length, left, `its monitor says ${now}`)
  }
  t.end()
})

t.test('what anybody at a host has made up does not hide what is so', (t) => {
  const { world, lock, notify, holders } = setUp()
  world.rule.privilegedPort = true
  lock('c1', '10.0.0.1', 5)
  notify('c1', 7, '10.0.0.1', 40_000)
  world.environment.advance(0)
  world.callbacks[0].reply({ res_stat: 1, state: 5 })
  t.same(holders(), ['c1 10.0.0.1'])
  notify('c1', 7, '10.0.0.1', 700)
  t.same(holders(), [])
  t.end()
})

t.test('news of a start that come late take nothing away that was locked since', (t) => {
  const { notify, holders, lock, world } = setUp()
  lock('c1', '10.0.0.1', 5)
  lock('c2', '10.0.0.2', 5)
  notify('c1', 5, '10.0.0.1')
  t.same(holders(), ['c1 10.0.0.1', 'c2 10.0.0.2'], 'this is the start that it has locked behind')
  lock('c1', '10.0.0.1', 7)
  t.same(holders(), ['c1 10.0.0.1', 'c2 10.0.0.2'], 'what it has from before goes when it locks anew')
  t.equal(world.locks.held.length, 2)
  lock('c1', '10.0.0.1', 5)
  lock('c1', '10.0.0.1', 0)
  t.equal(world.locks.held.length, 4, 'an old call, or one that tells no state, takes nothing away')
  notify('c1', 7, '10.0.0.1')
  t.equal(world.locks.held.length, 4)
  notify('c1', 9, '10.0.0.1')
  t.same(holders(), ['c2 10.0.0.2'])
  lock('c2', '10.0.0.2', 3)
  notify('c2', 3, '10.0.0.2')
  world.environment.advance(0)
  t.same(world.callbacks, [])
  t.same(holders(), ['c2 10.0.0.2', 'c2 10.0.0.2'], 'who has lost count of its starts has said so when it locked')
  t.end()
})

t.test('whose locks they are when names or addresses are not quite the same', (t) => {
  const both: [string, string][] = [
    ['one', '10.0.0.1'],
    ['two', '10.0.0.1'],
  ]
  const cases: [say: string, from: string, left: string[]][] = [
    ['one', '10.0.0.1', ['two 10.0.0.1', 'one 10.0.0.2']],
    ['ONE.example.com', '10.0.0.1', ['two 10.0.0.1', 'one 10.0.0.2']],
    ['one', '10.0.0.2', ['one 10.0.0.1', 'two 10.0.0.1']],
    ['10.0.0.2', '10.0.0.2', ['one 10.0.0.1', 'two 10.0.0.1']],
    ['three', '10.0.0.9', ['one 10.0.0.1', 'two 10.0.0.1', 'one 10.0.0.2']],
  ]
  for (const [say, from, left] of cases) {
    const { world, notify, holders } = setUp(...both, ['one', '10.0.0.2'])
    notify(say, 3, from, 3000)
    t.same(holders().sort(), left.sort(), `${say} from ${from}`)
    world.environment.advance(60_000)
    t.same(world.callbacks, [], 'nobody is asked')
  }
  t.end()
})

t.test('of whom others may have said it is asked where its locks came from', (t) => {
  const all: [string, string][] = [
    ['one', '10.0.0.1'],
    ['two', '10.0.0.1'],
    ['one', '10.0.0.2'],
    ['three', '10.0.0.3'],
  ]
  const three = ['one 10.0.0.1', 'two 10.0.0.1', 'one 10.0.0.2']
  const cases: [say: string, from: string, asked: string[], left: string[]][] = [
    ['three', '10.0.0.9', ['10.0.0.3'], three],
    ['one', '10.0.0.9', ['10.0.0.1', '10.0.0.2'], ['two 10.0.0.1', 'three 10.0.0.3']],
    ['a name', '10.0.0.1', ['10.0.0.1'], ['one 10.0.0.2', 'three 10.0.0.3']],
  ]
  for (const [say, from, asked, left] of cases) {
    for (const [now, port] of [
      [1, 700],
      [3, 700],
      [3, 3000],
    ]) {
      const { world, notify, holders } = setUp(...all)
      const before = holders()
      notify(say, 5, from, port)
      notify(say, 7, from, port)
      world.environment.advance(0)
      t.same(
        world.called(),
        asked.map((host) => `SM_STAT udp 1 ${host}`),
        'once',
      )
      t.equal(world.callbacks[0].from, '10.0.0.254')
      t.same(holders(), before)
      for (const { reply } of world.callbacks) reply({ res_stat: 1, state: now })
      t.same(holders().sort(), now === 1 ? before : left.sort(), `${say} from ${from}: it is in state ${now}`)
    }
  }
  t.end()
})

t.test('where nobody answers, who may use an export is believed if its port is privileged', (t) => {
  const cases: [from: string, port: number, isBelieved: boolean, why: string][] = [
    ['10.0.0.9', 1023, true, 'another address of its own, perhaps'],
    ['10.0.0.9', 1024, false, 'anybody at that host'],
    ['192.168.0.9', 700, false, 'no client'],
  ]
  for (const [from, port, isBelieved, why] of cases) {
    const { world, notify, holders } = setUp(['one', '10.0.0.1'])
    world.silent.add('10.0.0.1')
    notify('one', 5, from, port)
    t.equal(holders().length, 1)
    world.environment.advance(60_000)
    t.equal(holders().length, isBelieved ? 0 : 1, why)
  }
  t.end()
})

t.test('whose monitor cannot be asked for what is under way besides is asked when there is room', (t) => {
  const { world, notify, holders } = setUp(['one', '10.0.0.1'])
  const address = { transport: 'udp', localAddress: '10.0.0.254', host: '10.0.0.1' } as const
  const call = { program: SM_PROG, version: 1, codec: SM_STAT, args: { mon_name: NONE } }
  let over = 0
  // So many at a time to one that has not answered yet.
  for (let i = 0; i < 4; i++) world.client.call(address, call, () => over++)
  world.environment.advance(0)
  t.equal(world.callbacks.length, 4)
  notify('one', 5, '10.0.0.9')
  world.environment.advance(0)
  t.same([world.callbacks.length, holders().length], [4, 1], 'nobody is believed meanwhile')
  for (const { reply } of world.callbacks.splice(0)) reply({ res_stat: 1, state: 1 })
  world.environment.advance(0)
  t.same([over, world.callbacks.length, holders().length], [4, 1, 1])
  world.callbacks[0].reply({ res_stat: 1, state: 1 })
  t.equal(holders().length, 1, 'it has not started anew')
  notify('one', 7, '10.0.0.9')
  world.environment.advance(0)
  world.callbacks[1].reply({ res_stat: 1, state: 3 })
  t.same(holders(), [])
  t.end()
})

t.test('who locks anew while it is asked about keeps that; who tells no state can only be believed, or not', (t) => {
  const { world, lock, notify, holders } = setUp()
  lock('one', '10.0.0.1', 1)
  notify('one', 5, '10.0.0.9')
  world.environment.advance(0)
  lock('one', '10.0.0.1', 5)
  world.callbacks[0].reply({ res_stat: 1, state: 7 })
  t.same(holders(), ['one 10.0.0.1'])

  lock('two', '10.0.0.2', 0)
  for (const port of [3000, 700]) {
    world.callbacks.length = 0
    notify('two', port, '10.0.0.9', port)
    world.environment.advance(0)
    world.callbacks[0].reply({ res_stat: 1, state: 7 })
    t.equal(holders().includes('two 10.0.0.2'), port === 3000)
  }
  t.end()
})

t.test('who starts anew twice while it is asked about has no locks any more', (t) => {
  const { world, lock, notify, holders } = setUp(['one', '10.0.0.1'])
  notify('one', 5, '10.0.0.9')
  world.environment.advance(0)
  lock('one', '10.0.0.1', 5)
  notify('one', 7, '10.0.0.9')
  world.callbacks[0].reply({ res_stat: 1, state: 7 })
  t.same(holders(), [])
  t.end()
})

t.test('who has started anew, as is known while it is asked about, keeps what it has locked since', (t) => {
  const { world, lock, notify, holders } = setUp(['one', '10.0.0.1'])
  notify('one', 5, '10.0.0.9')
  world.environment.advance(0)
  notify('one', 5, '10.0.0.1')
  t.same(holders(), [])
  lock('one', '10.0.0.1', 5)
  world.callbacks[0].reply({ res_stat: 1, state: 5 })
  t.same(holders(), ['one 10.0.0.1'])
  t.end()
})

t.test('whom nobody knows any more may be another one than who is known where the news come from', (t) => {
  for (const [now, left] of [
    [1, 1],
    [5, 0],
  ]) {
    const { world, notify, holders } = setUp(['one', '10.0.0.1'])
    notify('two', 5, '10.0.0.1', 3000)
    t.equal(holders().length, 1)
    world.environment.advance(0)
    t.same(world.called(), ['SM_STAT udp 1 10.0.0.1'])
    world.callbacks[0].reply({ res_stat: 1, state: now })
    t.equal(holders().length, left)
  }
  t.end()
})

t.test('a short name that several at one address have in longer forms is looked into', (t) => {
  const { world, notify, holders } = setUp(['db.one.org', '10.0.0.1'], ['db.two.org', '10.0.0.1'])
  notify('db', 5, '10.0.0.1')
  t.equal(holders().length, 2)
  world.environment.advance(0)
  t.same(world.called(), ['SM_STAT udp 1 10.0.0.1'])
  world.callbacks[0].reply({ res_stat: 1, state: 1 })
  t.equal(holders().length, 2, 'none of those who are asked has started anew')
  t.end()
})

t.test('a status monitor that tells no state has not answered', (t) => {
  for (const [port, left] of [
    [700, 0],
    [3000, 1],
  ]) {
    const { world, notify, holders } = setUp(['one', '10.0.0.1'])
    notify('one', 5, '10.0.0.9', port)
    world.environment.advance(0)
    world.callbacks[0].reply({ res_stat: 1, state: -1 })
    t.equal(holders().length, left)
  }
  t.end()
})

t.test('where only privileged ports may use an export, it is looked into what others at that host say', (t) => {
  for (const [now, left] of [
    [1, 1],
    [5, 0],
  ]) {
    const { world, notify, holders } = setUp(['one', '10.0.0.1'])
    world.rule.privilegedPort = true
    notify('one', 5, '10.0.0.1', 3000)
    world.environment.advance(0)
    t.equal(holders().length, 1, 'they could not unlock anything either')
    world.callbacks[0].reply({ res_stat: 1, state: now })
    t.equal(holders().length, left)
    notify('one', 7, '10.0.0.1')
    t.equal(holders().length, 0, 'its superuser could')
  }
  t.end()
})

t.test('FREE_ALL: of whoever is there, or may be elsewhere', (t) => {
  const { world, holders } = setUp(['one', '10.0.0.1'], ['two', '10.0.0.2'])
  const freeAll = (name: string, address: string, port: number): void => {
    const args = { name: Buffer.from(name), state: 1 }
    world.nlmAsk(NLM4_VERS_codecs.NLMPROC4_FREE_ALL, args, { address, port })
  }
  freeAll('one', '10.0.0.1', 3000)
  t.same(holders(), ['two 10.0.0.2'])
  freeAll('two', '10.0.0.1', 3000)
  world.environment.advance(0)
  t.same(world.called(), ['SM_STAT udp 1 10.0.0.2'])
  world.callbacks[0].reply({ res_stat: 1, state: 1 })
  t.same(holders(), ['two 10.0.0.2'])
  t.end()
})

t.test('who has started anew is not told of what it waited for', (t) => {
  const { world, notify } = setUp(['c1', '10.0.0.1'])
  const fh = world.handles.encode(world.export, 3, 30)
  const alock = { caller_name: Buffer.from('c2'), fh, oh: NONE, svid: 1, l_offset: 0n, l_len: 0n }
  const args = { cookie: NONE, block: true, exclusive: true, reclaim: false, state: 1, alock }
  world.nlmAsk(NLM4_VERS_codecs.NLMPROC4_LOCK, args, { address: '10.0.0.2' })
  t.equal(world.locks.waiting.length, 1)
  notify('c2', 3, '10.0.0.2')
  t.equal(world.locks.waiting.length, 0)
  const address = '10.0.0.3'
  world.nlmAsk(
    NLM4_VERS_codecs.NLMPROC4_LOCK,
    { ...args, alock: { ...alock, caller_name: Buffer.from('c3') } },
    { address },
  )
  notify('c1', 3, '10.0.0.1')
  world.environment.advance(0)
  t.same(world.called(), ['GRANTED tcp 4 10.0.0.3'], 'it waits no more')
  notify('c3', 3, address)
  world.environment.advance(600_000)
  t.equal(world.callbacks.length, 1, 'it is being told, and is told no more')
  t.same(world.locks.list(), [])
  t.end()
})

t.test('the procedures for lock managers of the same host do nothing for others', (t) => {
  const { world, holders } = setUp(['c1', '10.0.0.1'])
  const my_id = { my_name: Buffer.from('x'), my_prog: 100021, my_vers: 4, my_proc: 16 }
  const mon_id = { mon_name: Buffer.from('y'), my_id }
  t.same(world.nsmAsk(SM_STAT, { mon_name: Buffer.from('y') }), { res_stat: 1, state: 7 })
  t.same(world.nsmAsk(SM_MON, { mon_id, priv: new Uint8Array(16) }), { res_stat: 1, state: -1 })
  t.same(world.nsmAsk(SM_UNMON, mon_id), { state: 7 })
  t.same(world.nsmAsk(SM_UNMON_ALL, my_id), { state: 7 })
  t.equal(world.nsmAsk(SM_SIMU_CRASH, undefined), undefined)
  t.equal(world.nsmAsk(SM_VERS_codecs.SM_NULL, undefined), undefined)
  world.environment.advance(60_000)
  t.same(world.callbacks, [])
  t.equal(holders().length, 1)
  t.end()
})
