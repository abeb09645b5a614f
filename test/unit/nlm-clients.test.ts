import t from 'tap'
import { NlmClients } from '../../mover/nlm4/clients.ts'

function add(clients: NlmClients, name: string, address: string): boolean {
  return clients.add(Buffer.from(name), address) !== null
}

t.test('whoever invents names at one address takes the room of no other', (t) => {
  const clients = new NlmClients()
  const taken = Array.from({ length: 10_000 }, (_, i) => add(clients, `c${i}`, '10.0.0.1')).filter(Boolean).length
  t.equal(taken, 256)
  t.equal(clients.size, 256)
  t.ok(add(clients, 'c5', '10.0.0.1'), 'who is known stays so')
  t.ok(add(clients, 'c', '10.0.0.2'))
  t.end()
})

t.test('many addresses that invent names leave room for others', (t) => {
  const clients = new NlmClients()
  for (let host = 0; host < 64; host++) {
    for (let i = 0; i < 1000; i++) add(clients, `c${i}`, `10.1.0.${host}`)
  }
  t.ok(clients.size < 16_384)
  for (let host = 0; host < 10; host++) t.ok(add(clients, 'c', `10.2.0.${host}`), `host ${host}`)
  t.end()
})

t.test('clients are found by address and by name until they are removed', (t) => {
  const clients = new NlmClients()
  const one = clients.add(Buffer.from('one.example'), '10.0.0.1')
  const two = clients.add(Buffer.from('two'), '10.0.0.1')
  const away = clients.add(Buffer.from('two'), '10.0.0.2')
  const named = (name: string, address: string) => {
    const { meant, isSure } = clients.named(name, address)
    return [meant.map((client) => client.key), isSure]
  }
  t.same(named('ONE', '10.0.0.1'), [['one.example 10.0.0.1'], true])
  t.same(named('two', '10.0.0.1'), [['two 10.0.0.1'], true])
  t.same(named('two', '10.0.0.3'), [['two 10.0.0.1', 'two 10.0.0.2'], false])
  t.same(named('three', '10.0.0.1'), [['one.example 10.0.0.1', 'two 10.0.0.1'], false])
  for (const client of [one, two]) if (client !== null) clients.remove(client)
  if (two !== null) clients.remove(two)
  t.same(named('two', '10.0.0.3'), [['two 10.0.0.2'], false])
  t.same(named('one', '10.0.0.1'), [[], false])
  t.equal(clients.size, 1)
  if (away !== null) clients.remove(away)
  t.equal(clients.size, 0)
  t.end()
})
