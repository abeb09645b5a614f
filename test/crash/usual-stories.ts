import type { Coverage } from './coverage.ts'
import { playFormat } from './format-story.ts'
import { PLOTS, type PlotName } from './plots.ts'
import { Story } from './story.ts'

/** Stories of each plot. */
const ROUNDS = 3
/** Times that mkfs is crashed. */
const FORMATS = 3
const PLOT_NAMES = (Object.keys(PLOTS) as PlotName[]).filter((name) => name !== 'locks')
/** Stories of what is remembered of clients and their locks. */
const LOCKS = 2
const DEFAULT_SEED = 1

/** A story of a run: of a volume, or of how one is made. */
export interface UsualStory {
  readonly seed: number
  readonly plot: PlotName | 'mkfs'
}

/** The first seed of a run: CRASH_SEED, or always the same. */
export function firstSeed(): number {
  const seed = Number(process.env['CRASH_SEED'] ?? DEFAULT_SEED)
  if (!Number.isSafeInteger(seed) || seed < 0 || seed > 2 ** 31)
    throw new RangeError(`CRASH_SEED is ${process.env['CRASH_SEED']}`)
  return seed
}

/** The stories of a run that begins with `first`: each plot in turn, each story with a seed of its own. */
export function usualStories(first: number): UsualStory[] {
  const plots = Array.from({ length: ROUNDS }, () => PLOT_NAMES).flat()
  const formats = Array.from({ length: FORMATS }, (_, i) => ({ seed: first + i, plot: 'mkfs' as const }))
  const locks = Array.from({ length: LOCKS }, (_, i) => ({ seed: first + plots.length + i, plot: 'locks' as const }))
  return [...plots.map((plot, i) => ({ seed: first + i, plot })), ...locks, ...formats]
}

/** The seeds of one plot's stories in the usual run without CRASH_SEED. */
export function usualSeeds(plot: PlotName): number[] {
  return usualStories(DEFAULT_SEED).flatMap((story) => (story.plot === plot ? [story.seed] : []))
}

/** Plays a story, up to the first thing that is wrong: what, or null. */
export function tell({ seed, plot }: UsualStory, coverage: Coverage): string | null {
  const trace = (): void => {}
  try {
    if (plot === 'mkfs') playFormat({ seed, coverage, trace })
    else new Story({ seed, coverage, onlyPoint: 0, plots: [plot], trace }).play()
    return null
  } catch (error) {
    return String(error instanceof Error ? error.stack : error)
  }
}
