import fc from 'fast-check'
import t from 'tap'
import { Export, ExportTable } from '../../mover/files/exports.ts'
import { HANDLE_BYTES, HANDLE_PADDED_BYTES, HandleCodec } from '../../mover/nfs3/handle.ts'
import { SipHash } from '../../mover/nfs3/siphash.ts'
import { KEY, RULE } from './nfs3-client.ts'
import { FakeFiles } from './nfs3-fake-files.ts'

function exportOf(id: number, service: FakeFiles): Export {
  return new Export({ id, path: `/${id}`, service, rootIno: 2, policy: 'wlock', rules: [RULE] })
}

const files = new FakeFiles()
const one = exportOf(1, files)
const two = exportOf(0xfffffffe, files)
const table = new ExportTable([one, two])

t.test('a handle has the layout that it is said to have, and the MAC of another implementation', (t) => {
  const handle = new HandleCodec(KEY, table).encode(two, 2 ** 40 + 3, 0xfedcba98)
  const body = Buffer.concat([
    Buffer.from([1]),
    files.volumeUuid,
    Buffer.from('0000010000000003fedcba98fffffffe', 'hex'),
  ])
  // As `openssl mac -macopt hexkey:… -macopt size:16 SipHash` says; its key is the start of the SHA-256 of ours.
  const mac = Buffer.from('bee3265df566bdd3cfc6b2e0b8b6ada9', 'hex')
  t.same(Buffer.from(handle), Buffer.concat([body, mac]))
  t.equal(handle.length, HANDLE_BYTES)
  t.ok(HANDLE_BYTES <= 64)
  t.end()
})

t.test('every inode comes back, at the movers that share a key, with any number of slots', (t) => {
  const inode = fc.record({
    ino: fc.nat(2 ** 48 - 1),
    generation: fc.nat(0xffffffff),
    entry: fc.constantFrom(one, two),
  })
  fc.assert(
    fc.property(fc.array(inode), fc.integer({ min: 1, max: 5 }), (inodes, slots) => {
      const maker = new HandleCodec(KEY, table, slots)
      const other = new HandleCodec(KEY, table, slots)
      const handles = inodes.map(({ entry, ino, generation }) => maker.encode(entry, ino, generation).slice())
      for (const codec of [other, maker, other]) {
        for (const [i, handle] of handles.entries()) {
          const found = codec.decode(handle)
          if (typeof found === 'string') return false
          const { entry, ino, generation } = inodes[i]
          if (found.export !== entry || found.ino !== ino || found.generation !== generation) return false
        }
      }
      return true
    }),
  )
  t.end()
})

t.test('forged handles are BADHANDLE, also when the genuine one is remembered', (t) => {
  const codec = new HandleCodec(KEY, table)
  const genuine = codec.encode(one, 77, 1)
  for (let at = 0; at < HANDLE_BYTES; at++) {
    for (const bit of [1, 0x80]) {
      const forged = genuine.slice()
      forged[at] ^= bit
      t.equal(codec.decode(forged), 'BADHANDLE', `bit ${bit} of byte ${at}`)
    }
  }
  t.equal(codec.decode(genuine.subarray(0, HANDLE_BYTES - 1)), 'BADHANDLE', 'too short')
  t.equal(codec.decode(Buffer.concat([genuine, Buffer.alloc(1)])), 'BADHANDLE', 'too long')
  t.equal(codec.decode(new Uint8Array(0)), 'BADHANDLE', 'empty')
  t.equal(
    new HandleCodec(
      KEY.map((byte) => byte ^ 1),
      table,
    ).decode(genuine),
    'BADHANDLE',
    'another key',
  )
  t.equal(typeof codec.decode(genuine), 'object', 'the genuine one still is')
  t.end()
})

t.test('genuine handles of exports and volumes that are not there are STALE', (t) => {
  const exports = new ExportTable([one, two])
  const codec = new HandleCodec(KEY, exports)
  const handle = codec.encode(one, 77, 1).slice()
  exports.replace([two])
  t.equal(codec.decode(handle), 'STALE', 'the export is gone, and the handle was remembered')
  t.equal(new HandleCodec(KEY, exports).decode(handle), 'STALE')

  const otherFiles = new FakeFiles()
  otherFiles.volumeUuid[0] ^= 1
  exports.replace([exportOf(1, otherFiles)])
  t.equal(codec.decode(handle), 'STALE', 'the export shows another volume')

  const again = exportOf(1, files)
  exports.replace([again])
  const found = codec.decode(handle)
  t.equal(typeof found === 'object' && found.export, again, 'it is back: the new object is given')
  t.end()
})

t.test('handles in use need no MAC, and each export, generation and volume has its own', (t) => {
  const macs = t.capture(SipHash.prototype, 'compute', SipHash.prototype.compute)
  const codec = new HandleCodec(KEY, table, 1)
  const handle = codec.encode(one, 5, 6)
  t.same(codec.encode(one, 5, 6), handle)
  for (let i = 0; i < 2; i++) t.match(codec.decode(handle.slice()), { export: one, ino: 5, generation: 6 })
  t.equal(macs().length, 1)

  const otherFiles = new FakeFiles()
  otherFiles.volumeUuid[0] ^= 1
  for (const [entry, ino, generation] of [
    [two, 5, 6],
    [one, 6, 6],
    [one, 5, 7],
    [exportOf(1, otherFiles), 5, 6],
  ] as const) {
    codec.encode(one, 5, 6)
    const other = codec.encode(entry, ino, generation)
    t.notSame(other, handle)
    t.same(other, new HandleCodec(KEY, table).encode(entry, ino, generation))
  }
  t.throws(() => new HandleCodec(new Uint8Array(15), table), RangeError)
  t.end()
})

t.test('a handle is put with its padding, wherever it belongs', (t) => {
  const codec = new HandleCodec(KEY, table)
  const out = new Uint8Array(100).fill(0xff)
  codec.put(new DataView(out.buffer), 12, two, 5, 6)
  t.same(out.subarray(12, 12 + HANDLE_BYTES), codec.encode(two, 5, 6))
  t.same([...out.subarray(12 + HANDLE_BYTES, 12 + HANDLE_PADDED_BYTES)], [0, 0, 0])
  t.ok([...out.subarray(0, 12), ...out.subarray(12 + HANDLE_PADDED_BYTES)].every((byte) => byte === 0xff))
  t.end()
})
