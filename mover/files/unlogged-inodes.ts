import { type Task, wait } from '../task.ts'
import type { ExtentRun, LogRecord } from '../volume/records/schema.ts'
import { URGENT_WITH_DATA } from '../volume/volume.ts'
import { untilDone } from './context.ts'
import type { DataContext, DataVolume } from './data-volume.ts'
import type { LiveInode } from './live-inode.ts'

/** A file that has not been written to for so long is quiet. */
const QUIET_MS = 3000
/** Files looked at in one go, marks cleared by one record, and marks beyond which files need not be quiet first. */
const MARKS_AT_ONCE = 512
const MARKS_PER_RECORD = 64
const MARKS_KEPT = 4096

/** A record of extents and size, with the times and the change number that the inode has now. */
export function foldRecord(inode: LiveInode, size: number, runs: ExtentRun[], clearMark: number): LogRecord<'fold'> {
  return {
    ino: inode.ino,
    size,
    atime: { sec: inode.atimeSec, nsec: inode.atimeNsec },
    mtime: { sec: inode.mtimeSec, nsec: inode.mtimeNsec },
    ctime: { sec: inode.ctimeSec, nsec: inode.ctimeNsec },
    change: inode.change,
    clearMark,
    runs,
  }
}

/** Inodes that have a write mark, or times that the log does not have: both are settled when a file has been quiet. */
export class UnloggedInodes {
  readonly #volume: DataVolume
  readonly #context: () => DataContext
  readonly #inodes = new Set<LiveInode>()
  #stopped = false
  #settling = false

  constructor(volume: DataVolume, context: () => DataContext) {
    this.#volume = volume
    this.#context = context
  }

  note(inode: LiveInode): void {
    this.#inodes.add(inode)
    if (this.#inodes.size <= MARKS_KEPT || this.#settling) return
    this.#settling = true
    this.#volume.env.defer(() => this.#settleSome(0))
  }

  /** The inode is gone. */
  forget(inode: LiveInode): void {
    this.#inodes.delete(inode)
  }

  /** Settles some that have been quiet for a while. */
  settleQuiet(): void {
    this.#settleSome(QUIET_MS)
  }

  /** Nothing is settled by itself any more: `drain` comes. */
  stop(): void {
    this.#stopped = true
  }

  /** Settles all, quiet or not. */
  *drain(): Task<void> {
    const { env } = this.#volume
    for (const inode of [...this.#inodes]) {
      yield* wait<void>((resume) =>
        untilDone(
          this.#context(),
          () => this.#settle(inode),
          (error) => env.defer(() => resume(error)),
        ),
      )
    }
  }

  /** Logs what a quiet file's writes left and clears its mark. */
  #settle(inode: LiveInode): void {
    this.#inodes.delete(inode)
    if (inode.removed || (!inode.marked && !inode.unlogged)) return
    if (!inode.isCurrent || (inode.data !== null && !inode.data.idle)) {
      this.#inodes.add(inode)
      return
    }
    const lsn = this.#volume.submit('fold', foldRecord(inode, inode.size, [], 1), URGENT_WITH_DATA)
    if (typeof lsn === 'string') {
      this.#inodes.add(inode)
      return
    }
    inode.unlogged = false
    inode.marked = false
  }

  /** Clears the marks of files of which the log has everything, many in one record. */
  #clearMarks(inodes: readonly LiveInode[]): void {
    const settled = inodes.filter(
      (inode) => inode.marked && !inode.removed && !inode.unlogged && inode.isCurrent && inode.data?.idle !== false,
    )
    if (settled.length === 0) return
    const lsn = this.#volume.submit('clearMarks', { inos: settled.map((inode) => inode.ino) }, URGENT_WITH_DATA)
    if (typeof lsn === 'string') return
    for (const inode of settled) {
      inode.marked = false
      this.#inodes.delete(inode)
    }
  }

  /** Settles some of the files that have been quiet for `quietMs`, those marked first first. */
  #settleSome(quietMs: number): void {
    this.#settling = false
    if (this.#stopped || this.#volume.failure !== null) return
    const now = this.#volume.env.monotonicMs()
    const whole: LiveInode[] = []
    let looked = 0
    for (const inode of this.#inodes) {
      if (looked++ >= MARKS_AT_ONCE) break
      if (now - inode.lastWriteMs < quietMs) continue
      if (inode.unlogged) this.#run(() => this.#settle(inode))
      else if (inode.data?.idle !== false) whole.push(inode)
      if (inode.data?.idle === false) {
        // Comes round again behind the others.
        this.#inodes.delete(inode)
        this.#inodes.add(inode)
      }
    }
    for (let at = 0; at < whole.length; at += MARKS_PER_RECORD) {
      const part = whole.slice(at, at + MARKS_PER_RECORD)
      this.#run(() => this.#clearMarks(part))
    }
  }

  /** Runs something in the background until it need not wait any more. */
  #run(attempt: () => void): void {
    untilDone(this.#context(), attempt, (error) => {
      if (error !== null) this.#volume.fail(error)
    })
  }
}
