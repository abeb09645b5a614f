import t from 'tap'
import { KnownOwners } from '../../mover/nlm4/known-owners.ts'
import { rangeOwner } from '../../mover/nlm4/owner.ts'

// Of `Aa` and `BB`, and of 0 and 256, sums are alike: they have the same place.
const CALLS = {
  name: ['a', 'Aa', 'BB', 'host', 'h'.repeat(1024)],
  handle: ['', '1@a', '2@a', '1@b', 'x'.repeat(128), 'x'.repeat(129)],
  svid: [0, 1, 256, -1, 0x7fffffff],
  address: ['10.0.0.1', '10.0.0.2', '::1'],
}

interface OwnerCall {
  name: string
  handle: string
  svid: number
  address: string
}

t.test('an owner is who its call says, whoever has called just before', async (t) => {
  const owners = new KnownOwners()
  // One buffer for all, as that of a connection: what is kept of a call must not be a view of it.
  const bytes = Buffer.alloc(2048)
  const strangers: OwnerCall[] = []
  let count = 0
  const come = (call: OwnerCall): void => {
    const { name, handle, svid, address } = call
    bytes.write(name, 0, 'latin1')
    bytes.write(handle, 1024, 'latin1')
    const wire = { caller_name: bytes.subarray(0, name.length), oh: bytes.subarray(1024, 1024 + handle.length), svid }
    const found = owners.of(wire, address)
    const { client, owner } = rangeOwner(wire, address)
    if (found.client !== client || found.owner !== owner) strangers.push(call)
    count++
  }
  for (const name of CALLS.name)
    for (const handle of CALLS.handle)
      for (const svid of CALLS.svid)
        for (const address of CALLS.address) {
          const call = { name, handle, svid, address }
          const others: OwnerCall[] = [
            ...CALLS.name.map((name) => ({ ...call, name })),
            ...CALLS.handle.map((handle) => ({ ...call, handle })),
            ...CALLS.svid.map((svid) => ({ ...call, svid })),
            ...CALLS.address.map((address) => ({ ...call, address })),
          ]
          for (const other of others) {
            come(call)
            come(other)
          }
        }
  t.equal(count, 5 * 6 * 5 * 3 * (5 + 6 + 5 + 3) * 2)
  t.strictSame(strangers, [])
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
