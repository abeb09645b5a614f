import { type Resume, start, type Task, wait } from '../task.ts'

export interface ElectionOptions {
  /** Names, in the order of the configuration. */
  volumes: readonly string[]
  movers: readonly string[]
  /** Movers that serve now, in that order. */
  serving: () => readonly string[]
  /** True while something of a process of the mover is there: it may still write. */
  lives: (mover: string) => boolean
  /** Writes down the next term of each of these volumes, durably. */
  raise: (volumes: readonly string[], resume: Resume<void>) => void
  /** These volumes have the primaries that stand here from now on, in terms that are durable. */
  elected: (volumes: readonly string[]) => void
}

/**
 * Who is primary of which volume: at first the movers in their turn, as the configuration has them. When nothing is left of
 * a primary, one that serves takes its volumes over, each in its next term.
 */
export class Elections {
  readonly #o: ElectionOptions
  readonly #primaries: Map<string, string>
  /** Elections that wait for others to end. */
  readonly #waiting: (() => void)[] = []
  #isElecting = false

  constructor(options: ElectionOptions) {
    const { volumes, movers } = options
    this.#o = options
    this.#primaries = new Map(volumes.map((volume, at) => [volume, movers[at % movers.length]]))
  }

  /** Each volume with its primary: the last one, while there is none. */
  get primaries(): ReadonlyMap<string, string> {
    return this.#primaries
  }

  /**
   * Volumes whose primary is gone get another one: of the movers that serve that which is primary of the fewest. While none
   * serves it is the mover that they had, if it is one of `starting`, which are about to have a process. `done` is told when
   * all this has happened; with an Error, nothing has.
   */
  elect(starting: readonly string[], done: (error: Error | null) => void): void {
    this.#waiting.push(() => {
      start(this.#elect(starting), (error) => {
        this.#isElecting = false
        done(error)
        this.#next()
      })
    })
    this.#next()
  }

  /** One after the other: what is being given a primary must not be given another one. */
  #next(): void {
    if (this.#isElecting) return
    const elect = this.#waiting.shift()
    if (elect === undefined) return
    this.#isElecting = true
    elect()
  }

  *#elect(starting: readonly string[]): Task<void> {
    const { lives, raise, elected } = this.#o
    const vacant = [...this.#primaries]
      .filter(([volume, primary]) => !lives(primary) && this.#choose(volume, starting) !== null)
      .map(([volume]) => volume)
    if (vacant.length === 0) return
    yield* wait<void>((resume) => raise(vacant, resume))
    // Only now: who was to be elected may have died meanwhile.
    const filled = vacant.filter((volume) => {
      const mover = this.#choose(volume, starting)
      if (mover !== null) this.#primaries.set(volume, mover)
      return mover !== null
    })
    if (filled.length > 0) elected(filled)
  }

  #choose(volume: string, starting: readonly string[]): string | null {
    const reigns = (mover: string): number => [...this.#primaries.values()].filter((one) => one === mover).length
    const last = this.#primaries.get(volume) as string
    const [first, ...others] = this.#o.serving()
    if (first === undefined) return starting.includes(last) ? last : null
    return others.reduce((best, mover) => (reigns(mover) < reigns(best) ? mover : best), first)
  }
}
