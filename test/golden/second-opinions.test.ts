import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from '../../protocol/xdr/compiler/parser.ts'

/** What the table calls the programs, and what their procedures' names begin with. */
const PROGRAMS: readonly [specification: string, name: string, prefix: RegExp][] = [
  ['nlm4/nlm.x', 'NLM', /^NLM(PROC4)?_/],
  ['nsm/nsm.x', 'NSM', /^SM_/],
  ['portmap/portmap.x', 'portmap', /^PMAPPROC_/],
  ['rpcbind/rpcbind.x', 'rpcbind', /^RPCBPROC_/],
  ['mount/mount.x', 'MOUNT', /^MOUNTPROC3?_/],
  ['nfs3/nfs3.x', 'NFS', /^NFSPROC3_/],
]
/** Versions that have the procedures of another one, too, where their own have not taken the numbers. */
const ALSO: Readonly<Record<string, string>> = { NLM_VERSX: 'NLM_VERS', RPCBVERS4: 'RPCBVERS' }

/** `NLM 3 LOCK` and so on: each procedure of each version, in the order of the numbers. */
function specified(): string[] {
  return PROGRAMS.flatMap(([specification, name, prefix]) => {
    const { definitions } = parse(readFileSync(new URL(`../../protocol/${specification}`, import.meta.url), 'utf8'))
    const versions = definitions.flatMap((one) => (one.kind === 'program' ? one.versions : []))
    return versions.flatMap((version) => {
      const inherited = versions.find((one) => one.name === ALSO[version.name])?.procedures ?? []
      const procedures = new Map([...inherited, ...version.procedures].map((one) => [Number(one.number), one.name]))
      const inOrder = [...procedures].sort(([one], [other]) => one - other)
      return inOrder.map(([, procedure]) => `${name} ${version.number} ${procedure.replace(prefix, '')}`)
    })
  })
}

const TEXT = readFileSync(new URL('./SECOND-OPINIONS.md', import.meta.url), 'utf8')
const ROWS = TEXT.split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(1)
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )

t.test('the table of second opinions names each procedure of each version, and no other', (t) => {
  const named = ROWS.map(([program, procedure]) => `${program} ${procedure}`)
  t.same(named, specified())
  t.end()
})

t.test('each says who has seen its bytes, and who calls our server over TCP and UDP', (t) => {
  for (const row of ROWS) {
    t.equal(row.length, 5, row.join(' '))
    t.ok(
      row.every((cell) => cell !== '' && !/our own|nobody/.test(cell)),
      row.join(' '),
    )
    t.equal(row[4] === 'not served', row[0].startsWith('NFS '), 'NFS alone is not served over UDP')
  }
  t.end()
})
