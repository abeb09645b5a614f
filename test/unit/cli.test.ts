import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { mountLines } from '../../mover/cli/mount-lines.ts'
import { formatTable } from '../../mover/cli/table.ts'
import { readVersion } from '../../mover/cli/version.ts'
import { parseConfig } from '../../mover/config/load.ts'

const CLI = join(import.meta.dirname, '..', '..', 'mover', 'cli', 'lockkeeper.ts')

/** Runs the real command in an empty folder, or in `cwd`. */
function lockkeeper(words: readonly string[], cwd: string): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...words], { cwd, encoding: 'utf8' })
  return { status, out: stdout, err: stderr }
}

function emptyFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'lockkeeper-cli-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

t.test('wrong usage is one line on standard error and status 2', async (t) => {
  const folder = emptyFolder(t)
  writeFileSync(join(folder, 'bad.yaml'), 'stateDir: x\n\nexports:\n  - { path: /a, volume: share, polcy: wlock }\n')
  const more = '(lockkeeper --help tells more)'
  const cases: readonly [string[], string][] = [
    [[], `which command? up, mkfs, check, grow, status, clients, locks, trace ${more}`],
    [['serve'], `unknown command 'serve' ${more}`],
    [['statu'], `unknown command 'statu'; did you mean status? ${more}`],
    [['up', '--confg', 'x'], `unknown option --confg; did you mean --config? ${more}`],
    [['up', '-c', 'x'], `unknown option -c ${more}`],
    [['up', '--config'], `--config needs a value: --config FILE ${more}`],
    [['up', '--config', 'a', '--config', 'b'], `--config is given twice ${more}`],
    [['up', '--force'], `up has no option --force ${more}`],
    [['up', 'now'], `up does not take 'now' ${more}`],
    [['mkfs'], `mkfs needs VOLUME ${more}`],
    [['locks', 'brake', 'x'], `locks does not take 'brake' ${more}`],
    [['locks', 'break'], `locks needs ID ${more}`],
    [['locks', 'break', 'x', 'y'], `locks does not take 'y' ${more}`],
    [['mkfs', 'share', '--force=yes'], `--force takes no value ${more}`],
    [['mkfs', 'nothing'], "there is no volume 'nothing'; the configuration has share"],
    [
      ['grow', 'share', '--size', '8GB'],
      "--size must be a whole number of 4096-byte blocks, at most 4PiB, such as 16GiB, not '8GB'",
    ],
    [['constructor'], `unknown command 'constructor' ${more}`],
    [['status', '--config', 'none.yaml'], 'none.yaml: cannot read the configuration: ENOENT'],
    [['up', '--config', 'bad.yaml'], 'bad.yaml:4: exports[0].polcy: unknown key; did you mean policy?'],
  ]
  for (const [words, line] of cases) {
    t.strictSame(lockkeeper(words, folder), { status: 2, out: '', err: `lockkeeper: ${line}\n` }, words.join(' '))
  }
})

t.test('help and version', async (t) => {
  const folder = emptyFolder(t)
  const help = lockkeeper(['--help'], folder)
  t.equal(help.status, 0)
  t.match(help.out, /^usage: lockkeeper COMMAND/)
  for (const command of [
    'up',
    'mkfs VOLUME',
    'check VOLUME',
    'grow VOLUME',
    'status',
    'clients',
    'locks [break ID]',
    'trace FILE',
  ]) {
    t.match(help.out, new RegExp(`^  ${command.replace(/[[\]]/g, '\\$&')} `, 'm'), command)
  }
  t.match(lockkeeper(['mkfs', '--help'], folder).out, /^usage: lockkeeper mkfs VOLUME \[--force\]/)
  t.strictSame(lockkeeper(['--version'], folder), { status: 0, out: `lockkeeper ${readVersion()}\n`, err: '' })
})

t.test('status without an appliance', async (t) => {
  const folder = emptyFolder(t)
  const line = `lockkeeper: no appliance is running for the state folder ${join(folder, 'state')}\n`
  t.strictSame(lockkeeper(['status'], folder), { status: 1, out: '', err: line })
  writeFileSync(join(folder, 'lockkeeper.yaml'), 'stateDir: elsewhere\n')
  const other = line.replace(join(folder, 'state'), join(folder, 'elsewhere'))
  t.equal(lockkeeper(['status'], folder).err, other, 'lockkeeper.yaml is read when it is there')
})

t.test('mount lines', async (t) => {
  const exported = (path: string) => {
    const [entry] = parseConfig(JSON.stringify({ exports: [{ path, volume: 'share' }] }), 'f', '/').exports
    if (entry === undefined) throw new Error('no export')
    return entry
  }
  t.strictSame(mountLines(exported('/share'), { address: '127.0.0.1', nfs: 2049, portmap: 111 }), {
    command: 'mount -t nfs -o vers=3,tcp,nolock 127.0.0.1:/share /mnt',
    url: 'nfs://127.0.0.1/share?nfsport=2049&mountport=2049&version=3',
  })
  const other = mountLines(exported('/share'), { address: '10.0.0.1', nfs: 2049, portmap: 111 })
  t.equal(other.command, 'mount -t nfs -o vers=3,tcp 10.0.0.1:/share /mnt', 'locks reach the server')
  const hidden = mountLines(exported('/share'), { address: '10.0.0.1', nfs: 2049, portmap: 1111 })
  t.match(hidden.command, /,nolock/, 'clients ask at port 111 where locks are served')
  t.strictSame(mountLines(exported("/a b's"), { address: '::1', nfs: 20049, portmap: 0 }), {
    command: "mount -t nfs -o vers=3,tcp,nolock,port=20049,mountport=20049 '[::1]:/a b'\\''s' /mnt",
    url: "nfs://[::1]/a%20b's?nfsport=20049&mountport=20049&version=3",
  })
})

t.test('tables', async (t) => {
  const rows = [
    ['name', 5],
    ['n', 1234],
  ]
  t.strictSame(formatTable(rows), ['name     5', 'n     1234'])
})
