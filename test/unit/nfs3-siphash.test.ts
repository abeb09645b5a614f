import t from 'tap'
import { SipHash } from '../../mover/nfs3/siphash.ts'

/** Tags of the first so many bytes of 00 01 02 … under the key 00 01 … 0f, as OpenSSL 3's SipHash (16 bytes) says. */
const TAGS: readonly [number, string][] = [
  [0, 'a3817f04ba25a8e66df67214c7550293'],
  [1, 'da87c1d86b99af44347659119b22fc45'],
  [7, 'a1f1ebbed8dbc153c0b84aa61ff08239'],
  [8, '3b62a9ba6258f5610f83e264f31497b4'],
  [15, '5493e99933b0a8117e08ec0f97cfc3d9'],
  [33, '77c6077146f01c32b6b69d5f4ea9ffcf'],
  [63, '5150d1772f50834a503e069a973fbd7c'],
]

t.test('SipHash-2-4 says what another implementation says', (t) => {
  const input = Uint8Array.from({ length: 64 }, (_, i) => i)
  const hash = new SipHash(input.slice(0, 16))
  for (const [length, tag] of TAGS) t.equal(Buffer.from(hash.compute(input, length)).toString('hex'), tag, `${length}`)
  t.throws(() => new SipHash(input.slice(0, 15)), RangeError)
  t.end()
})
