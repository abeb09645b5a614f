import fc from 'fast-check'
import t from 'tap'
import type { ReplayTag } from '../../mover/operation.ts'
import {
  REPLAY_CALLS,
  REPLAY_CLIENTS,
  REPLAY_KEEP_SEC,
  REPLAY_PER_CLIENT,
  ReplayTable,
} from '../../mover/volume/replay-table.ts'

function tag(client: number, xid: number, checksum = 0): ReplayTag {
  return { clientHigh: client, clientLow: 7, program: 100003, procedure: 8, xid, checksum }
}

t.test('the last calls of each client are found, whatever their numbers', (t) => {
  const call = fc.record({ client: fc.nat(2), xid: fc.nat(5000), checksum: fc.nat(3) })
  fc.assert(
    fc.property(fc.array(call, { minLength: 1, maxLength: 3 * REPLAY_PER_CLIENT, size: 'max' }), (calls) => {
      const table = new ReplayTable()
      const kept = new Map<number, { tag: ReplayTag; ino: number }[]>()
      for (const [ino, { client, xid, checksum }] of calls.entries()) {
        table.add(tag(client, xid, checksum), 100, ino)
        const of = kept.get(client) ?? []
        of.push({ tag: tag(client, xid, checksum), ino })
        if (of.length > REPLAY_PER_CLIENT) of.shift()
        kept.set(client, of)
      }
      for (const [client, of] of kept) {
        const newest = new Map(of.map(({ tag: { xid, checksum }, ino }) => [`${xid}.${checksum}`, ino]))
        for (const { tag: each } of of) {
          if (table.find(each, 100)?.objectIno !== newest.get(`${each.xid}.${each.checksum}`)) return false
        }
        if (table.find(tag(client, 6000), 100) !== null) return false
      }
      return table.live(100).length === [...kept.values()].reduce((sum, of) => sum + of.length, 0)
    }),
    { numRuns: 20 },
  )
  t.end()
})

t.test('what is too old is neither found nor kept', (t) => {
  const table = new ReplayTable()
  table.add(tag(1, 1), 10, 1)
  table.add(tag(1, 2), 10 + REPLAY_KEEP_SEC, 2)
  t.equal(table.find(tag(1, 1), 10 + REPLAY_KEEP_SEC)?.objectIno, 1)
  t.equal(table.find(tag(1, 1), 11 + REPLAY_KEEP_SEC), null)
  t.same(
    table.live(11 + REPLAY_KEEP_SEC).map(({ objectIno }) => objectIno),
    [2],
  )
  t.same(table.live(11 + 2 * REPLAY_KEEP_SEC), [])
  t.equal(table.find(tag(1, 2), 10 + REPLAY_KEEP_SEC), null, 'the client is forgotten')
  t.end()
})

/** A call of a client that says it is `name`. */
function named(address: number, name: number, xid: number): ReplayTag {
  return { ...tag(address, xid), clientLow: name }
}

t.test('who invents names pushes out its own, not those of others', (t) => {
  const table = new ReplayTable()
  for (let address = 1; address <= 3; address++) table.add(named(address, 1, 1), 100, address)
  for (let name = 1; name <= 2 * REPLAY_CLIENTS; name++) table.add(named(9, name, 1), 100, 9)
  for (let address = 1; address <= 3; address++) t.equal(table.find(named(address, 1, 1), 100)?.objectIno, address)
  t.equal(table.find(named(9, 2 * REPLAY_CLIENTS, 1), 100)?.objectIno, 9)
  t.equal(table.find(named(9, REPLAY_CLIENTS, 1), 100), null)
  t.equal(table.live(100).length, REPLAY_CLIENTS)
  t.end()
})

t.test('among addresses with one name each, the one silent longest goes', (t) => {
  const table = new ReplayTable()
  for (let address = 0; address < REPLAY_CLIENTS; address++) table.add(named(address, 1, 1), 100, 1)
  table.add(named(0, 1, 2), 100, 1)
  table.add(named(REPLAY_CLIENTS, 1, 1), 100, 1)
  t.ok(table.find(named(0, 1, 1), 100))
  t.notOk(table.find(named(1, 1, 1), 100))
  t.ok(table.find(named(2, 1, 1), 100))
  t.end()
})

t.test('many calls of an address: neither all memory nor all of a checkpoint is theirs', (t) => {
  const table = new ReplayTable()
  for (let address = 1; address <= 3; address++) table.add(named(address, 1, 1), 100, address)
  const names = (2 * REPLAY_CALLS) / REPLAY_PER_CLIENT
  for (let name = 1; name <= names; name++) {
    for (let xid = 0; xid < REPLAY_PER_CLIENT; xid++) table.add(named(9, name, xid), 100, 9)
  }
  let kept = 0
  for (let name = 1; name <= names; name++) if (table.find(named(9, name, 5), 100) !== null) kept++
  t.ok(kept <= names / 2 && kept >= names / 2 - 1, `${kept} of ${names}`)
  const live = table.live(100)
  t.ok(live.length < REPLAY_CALLS)
  t.same(new Set(live.map(({ objectIno }) => objectIno)), new Set([1, 2, 3, 9]))
  t.end()
})
