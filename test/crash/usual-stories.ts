import { PLOTS, type PlotName } from './plots.ts'

/** Test files that share the stories of a run. */
export const SHARDS = 4
/** Stories of each plot. */
export const ROUNDS = 3
const PLOT_NAMES = Object.keys(PLOTS) as PlotName[]
const DEFAULT_SEED = 1

export interface UsualStory {
  readonly seed: number
  readonly plot: PlotName
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
  return Array.from({ length: ROUNDS * PLOT_NAMES.length }, (_, i) => ({
    seed: first + i,
    plot: PLOT_NAMES[i % PLOT_NAMES.length] as PlotName,
  }))
}

/** The seeds of one plot's stories in the usual run without CRASH_SEED. */
export function usualSeeds(plot: PlotName): { readonly seed: number; readonly step: number } {
  return { seed: DEFAULT_SEED + PLOT_NAMES.indexOf(plot), step: PLOT_NAMES.length }
}
