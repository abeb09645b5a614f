import { Coverage } from './coverage.ts'
import type { PlotName } from './plots.ts'
import { tell, usualSeeds } from './usual-stories.ts'

/** Plays those of the usual stories that have this plot, up to the first that finds something wrong: what, or null. */
export function play(plot: PlotName): string | null {
  const coverage = new Coverage()
  for (const seed of usualSeeds(plot)) {
    const mistake = tell({ seed, plot }, coverage)
    if (mistake !== null) return mistake
  }
  return null
}
