/** Operations of simulated clients, as NFS procedures carry them out. */

import type { Failure } from '../../mover/failure.ts'
import type {
  Credentials,
  FileService,
  Operation,
  ReadResult,
  Stability,
  WriteResult,
} from '../../mover/files/service.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import type { Named } from './content-names.ts'
import { valuesOf } from './sectors.ts'

const STRANGER: Credentials = { uid: 1001, gid: 1001, gids: [] }

/** An object, as a file handle names it. */
export interface Id {
  readonly ino: number
  readonly generation: number
}

/** May run several times, as long as it throws Suspend. */
export type Attempt<T> = (service: FileService, op: Operation) => T | Failure

/** READ: what sectors say. */
export function reading(file: Id, offset: number, end: number): Attempt<{ values: number[]; eof: boolean }> {
  return (service, op) => {
    const result: ReadResult = { segments: [], segmentCount: 0, count: 0, eof: false, release: () => {} }
    op.intent = 'read'
    op.rangeStart = offset
    op.rangeEnd = end
    const inode = service.inode(op, file.ino, file.generation)
    if (typeof inode === 'string') return inode
    const failure = service.read(op, inode, offset, end - offset, result)
    if (failure !== null) return failure
    const bytes = Buffer.concat(result.segments.slice(0, result.segmentCount))
    result.release()
    return { values: valuesOf(bytes), eof: result.eof }
  }
}

/** WRITE. */
export function writing(
  file: Id,
  offset: number,
  bytes: Uint8Array,
  stability: Stability,
): Attempt<{ committed: Stability; verifier: string }> {
  return (service, op) => {
    const result: WriteResult = { count: 0, committed: 'unstable' }
    op.intent = 'write'
    op.rangeStart = offset
    op.rangeEnd = offset + bytes.length
    const inode = service.inode(op, file.ino, file.generation)
    if (typeof inode === 'string') return inode
    const failure = service.write(op, inode, offset, bytes, stability, result)
    return failure ?? { committed: result.committed, verifier: verifierOf(service) }
  }
}

/** COMMIT. */
export function committing(file: Id): Attempt<{ verifier: string }> {
  return (service, op) => {
    op.intent = 'attributes'
    const inode = service.inode(op, file.ino, file.generation)
    if (typeof inode === 'string') return inode
    return service.commit(op, inode, 0, 0) ?? { verifier: verifierOf(service) }
  }
}

/** SETATTR of a size. */
export function truncating(file: Id, size: number): Attempt<true> {
  return (service, op) => {
    op.intent = 'change'
    const inode = service.inode(op, file.ino, file.generation)
    if (typeof inode === 'string') return inode
    return service.setattr(op, inode, { size }, null) ?? true
  }
}

/** GETATTR. */
export function looking(file: Id): Attempt<Named & { mode: number }> {
  return (service, op) => {
    op.intent = 'attributes'
    const inode = service.inode(op, file.ino, file.generation)
    if (typeof inode === 'string') return inode
    service.getattr(op, inode)
    return namedBy(inode)
  }
}

/** The superuser gives the file setuid and setgid; everybody may write to it. */
export function privileging(file: Id): Attempt<true> {
  return (service, op) => {
    op.intent = 'change'
    const inode = service.inode(op, file.ino, file.generation)
    if (typeof inode === 'string') return inode
    return service.setattr(op, inode, { mode: 0o6777 }, null) ?? true
  }
}

/** A WRITE of somebody who is neither the superuser nor the file's owner. */
export function straying(file: Id, bytes: Uint8Array): ReturnType<typeof writing> {
  const write = writing(file, 0, bytes, 'fileSync')
  return (service, op) => {
    op.credentials = STRANGER
    return write(service, op)
  }
}

function namedBy({ mode, change, ctimeSec, ctimeNsec, size }: Inode): Named & { mode: number } {
  return { mode, change, ctime: BigInt(ctimeSec) * 1_000_000_000n + BigInt(ctimeNsec), size }
}

function verifierOf({ writeVerifier }: FileService): string {
  return Buffer.from(writeVerifier).toString('hex')
}
