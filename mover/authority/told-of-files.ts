import {
  create_how,
  type moment,
  type operation,
  operation_kind,
  type written,
} from '../../protocol/moverlock/moverlock.gen.ts'

const NEVER = { sec: 0, nsec: 0 }
/** What somebody who only reads has made of a file, besides its access time. */
export const NOTHING_WRITTEN: written = { sequence: 0, size: 0, atime: NEVER, mtime: NEVER, ctime: NEVER, changes: 0 }

/** True for what ends the making of a file: its client writes to it next. Exclusively made, it is given its attributes first. */
export function makes(what: operation): boolean {
  if (what.kind === operation_kind.CREATE) return what.create.how !== create_how.EXCLUSIVE
  return what.kind === operation_kind.SETATTR
}

export function isTime({ nsec }: moment): boolean {
  return nsec < 1e9
}
