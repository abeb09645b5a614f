import { QUIET_MS } from '../authority/quiet.ts'

/** So many revocations of a directory's token, each soon after the last, make it busy. */
const MANY_REVOCATIONS = 3
/** Directories that are remembered: the last ones. */
const MOST_DIRECTORIES = 4096

interface Revoked {
  /** Revocations of late. */
  count: number
  lastMs: number
  /** As the primary has shown it last; -1: it has not since the last revocation. */
  change: number
  changedMs: number
}

/**
 * Directories that are changed again and again. A token on one of them would be asked back before it has been of any use, and
 * keep those waiting who change it: the primary is asked instead, until it has shown the same for `QUIET_MS`. Times are
 * monotonic milliseconds.
 */
export class BusyDirectories {
  readonly #directories = new Map<number, Revoked>()

  /** True when no token should be asked for. */
  has(dir: number): boolean {
    const revoked = this.#directories.get(dir)
    return revoked !== undefined && revoked.count >= MANY_REVOCATIONS
  }

  /** Its token has been asked back. */
  revoked(dir: number, nowMs: number): void {
    const before = this.#directories.get(dir)
    const isSoon = before !== undefined && nowMs - before.lastMs < QUIET_MS
    // The newest last.
    this.#directories.delete(dir)
    this.#directories.set(dir, { count: isSoon ? before.count + 1 : 1, lastMs: nowMs, change: -1, changedMs: nowMs })
    if (this.#directories.size > MOST_DIRECTORIES)
      this.#directories.delete(this.#directories.keys().next().value as number)
  }

  /** The primary has shown its change number. */
  shown(dir: number, change: number, nowMs: number): void {
    const revoked = this.#directories.get(dir)
    if (revoked === undefined) return
    if (revoked.change !== change) {
      revoked.change = change
      revoked.changedMs = nowMs
    } else if (nowMs - revoked.changedMs >= QUIET_MS) this.#directories.delete(dir)
  }
}
