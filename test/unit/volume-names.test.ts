import t from 'tap'
import { findSuperblock } from '../../mover/volume/device-io.ts'
import { halfSipHash } from '../../mover/volume/half-siphash.ts'
import { NameHasher } from '../../mover/volume/names.ts'
import { FilesWorld } from './files-support.ts'
import { BusyVolume, finish } from './volume-busy.ts'
import { copy, spoilSuperblock, superblockOf } from './volume-spoil.ts'

/** Tags of the first so many bytes of 00 01 02 … under the key 00 01 … 07: the reference implementation's vectors.h. */
const TAGS: readonly [number, string][] = [
  [0, 'a9359f5b'],
  [1, '27475ab8'],
  [2, 'fa62a603'],
  [3, '8afee704'],
  [4, '2a6e4689'],
  [5, 'c5fab669'],
  [7, '8bcf63c5'],
  [8, 'd0b8848f'],
  [15, '74fe2b97'],
  [63, '59ea4a74'],
]

t.test('HalfSipHash-2-4 says what the reference implementation says', (t) => {
  const input = Uint8Array.from({ length: 64 }, (_, i) => i)
  for (const [length, tag] of TAGS) {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(halfSipHash(0x03020100, 0x07060504, input, length))
    t.equal(bytes.toString('hex'), tag, `${length} bytes`)
  }
  t.end()
})

const secret = Uint8Array.from({ length: 16 }, (_, i) => i)

function hashesOf(name: string | Uint8Array, key = secret): { folded: number; exact: number } {
  const { folded, exact } = new NameHasher(key).hash(Buffer.from(name))
  return { folded, exact }
}

t.test('the hashes of names: a volume on a device depends on them', (t) => {
  t.strictSame(hashesOf('README'), { folded: 2364763929, exact: 3972453327 })
  t.strictSame(hashesOf('readme'), { folded: 2364763929, exact: 2247357204 })
  t.strictSame(hashesOf('Größe'), { folded: 4116182596, exact: 4005593466 })
  t.strictSame(hashesOf(Uint8Array.of(0xff, 0x61)), { folded: 237637084, exact: 1010192952 }, 'not UTF-8')
  t.throws(() => new NameHasher(secret.subarray(1)), RangeError)
  t.end()
})

t.test('names equal but for case have one folded hash', (t) => {
  const pairs: [string | Uint8Array, string | Uint8Array, boolean][] = [
    ['a.txt', 'A.TXT', true],
    ['größe', 'GRÖßE', true],
    ['ſıgn', 'SIGN', true],
    ['ⱥ'.repeat(85), 'Ⱥ'.repeat(85), true],
    ['a.txt', 'b.txt', false],
    ['\uFEFFa', 'a', false],
    [Uint8Array.of(0xff, 0x61), Uint8Array.of(0xff, 0x41), true],
    [Uint8Array.of(0xff, 0xe4), Uint8Array.of(0xff, 0xc4), false],
  ]
  for (const [a, b, same] of pairs) {
    t.equal(hashesOf(a).folded === hashesOf(b).folded, same, `${a} ${b}`)
    t.not(hashesOf(a).exact, hashesOf(b).exact)
  }
  t.end()
})

t.test('each half of the secret is the key of one hash', (t) => {
  for (const [at, other] of [
    [3, 'exact'],
    [12, 'folded'],
  ] as const) {
    const key = secret.slice()
    key[at] ^= 0x80
    const changed = hashesOf('name', key)
    t.equal(changed[other], hashesOf('name')[other])
    const own = other === 'exact' ? 'folded' : 'exact'
    t.not(changed[own], hashesOf('name')[own])
  }
  t.end()
})

t.test('each volume has a secret of its own, which its file handles do not tell', (t) => {
  const secrets = [1, 2].map((seed) => {
    const { superblock } = new FilesWorld(seed).files.volume
    t.notSame(superblock.nameSecret, superblock.uuid)
    return Buffer.from(superblock.nameSecret).toString('hex')
  })
  t.not(secrets[0], secrets[1])
  t.ok(secrets.every((value) => /[1-9a-f]/.test(value)))
  t.end()
})

t.test('a volume of another version is refused', (t) => {
  const { env, device } = copy()
  t.equal(superblockOf(device).nameFold, 2)
  spoilSuperblock(device, (superblock) => {
    superblock.nameFold = 1
  })
  const words = /hashes names by version 1, this program by version 2: serve it with .* \(lockkeeper mkfs --force\)/
  t.throws(() => finish(env, findSuperblock(device)), words)
  t.throws(() => BusyVolume.open(env, device, new Map()), words)
  t.end()
})
