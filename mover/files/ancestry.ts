import { Suspend } from '../suspend.ts'
import { KIND, keyA, keyIno, keyKind, setKey } from '../volume/keys.ts'
import { Key } from '../volume/tree/key.ts'
import type { Volume } from '../volume/volume.ts'

/** Levels climbed in a call itself: many calls may come at once, and hardly any tree is deeper. */
const LEVELS_PER_CALL = 64
/** Levels climbed in one go for calls that wait: a fraction of a millisecond. */
const LEVELS_PER_STEP = 500
/** Calls that wait for one climb and are run again in one go. */
const RESUMED_PER_STEP = 64

/** The way up from a directory. */
interface Climb {
  readonly dir: number
  /** The directory and those above it, as far as the climb has come. */
  readonly passed: Set<number>
  /** The last of them. */
  at: number
  /** `at` is the root. */
  isWhole: boolean
  /** Why it could not be gone to its end. */
  error: Error | null
  readonly waiters: (() => void)[]
}

/**
 * Which directory lies in which. A directory's record names its parent alone, so that the answer takes a step a level;
 * a client can make trees so deep that all of these in one call would keep everybody waiting. A long way is climbed in
 * pieces, one way at a time in the order of asking, while the call is suspended; the last one is remembered.
 */
export class Ancestry {
  readonly #volume: Volume
  readonly #key = new Key()
  /** By directory; the first one is being climbed. */
  readonly #climbs = new Map<number, Climb>()
  #last: Climb | null = null

  constructor(volume: Volume) {
    this.#volume = volume
  }

  /** Number of the directory that holds directory `dir`; the root holds itself. */
  parentOf(dir: number): number {
    const { cursor } = this.#volume
    if (!cursor.seek(setKey(this.#key, dir, KIND.parent, 0, 0, 0))) return dir
    const { words } = cursor.key
    return keyIno(words, 0) === dir && keyKind(words, 0) === KIND.parent ? keyA(words, 0) : dir
  }

  /** True when directory `dir` is `ino` or lies below it, now. Throws Suspend when the way up is long. */
  isInside(dir: number, ino: number): boolean {
    const last = this.#last
    if (last !== null && last.dir === dir) {
      if (last.error !== null) throw last.error
      return last.passed.has(ino)
    }
    let at = dir
    for (let level = 0; level < LEVELS_PER_CALL; level++) {
      if (at === ino) return true
      const parent = this.parentOf(at)
      if (parent === at) return false
      at = parent
    }
    throw new Suspend((resume) => this.#await(dir, resume))
  }

  /** Directory `ino` has got another parent: ways that lead through it are others now. */
  moved(ino: number): void {
    if (this.#last?.passed.has(ino)) this.#last = null
    // The others have not begun.
    const climb = this.#current()
    if (climb?.passed.has(ino)) restart(climb)
  }

  #current(): Climb | undefined {
    return this.#climbs.values().next().value
  }

  #await(dir: number, resume: () => void): void {
    const known = this.#climbs.get(dir)
    if (known !== undefined) {
      known.waiters.push(resume)
      return
    }
    const climb = { dir, passed: new Set<number>(), at: dir, isWhole: false, error: null, waiters: [resume] }
    restart(climb)
    this.#climbs.set(dir, climb)
    if (this.#climbs.size === 1) this.#volume.env.defer(() => this.#step())
  }

  #step(): void {
    const climb = this.#current()
    if (climb === undefined) return
    const next = (): void => this.#volume.env.defer(() => this.#step())
    const missing = isOver(climb) ? null : this.#climb(climb)
    if (isOver(climb)) this.#tell(climb)
    if (missing === null) next()
    else missing.wait(next)
  }

  /** Goes some levels up; returns what must be waited for to go on. */
  #climb(climb: Climb): Suspend | null {
    const volume = this.#volume
    try {
      volume.begin()
      for (let level = 0; level < LEVELS_PER_STEP && !climb.isWhole; level++) {
        const parent = this.parentOf(climb.at)
        if (parent === climb.at) climb.isWhole = true
        else if (climb.passed.has(parent)) throw new Error(`directory inode ${parent} lies in itself`)
        else climb.passed.add(parent)
        climb.at = parent
      }
    } catch (error) {
      if (error instanceof Suspend) return error
      climb.error = error as Error
    }
    return null
  }

  /** The way is known: some of those who wait for it look again. When none is left it is the next one's turn. */
  #tell(climb: Climb): void {
    this.#last = climb
    for (const resume of climb.waiters.splice(0, RESUMED_PER_STEP)) resume()
    if (climb.waiters.length > 0) return
    this.#climbs.delete(climb.dir)
    // Whoever asks later tries again.
    if (climb.error !== null) this.#last = null
  }
}

function isOver(climb: Climb): boolean {
  return climb.isWhole || climb.error !== null
}

function restart(climb: Climb): void {
  climb.passed.clear()
  climb.passed.add(climb.dir)
  climb.at = climb.dir
  climb.isWhole = false
}
