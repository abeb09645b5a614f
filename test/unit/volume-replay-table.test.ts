import fc from 'fast-check'
import t from 'tap'
import type { ReplayTag } from '../../mover/operation.ts'
import { REPLAY_KEEP_SEC, REPLAY_PER_CLIENT, ReplayTable } from '../../mover/volume/replay-table.ts'

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
