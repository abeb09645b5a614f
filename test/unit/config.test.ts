import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { isLoopback, parseNetwork } from '../../mover/config/address.ts'
import { defaultMovers } from '../../mover/config/default-movers.ts'
import { exportIdOf } from '../../mover/config/export-id.ts'
import { ConfigError, loadConfig, parseConfig } from '../../mover/config/load.ts'
import { formatSize, formatSizeRoughly, parseSize, parseTime } from '../../mover/config/units.ts'

const loopbackClients = [
  { match: '127.0.0.0/8', access: 'rw', squash: 'none', privilegedPort: false },
  { match: '::1', access: 'rw', squash: 'none', privilegedPort: false },
]

t.test('no file gives the defaults', async (t) => {
  t.strictSame(loadConfig(null, '/somewhere'), {
    file: null,
    stateDir: '/somewhere/state',
    volumes: [{ name: 'share', device: '/somewhere/state/share.img', isSpecialFile: false, sizeBytes: 8 * 1024 ** 3 }],
    movers: [
      { name: 'a', address: '127.0.0.1', nfs: 2049, portmap: 111 },
      { name: 'b', address: '127.0.0.2', nfs: 2049, portmap: 111 },
    ],
    exports: [
      {
        id: exportIdOf('/share'),
        path: '/share',
        volume: 'share',
        subtree: '/',
        policy: 'wlock',
        clients: loopbackClients,
      },
    ],
    cache: { perMoverBytes: 256 * 1024 ** 2 },
    timing: { leaseMs: 5000, graceMs: 30_000 },
  })
})

t.test('an empty file is the same as none', async (t) => {
  const none = loadConfig(null, '/x')
  for (const text of ['', '# nothing\n', '{}']) t.strictSame(parseConfig(text, null, '/x'), none)
})

t.test('a full file', async (t) => {
  const text = `
stateDir: ./here
volumes:
  - { name: one, device: ./one.img, size: 64MiB }
  - { name: two, device: /dev/sdz }
  - { name: three }
movers:
  - { name: m, address: "::1", nfs: 0, portmap: 0 }
exports:
  - { path: /one, volume: one, subtree: /deep/er, policy: nolock, id: 7 }
  - path: /two
    volume: two
    clients:
      - { match: 10.0.0.0/8, access: ro, privilegedPort: true }
      - { match: 127.0.0.1 }
      - { match: "::/0", squash: all }
cache: { perMover: 1GiB }
timing: { lease: 2.5s, grace: 20s }
`
  const config = parseConfig(text, 'lockkeeper.yaml', '/etc/lk')
  t.equal(config.stateDir, '/etc/lk/here')
  t.strictSame(config.volumes, [
    { name: 'one', device: '/etc/lk/one.img', isSpecialFile: false, sizeBytes: 64 * 1024 ** 2 },
    { name: 'two', device: '/dev/sdz', isSpecialFile: true, sizeBytes: null },
    { name: 'three', device: '/etc/lk/here/three.img', isSpecialFile: false, sizeBytes: 8 * 1024 ** 3 },
  ])
  t.strictSame(config.movers, [{ name: 'm', address: '::1', nfs: 0, portmap: 0 }])
  t.strictSame(config.exports[0], {
    id: 7,
    path: '/one',
    volume: 'one',
    subtree: '/deep/er',
    policy: 'nolock',
    clients: loopbackClients,
  })
  t.strictSame(config.exports[1]?.clients, [
    { match: '10.0.0.0/8', access: 'ro', squash: 'root', privilegedPort: true },
    { match: '127.0.0.1', access: 'rw', squash: 'none', privilegedPort: false },
    { match: '::/0', access: 'rw', squash: 'all', privilegedPort: false },
  ])
  t.equal(config.cache.perMoverBytes, 1024 ** 3)
  t.same(config.timing, { leaseMs: 2500, graceMs: 20_000 })
})

t.test('volumes without exports get one each', async (t) => {
  const config = parseConfig('volumes: [{ name: x }, { name: y }]', 'f', '/')
  t.strictSame(
    config.exports.map(({ path, volume }) => [path, volume]),
    [
      ['/x', 'x'],
      ['/y', 'y'],
    ],
  )
})

t.test('aliases stand for what they name', async (t) => {
  const text = 'volumes: [{ name: &n data }]\nexports: [{ path: /data, volume: *n }]'
  t.equal(parseConfig(text, 'f', '/').exports[0]?.volume, 'data')
})

/** A file and the one line that it is refused with. */
const refused: readonly [string, string][] = [
  ['stateDr: x', 'f:1: stateDr: unknown key; did you mean stateDir?'],
  ['\n\nfrobnicate: 1', 'f:3: frobnicate: unknown key'],
  [
    '[]',
    'f: must be a map with the keys stateDir, volumes, movers, exports, cache, shares, users, cluster, admin, timing',
  ],
  ['stateDir: 4', 'f:1: stateDir: must be a text, not 4'],
  ['stateDir:', 'f:1: stateDir: has no value; leave the key out for its default'],
  ['volumes:\nmovers: [{}]', 'f:1: volumes: has no value; leave the key out for its default'],
  ['a: [', 'f:1: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]'],
  ['cache: {}\ncache: {}', 'f:2: not valid YAML: Map keys must be unique'],
  ['volumes: []', 'f:1: volumes: must have at least one volume; leave the key out for the default'],
  ['volumes: { name: x }', 'f:1: volumes: must be a list ([ … ], or lines that start with "- ")'],
  ['volumes:\n  - {}', 'f:2: volumes[0]: name is missing'],
  ['volumes:\n  - x', 'f:2: volumes[0]: must be a map with the keys name, device, size'],
  [
    'volumes:\n  - { name: a/b }',
    "f:2: volumes[0].name: must be a name of 1 to 32 letters, digits, - and _, not 'a/b'",
  ],
  [
    'volumes:\n  - name: x\n    device: iscsi://host/iqn/0',
    'f:3: volumes[0].device: iSCSI devices are not supported in this version; use an image file or /dev/…',
  ],
  [
    'volumes:\n  - name: x\n    size: 8GB',
    "f:3: volumes[0].size: must be a size of 64MiB to 4PiB such as 8GiB, not '8GB'",
  ],
  [
    'volumes: [{ name: x, size: 1MiB }]',
    "f:1: volumes[0].size: must be a size of 64MiB to 4PiB such as 8GiB, not '1MiB'",
  ],
  [
    'volumes: [{ name: x, device: /dev/sdz, size: 1GiB }]',
    'f:1: volumes[0].size: is for image files; /dev/sdz has a size of its own',
  ],
  [
    'volumes:\n  - { name: x }\n  - { name: x, device: y }',
    'f:3: volumes[1].name: x is taken by volumes[0].name in line 2',
  ],
  [
    'volumes:\n  - { name: x, device: i }\n  - { name: y, device: ./i }',
    'f:3: volumes[1].device: /base/i is taken by volumes[0].device in line 2',
  ],
  ['movers: []', 'f:1: movers: must have at least one mover; leave the key out for the default'],
  [`movers: [${Array(17).fill('{}').join(', ')}]`, 'f:1: movers: must have at most 16 movers, not 17'],
  ['movers:\n  - {}\n  - {}', 'f:3: movers[1].name: a is taken by movers[0].name in line 2'],
  [
    'movers:\n  - { name: a }\n  - name: b\n    nfs: 2049',
    'f:4: movers[1].nfs: 127.0.0.1 port 2049 is taken by movers[0].nfs in line 2',
  ],
  [
    'movers:\n  - { name: a }\n  - { name: b, nfs: 2050 }',
    'f:3: movers[1].portmap: 127.0.0.1 port 111 is taken by movers[0].portmap in line 2',
  ],
  [
    'movers: [{ address: "::1", nfs: 5 }, { name: b, address: "::1", nfs: 6, portmap: 5 }]',
    'f:1: movers[1].portmap: ::1 port 5 is taken by movers[0].nfs in line 1',
  ],
  ['movers: [{ smb: 445 }]', 'f:1: movers[0].smb: not supported in this version'],
  ['movers: [{ nfs: 65536 }]', 'f:1: movers[0].nfs: must be a whole number from 0 to 65535, not 65536'],
  ['movers: [{ portmap: yes }]', "f:1: movers[0].portmap: must be a whole number from 0 to 65535, not 'yes'"],
  ['movers: [{ address: localhost }]', "f:1: movers[0].address: must be an IP address, not 'localhost'"],
  [
    '# exports\n\nvolumes: [{ name: v }]\n\nexports:\n  - path: /v\n    polcy: wlock',
    'f:7: exports[0].polcy: unknown key; did you mean policy?',
  ],
  [
    'exports: [{ path: /s, volume: share, policy: wlok }]',
    "f:1: exports[0].policy: must be nolock, wlock or rwlock, not 'wlok'; did you mean wlock?",
  ],
  ['exports: [{ path: /s, volume: other }]', "f:1: exports[0].volume: there is no volume 'other' (volumes: share)"],
  ['exports: [{ path: s, volume: share }]', "f:1: exports[0].path: must be an absolute path such as /share, not 's'"],
  ['exports: [{ path: /, volume: share }]', "f:1: exports[0].path: must name an export such as /share, not '/'"],
  [
    'exports: [{ path: /a/../b, volume: share }]',
    "f:1: exports[0].path: must not have '.', '..' or empty parts: '/a/../b'",
  ],
  [
    'exports:\n  - { path: /a, volume: share }\n  - { path: /a, volume: share }',
    'f:3: exports[1].path: /a is taken by exports[0].path in line 2',
  ],
  [
    'exports:\n  - { path: /a, volume: share, id: 3 }\n  - { path: /b, volume: share, id: 3 }',
    'f:3: exports[1].id: 3 is taken by exports[0].id in line 2',
  ],
  [
    `exports:\n  - { path: /a, volume: share }\n  - { path: /b, volume: share, id: ${exportIdOf('/a')} }`,
    `f:3: exports[1].id: ${exportIdOf('/a')} is taken by exports[0].id in line 2`,
  ],
  [
    'exports: [{ path: /a, volume: share, id: 0 }]',
    'f:1: exports[0].id: must be a whole number from 1 to 4294967295, not 0',
  ],
  [
    'exports: [{ path: /a, volume: share, clients: [] }]',
    'f:1: exports[0].clients: must have at least one client; leave the key out for the default',
  ],
  [
    'exports:\n  - path: /a\n    volume: share\n    clients:\n      - { match: 10.0.0.0/33 }',
    "f:5: exports[0].clients[0].match: must be an address or a network such as 10.0.0.0/8 or fd00::/8, not '10.0.0.0/33'",
  ],
  [
    'exports: [{ path: /a, volume: share, clients: [{ match: "::1", privilegedPort: 1 }] }]',
    'f:1: exports[0].clients[0].privilegedPort: must be true or false, not 1',
  ],
  ['cache: { perMover: 1MiB }', "f:1: cache.perMover: must be a size of 16MiB to 3GiB such as 256MiB, not '1MiB'"],
  ...['shares', 'users', 'cluster', 'admin'].map((key): [string, string] => [
    `\n${key}: []`,
    `f:2: ${key}: not supported in this version`,
  ]),
  ...['nfs4Lease', 'drainMs'].map((key): [string, string] => [
    `timing: { ${key}: 30s }`,
    `f:1: timing.${key}: not supported in this version`,
  ]),
  ...['4s', '301s', '1'].map((time): [string, string] => [
    `timing: { grace: ${time} }`,
    `f:1: timing.grace: must be a time of 5s to 300s such as 30s, not ${time === '1' ? time : `'${time}'`}`,
  ]),
  ...['199ms', '61s', '1', '1 h', '-1s'].map((time): [string, string] => [
    `timing: { lease: ${time} }`,
    `f:1: timing.lease: must be a time of 200ms to 60s such as 1s, not ${time === '1' ? time : `'${time}'`}`,
  ]),
]

t.test('what is wrong is named with its line and key', async (t) => {
  for (const [text, message] of refused) {
    t.throws(() => parseConfig(text, 'f', '/base'), new ConfigError(message), message)
  }
})

t.test('several movers', async (t) => {
  const names = Array.from({ length: 16 }, (_, at) => `m${at}`)
  const movers = names.map((name) => `{ name: ${name}, nfs: 0, portmap: 0 }`)
  const { movers: many } = parseConfig(`movers: [${movers.join(', ')}]`, 'f', '/')
  t.strictSame(
    many.map(({ name }) => name),
    names,
    'any free port may be had more than once',
  )
  const text = 'movers: [{ nfs: 5, portmap: 5 }, { name: b, address: 127.0.0.2 }]'
  t.equal(parseConfig(text, 'f', '/').movers.length, 2, 'ports of one mover, and of two addresses')
  const given = [{ name: 'x', address: '::1', nfs: 1, portmap: 0 }]
  t.strictSame(parseConfig('', 'f', '/', given).movers, given, 'the defaults of a machine')
  t.strictSame(parseConfig('movers: [{}]', 'f', '/', given).movers.length, 1)
  t.equal((await defaultMovers()).length, 2)
})

t.test('files', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'lockkeeper-config-'))
  t.teardown(async () => (await import('node:fs/promises')).rm(dir, { recursive: true }))
  writeFileSync(join(dir, 'lk.yaml'), 'stateDir: s')
  t.equal(loadConfig('lk.yaml', dir).stateDir, join(dir, 's'), 'relative to the folder of the file')
  t.throws(() => loadConfig('none.yaml', dir), { message: 'none.yaml: cannot read the configuration: ENOENT' })
})

t.test('export ids do not depend on order', async (t) => {
  const ids = (text: string): Record<string, number> =>
    Object.fromEntries(parseConfig(text, 'f', '/').exports.map(({ path, id }) => [path, id]))
  const ab = ids('exports: [{ path: /a, volume: share }, { path: /b, volume: share }]')
  const bca = ids('exports: [{ path: /b, volume: share }, { path: /c, volume: share }, { path: /a, volume: share }]')
  t.equal(ab['/a'], bca['/a'])
  t.equal(ab['/b'], bca['/b'])
  t.equal(exportIdOf('/share'), 0x53aa77aa, 'the same in every version: handles out there carry it')
})

t.test('sizes', async (t) => {
  t.equal(parseSize('8GiB'), 8 * 2 ** 30)
  t.equal(parseSize('1.5 MiB'), 1.5 * 2 ** 20)
  t.equal(parseSize('4096'), 4096)
  for (const wrong of ['', 'GiB', '-1', '1e9', '8 gib', '0x10', '1.3B', '99999PiB'])
    t.equal(parseSize(wrong), null, wrong)
  t.equal(formatSize(8 * 2 ** 30), '8GiB')
  t.equal(formatSize(4097), '4097B')
  t.equal(formatSizeRoughly(1.44 * 2 ** 30), '1.4GiB')
  fc.assert(
    fc.property(fc.maxSafeNat(), (bytes) => parseSize(formatSize(bytes)) === bytes),
    { seed: 1 },
  )
})

t.test('times', async (t) => {
  t.equal(parseTime('1s'), 1000)
  t.equal(parseTime('1.5 s'), 1500)
  t.equal(parseTime('250ms'), 250)
  t.equal(parseTime('2min'), 120_000)
  for (const wrong of ['', 's', '5', '-1s', '1.0005s', '1S', '1h', '1e3ms']) t.equal(parseTime(wrong), null, wrong)
})

t.test('networks', async (t) => {
  t.strictSame(parseNetwork('10.0.0.0/8'), { family: 'ipv4', address: '10.0.0.0', prefixLength: 8 })
  t.strictSame(parseNetwork('::1'), { family: 'ipv6', address: '::1', prefixLength: 128 })
  for (const wrong of ['', '10.0.0', '10.0.0.0/', '10.0.0.0/x', '::/129', 'fe80::1%eth0', 'host']) {
    t.equal(parseNetwork(wrong), null, wrong)
  }
  const loopback = (text: string): boolean => {
    const network = parseNetwork(text)
    return network !== null && isLoopback(network)
  }
  for (const yes of ['127.0.0.0/8', '127.1.2.3', '::1']) t.ok(loopback(yes), yes)
  for (const no of ['127.0.0.0/7', '0.0.0.0/0', '::1/127', '::/0', '10.0.0.1']) t.notOk(loopback(no), no)
})
