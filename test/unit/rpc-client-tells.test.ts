/** Messages without answers that wait until it is known where their program listens. */
import t from 'tap'
import { MAX_UNSENT, MAX_UNSENT_PER_HOST, type RpcClient } from '../../mover/rpc/client/rpc-client.ts'
import { SM_PROG, SM_VERS, SM_VERS_codecs } from '../../protocol/nsm/nsm.gen.ts'
import { NlmWorld, versionOf } from './nlm-support.ts'

const NOTE = {
  program: SM_PROG,
  version: SM_VERS,
  codec: SM_VERS_codecs.SM_NOTIFY,
  args: { mon_name: Buffer.from('a'), state: 3 },
}

function tellFrom(client: RpcClient, outcomes: (string | null)[]): (host: string, isWanted?: () => boolean) => void {
  return (host, isWanted = () => true) =>
    client.tell({ transport: 'udp', localAddress: '10.0.0.254', host }, { ...NOTE, isWanted }, (failure) =>
      outcomes.push(failure),
    )
}

t.test('of one host, whose portmapper does not answer, few are kept', (t) => {
  const { environment, client, silent } = new NlmWorld()
  const outcomes: (string | null)[] = []
  const tell = tellFrom(client, outcomes)
  silent.add('10.0.0.7')
  for (let i = 0; i < MAX_UNSENT_PER_HOST + 10; i++) tell('10.0.0.7')
  t.same(outcomes, [], 'later, in any case')
  tell('10.0.0.7', () => false)
  environment.advance(0)
  t.same(outcomes.splice(0), Array(10).fill('TIMEOUT'))
  tell('10.0.0.8')
  environment.advance(0)
  t.same(outcomes.splice(0), [null], 'another host')
  environment.advance(15_000)
  t.same(outcomes.splice(0), Array(MAX_UNSENT_PER_HOST).fill('TIMEOUT'))
  silent.clear()
  tell('10.0.0.7')
  environment.advance(0)
  t.same(outcomes, [null], 'there is room again')
  t.end()
})

t.test('of all hosts so many are kept; those whose ports are known do not wait', (t) => {
  const { environment, client, silent } = new NlmWorld()
  const outcomes: (string | null)[] = []
  const tell = tellFrom(client, outcomes)
  tell('10.0.0.8')
  environment.advance(0)
  t.same(outcomes.splice(0), [null])
  for (let host = 0; host < 20; host++) {
    silent.add(`10.0.1.${host}`)
    for (let i = 0; i < MAX_UNSENT_PER_HOST; i++) tell(`10.0.1.${host}`)
  }
  environment.advance(0)
  t.same(outcomes.splice(0), Array(20 * MAX_UNSENT_PER_HOST - MAX_UNSENT).fill('TIMEOUT'))
  tell('10.0.0.8')
  t.same(outcomes, [null])
  t.end()
})

t.test('who is answered by messages, and has a silent portmapper, is served all the same', (t) => {
  const world = new NlmWorld()
  const { codecs } = versionOf(4)
  const fh = world.file('f')
  world.silent.add('10.0.0.1')
  const connection = world.connect({ transport: 'udp' })
  for (let byte = 0; byte < 1000; byte++) {
    const alock = {
      caller_name: Buffer.from('c1'),
      fh,
      oh: Buffer.alloc(0),
      svid: 1,
      l_offset: BigInt(byte),
      l_len: 1n,
    }
    const args = { cookie: Buffer.alloc(0), block: false, exclusive: true, reclaim: false, state: 1, alock }
    world.send(connection, 100021, codecs.LOCK_MSG, args)
  }
  t.equal(world.locks.list().length, 1000)
  world.silent.clear()
  world.environment.runUntil(() => world.callbacks.length > 0)
  world.environment.advance(10)
  t.equal(world.callbacks.length, MAX_UNSENT_PER_HOST)
  t.end()
})
