/** 2026-01-01T00:00:00Z: no mover was started earlier. */
const FIRST_MS = 1_767_225_600_000
const MOST = 2 ** 31 - 1

/**
 * The state of a mover that was started at `wallMs` (C702 §11.2): odd, and greater than that of a start at least a second
 * before. Clients compare it with what they were told last, for nothing but being the same: so it may be the clock's.
 */
export function stateAt(wallMs: number): number {
  const seconds = Math.max(0, Math.floor((wallMs - FIRST_MS) / 1000))
  return Math.min(2 * seconds + 1, MOST)
}
