import { overlap, type Span } from '../locks/token.ts'
import type { ExtentRun } from '../volume/records/schema.ts'
import type { Unanswered } from './drain.ts'

const NOWHERE = Number.POSITIVE_INFINITY

interface Commit {
  readonly lsn: number
  readonly runs: readonly ExtentRun[]
  /** First of the blocks that only who has lengthened the file may have; all, where there are no runs to go by. */
  readonly from: number
}

/** Commits of a secondary that have not been answered, by file. The next primary takes them from who holds their blocks. */
export class UnansweredCommits {
  readonly #byFile = new Map<number, Commit[]>()

  /** `growsFrom`: the block of the end that the file had; null: the commit does not lengthen it. */
  sent(ino: number, lsn: number, runs: readonly ExtentRun[], growsFrom: number | null): void {
    const from = growsFrom ?? (runs.length === 0 ? 0 : NOWHERE)
    const commits = this.#byFile.get(ino)
    if (commits === undefined) this.#byFile.set(ino, [{ lsn, runs, from }])
    else commits.push({ lsn, runs, from })
  }

  answered(ino: number, lsn: number): void {
    const left = (this.#byFile.get(ino) ?? []).filter((commit) => commit.lsn !== lsn)
    if (left.length > 0) this.#byFile.set(ino, left)
    else this.#byFile.delete(ino)
  }

  /** What of the span commits have that are not answered. */
  of(ino: number, span: Span): Unanswered {
    const blocks: number[] = []
    let from = NOWHERE
    for (const commit of this.#byFile.get(ino) ?? []) {
      from = Math.min(from, commit.from)
      for (const { fileBlock, length } of commit.runs) {
        const end = Math.min(span.end, fileBlock + length)
        for (let block = Math.max(span.start, fileBlock); block < end; block++) blocks.push(block)
      }
    }
    return { blocks, from }
  }

  /** Number of the last commit that has some of the span; 0: there is none. */
  lastOf(ino: number, span: Span): number {
    const has = ({ runs, from }: Commit): boolean => {
      if (from < span.end) return true
      return runs.some(({ fileBlock, length }) => overlap(span, { start: fileBlock, end: fileBlock + length }))
    }
    return this.#byFile.get(ino)?.findLast(has)?.lsn ?? 0
  }
}
