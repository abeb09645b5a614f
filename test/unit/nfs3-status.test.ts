import t from 'tap'
import type { Failure } from '../../mover/failure.ts'
import { LISTED_ERRORS, NFS3_STATUS, type Nfs3Procedure, statusTable } from '../../mover/nfs3/status.ts'
import { nfsstat3 } from '../../protocol/nfs3/nfs3.gen.ts'
import { TestServer } from './nfs3-client.ts'

const FAILURES = Object.keys(NFS3_STATUS) as Failure[]
const PROCEDURES = Object.keys(LISTED_ERRORS) as Nfs3Procedure[]
const ALWAYS: Failure[] = ['IO', 'STALE', 'BADHANDLE', 'SERVERFAULT', 'DELAY']

t.test('each failure has a status of its own', (t) => {
  t.equal(new Set(Object.values(NFS3_STATUS)).size, FAILURES.length)
  t.equal(PROCEDURES.length, 21)
  t.end()
})

t.test('a procedure answers what it lists, and nothing else', (t) => {
  for (const procedure of PROCEDURES) {
    const listed: readonly Failure[] = [...ALWAYS, ...LISTED_ERRORS[procedure]]
    const table = statusTable(procedure)
    const answered = new Set(FAILURES.map((failure) => table[failure]))
    t.same([...answered].sort(), listed.map((failure) => NFS3_STATUS[failure]).sort(), procedure)
    for (const failure of listed) t.equal(table[failure], NFS3_STATUS[failure], `${procedure} ${failure}`)
  }
  t.end()
})

t.test('what is answered instead', (t) => {
  const CASES: readonly [Nfs3Procedure, Failure, keyof typeof nfsstat3][] = [
    ['NFSPROC3_GETATTR', 'ACCES', 'NFS3ERR_STALE'],
    ['NFSPROC3_GETATTR', 'NOENT', 'NFS3ERR_STALE'],
    ['NFSPROC3_GETATTR', 'DELAY', 'NFS3ERR_JUKEBOX'],
    ['NFSPROC3_SETATTR', 'FBIG', 'NFS3ERR_INVAL'],
    ['NFSPROC3_SETATTR', 'ISDIR', 'NFS3ERR_INVAL'],
    ['NFSPROC3_LOOKUP', 'INVAL', 'NFS3ERR_ACCES'],
    ['NFSPROC3_READ', 'ISDIR', 'NFS3ERR_INVAL'],
    ['NFSPROC3_READ', 'PERM', 'NFS3ERR_ACCES'],
    ['NFSPROC3_WRITE', 'ISDIR', 'NFS3ERR_INVAL'],
    ['NFSPROC3_CREATE', 'ISDIR', 'NFS3ERR_EXIST'],
    ['NFSPROC3_CREATE', 'INVAL', 'NFS3ERR_ACCES'],
    ['NFSPROC3_CREATE', 'FBIG', 'NFS3ERR_NOSPC'],
    ['NFSPROC3_CREATE', 'NOENT', 'NFS3ERR_STALE'],
    ['NFSPROC3_MKDIR', 'MLINK', 'NFS3ERR_NOSPC'],
    ['NFSPROC3_REMOVE', 'ISDIR', 'NFS3ERR_ACCES'],
    ['NFSPROC3_REMOVE', 'PERM', 'NFS3ERR_ACCES'],
    ['NFSPROC3_REMOVE', 'NOSPC', 'NFS3ERR_IO'],
    ['NFSPROC3_LINK', 'ISDIR', 'NFS3ERR_INVAL'],
    ['NFSPROC3_MKNOD', 'BADTYPE', 'NFS3ERR_BADTYPE'],
    ['NFSPROC3_COMMIT', 'NOSPC', 'NFS3ERR_IO'],
    ['NFSPROC3_COMMIT', 'INVAL', 'NFS3ERR_SERVERFAULT'],
    ['NFSPROC3_READDIR', 'INVAL', 'NFS3ERR_ACCES'],
  ]
  for (const [procedure, failure, said] of CASES) {
    t.equal(statusTable(procedure)[failure], nfsstat3[said], `${procedure} ${failure}: ${said}`)
  }
  t.end()
})

t.test('every procedure can tell of every failure after its handler has run', (t) => {
  const server = new TestServer()
  for (const name of PROCEDURES) {
    const { fail, isError } = server.procedure(name)
    for (const failure of FAILURES) {
      const result = fail?.(failure) as { status: nfsstat3 }
      t.equal(
        (server.decode(name, result) as { status: nfsstat3 }).status,
        statusTable(name)[failure],
        `${name} ${failure}`,
      )
      t.equal(isError?.(result), true)
    }
  }
  t.end()
})
