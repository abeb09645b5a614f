import t from 'tap'
import { parseAddressSet } from '../../mover/files/cidr.ts'
import { Export, type ExportRule, ExportTable, squash } from '../../mover/files/exports.ts'
import { RULE } from './nfs3-client.ts'
import { FakeFiles } from './nfs3-fake-files.ts'

t.test('addresses and networks', (t) => {
  const CASES: readonly [set: string, inside: string[], outside: string[]][] = [
    ['127.0.0.0/8', ['127.0.0.1', '127.255.255.255', '::ffff:127.0.0.1'], ['126.255.255.255', '128.0.0.0', '::1']],
    ['10.1.2.3', ['10.1.2.3'], ['10.1.2.2', '10.1.2.4']],
    ['10.1.2.3/31', ['10.1.2.2', '10.1.2.3'], ['10.1.2.1', '10.1.2.4']],
    ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255'], ['::1']],
    ['::/0', ['::', 'ffff::1'], []],
    ['fd00::/8', ['fd00::1', 'fdff::'], ['fe00::', '10.0.0.1']],
    ['::1', ['::1'], ['::2', '127.0.0.1']],
    ['2001:db8::/33', ['2001:db8:7fff::'], ['2001:db8:8000::']],
  ]
  for (const [text, inside, outside] of CASES) {
    const set = parseAddressSet(text)
    t.equal(set.text, text)
    for (const address of inside) t.ok(set.has(address), `${address} is in ${text}`)
    for (const address of [...outside, '', 'localhost', '1.2.3'])
      t.notOk(set.has(address), `${address} is not in ${text}`)
  }
  const WRONG = [
    '',
    'localhost',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '::/129',
    '10.0.0',
    '1.2.3.4/x',
    'fe80::1%lo',
  ]
  for (const text of WRONG)
    t.throws(() => parseAddressSet(text), { message: new RegExp(`^${text.split('/')[0]}`) }, text)
  t.end()
})

function exportWith(rules: Partial<ExportRule>[], id = 1, path = '/share'): Export {
  const filled = rules.map((rule) => ({ ...RULE, ...rule }))
  return new Export({ id, path, service: new FakeFiles(), rootIno: 2, policy: 'wlock', rules: filled })
}

t.test('the first rule that holds an address decides', (t) => {
  const entry = exportWith([
    { clients: parseAddressSet('10.0.0.5'), access: 'ro' },
    { clients: parseAddressSet('10.0.0.0/8'), privilegedPort: true },
  ])
  for (let round = 0; round < 2; round++) {
    t.equal(entry.match('10.0.0.5', 40000)?.access, 'ro')
    t.equal(entry.match('10.0.0.6', 1023)?.access, 'rw')
    t.equal(entry.match('10.0.0.6', 1024), undefined, 'not from an unprivileged port')
    t.equal(entry.match('10.0.0.6', 1)?.access, 'rw', 'a port does not decide for the next call')
    t.equal(entry.match('11.0.0.1', 1), undefined)
    t.equal(entry.match('', 1), undefined)
  }
  t.equal(entry.fsid, 0x0102030405060708n)
  t.end()
})

t.test('tables refuse two exports with one id or one path', (t) => {
  const table = new ExportTable([exportWith([], 1, '/a'), exportWith([], 2, '/b')])
  t.equal(table.byId(2)?.path, '/b')
  t.equal(table.byPath('/a')?.id, 1)
  t.equal(table.byPath('/c'), undefined)
  t.same(
    table.all().map((entry) => entry.id),
    [1, 2],
  )
  t.throws(() => table.replace([exportWith([], 1, '/a'), exportWith([], 1, '/b')]), { message: /id 1/ })
  t.throws(() => table.replace([exportWith([], 1, '/a'), exportWith([], 2, '/a')]), { message: /\/a is there twice/ })
  t.equal(table.byPath('/b')?.id, 2, 'a refused set changes nothing')
  t.end()
})

t.test('squashing', (t) => {
  const who = (rule: Partial<ExportRule>, uid: number, gid: number, gids: number[], flavour = 1) => {
    const out = { uid: -1, gid: -1, gids: [] as readonly number[] }
    squash({ ...RULE, ...rule }, { flavour, uid, gid, gids }, out)
    return [out.uid, out.gid, ...out.gids]
  }
  t.same(who({ squash: 'none' }, 0, 0, [0, 4]), [0, 0, 0, 4])
  t.same(who({ squash: 'root' }, 0, 0, [0, 4]), [65534, 65534])
  t.same(who({ squash: 'root' }, 0, 7, []), [65534, 7])
  t.same(who({ squash: 'root' }, 1000, 0, [0, 4, 0]), [1000, 65534, 4])
  t.same(who({ squash: 'root' }, 1000, 1000, [4]), [1000, 1000, 4])
  t.same(who({ squash: 'all' }, 1000, 1000, [4]), [65534, 65534])
  t.same(who({ squash: 'none' }, 0, 0, [0], 0), [65534, 65534], 'AUTH_NONE is nobody')
  t.end()
})
