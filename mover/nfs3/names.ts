import type { Failure } from '../failure.ts'

/** PATHCONF's name_max. */
export const NAME_MAX_BYTES = 255

const SLASH = 0x2f
const DOT = 0x2e

/**
 * RFC 1813 §3.2: ACCES for a name that is empty or has a character that no name may have (a slash, a zero), NAMETOOLONG
 * above name_max. Null: it may be looked up.
 */
export function checkName(name: Uint8Array): Failure | null {
  if (name.length === 0) return 'ACCES'
  if (name.length > NAME_MAX_BYTES) return 'NAMETOOLONG'
  for (let i = 0; i < name.length; i++) if (name[i] === SLASH || name[i] === 0) return 'ACCES'
  return null
}

export function isDot(name: Uint8Array): boolean {
  return name.length === 1 && name[0] === DOT
}

export function isDotDot(name: Uint8Array): boolean {
  return name.length === 2 && name[0] === DOT && name[1] === DOT
}

/** As `checkName`, of a name that is to be made: `.` and `..` exist already (RFC 1813 §3.3.9). */
export function checkNewName(name: Uint8Array): Failure | null {
  return isDot(name) || isDotDot(name) ? 'EXIST' : checkName(name)
}
