import type { Run } from '../layout.ts'
import { chunkOverhead } from '../layout.ts'
import { blockRange, type Findings } from './findings.ts'
import type { SpaceMap } from './space-map.ts'
import type { Suspects } from './suspects.ts'

/** Owners remembered at most. */
const MOST = 10_000

interface Owner extends Run {
  who: string
}

/** Finds out who owns the blocks that more than one owner has, or that their bitmaps say are free. */
export class Owners {
  readonly #space: SpaceMap
  readonly #findings: Findings
  readonly #unmarked: readonly Run[]
  /** The blocks in question: apart, ascending. */
  readonly #wanted: Run[]
  readonly #owners: Owner[] = []

  constructor(suspects: Suspects, space: SpaceMap, findings: Findings) {
    this.#space = space
    this.#findings = findings
    this.#unmarked = suspects.unmarked
    this.#wanted = merged([...suspects.shared, ...suspects.unmarked])
    const { chunkBlocks } = space.geometry
    for (const run of this.#wanted) {
      for (let chunk = space.chunkOf(run.start); chunk <= space.chunkOf(run.start + run.length - 1); chunk++) {
        this.add(chunk * chunkBlocks, chunkOverhead(space.geometry, chunk), `the tables of chunk ${chunk}`)
      }
    }
  }

  /** Something owns these blocks: remembered when they are in question. */
  add(start: number, length: number, who: string): void {
    if (this.#owners.length < MOST && this.#isWanted(start, length)) this.#owners.push({ start, length, who })
  }

  /** Tells what is wrong; call when all owners are known. */
  explain(): void {
    const owners = this.#owners.sort((a, b) => a.start - b.start)
    let last: Owner | null = null
    for (const owner of owners) {
      if (last !== null && owner.start < last.start + last.length) {
        const end = Math.min(last.start + last.length, owner.start + owner.length)
        const range = blockRange(owner.start, end - owner.start, 'belongs', 'belong')
        if (last.who !== owner.who) this.#findings.problem(`${range} both to ${last.who} and to ${owner.who}`)
      }
      if (last === null || owner.start + owner.length > last.start + last.length) last = owner
    }
    for (const run of this.#unmarked) this.#explainUnmarked(run)
  }

  #explainUnmarked({ start, length }: Run): void {
    const chunk = this.#space.chunkOf(start)
    for (const owner of this.#owners) {
      const from = Math.max(start, owner.start)
      const end = Math.min(start + length, owner.start + owner.length)
      if (from >= end) continue
      const range = blockRange(from, end - from)
      const verbs = end - from === 1 ? ['belongs', 'is'] : ['belong', 'are']
      this.#findings.problem(`${range} of chunk ${chunk} ${verbs[0]} to ${owner.who}, and ${verbs[1]} marked as free`)
    }
  }

  #isWanted(start: number, length: number): boolean {
    let low = 0
    let high = this.#wanted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const run = this.#wanted[middle]
      if (run.start + run.length <= start) low = middle + 1
      else high = middle
    }
    return low < this.#wanted.length && this.#wanted[low].start < start + length
  }
}

/** The same blocks as runs that do not touch, ascending. */
function merged(runs: Run[]): Run[] {
  const result: Run[] = []
  for (const { start, length } of runs.sort((a, b) => a.start - b.start)) {
    const last = result.at(-1)
    if (last !== undefined && start <= last.start + last.length) {
      last.length = Math.max(last.length, start + length - last.start)
    } else result.push({ start, length })
  }
  return result
}
