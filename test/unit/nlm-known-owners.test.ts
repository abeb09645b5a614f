import t from 'tap'
import { KnownOwners } from '../../mover/nlm4/known-owners.ts'
import { rangeOwner } from '../../mover/nlm4/owner.ts'

const NAMES = ['a', 'b', 'ab', 'ba', 'host', 'hose', 'h'.repeat(1024), `${'h'.repeat(1023)}i`]
const HANDLES = ['', '1@a', '2@a', '1@b', 'x'.repeat(128), 'x'.repeat(129)]
const SVIDS = [0, 1, 2, 256, 257, -1, 0x7fffffff]
const ADDRESSES = ['10.0.0.1', '10.0.0.2', '::1']

t.test('an owner is who its call says, whoever has called before', async (t) => {
  const owners = new KnownOwners()
  const calls = NAMES.flatMap((name) =>
    HANDLES.flatMap((handle) => SVIDS.flatMap((svid) => ADDRESSES.map((address) => ({ name, handle, svid, address })))),
  )
  // One buffer for all, as that of a connection: what is kept of a call must not be a view of it.
  const bytes = Buffer.alloc(2048)
  for (let turn = 0; turn < 3; turn++) {
    const others: string[] = []
    for (const { name, handle, svid, address } of calls) {
      bytes.fill(0xff)
      bytes.write(name, 0, 'latin1')
      bytes.write(handle, 1024, 'latin1')
      const wire = { caller_name: bytes.subarray(0, name.length), oh: bytes.subarray(1024, 1024 + handle.length), svid }
      // Twice: made, and found.
      for (let i = 0; i < 2; i++) {
        const found = owners.of(wire, address)
        const { client, owner } = rangeOwner(wire, address)
        if (found.client !== client || found.owner !== owner) others.push(`${name} ${handle} ${svid} ${address}`)
      }
    }
    t.strictSame(others, [])
    calls.reverse()
  }
})

t.test('who calls again is known', async (t) => {
  const owners = new KnownOwners()
  const wire = (oh: string) => ({ caller_name: Buffer.from('host'), oh: Buffer.from(oh), svid: 7 })
  const owner = owners.of(wire('7@host'), '10.0.0.1')
  t.equal(owners.of(wire('7@host'), '10.0.0.1'), owner)
  t.not(owners.of(wire('8@host'), '10.0.0.1'), owner)
})

t.test('a handle that is too long for an owner is not kept', async (t) => {
  const owners = new KnownOwners()
  const wire = { caller_name: Buffer.from('host'), oh: Buffer.alloc(129), svid: 7 }
  t.not(owners.of(wire, '10.0.0.1'), owners.of(wire, '10.0.0.1'))
})
