import { Coverage } from './coverage.ts'
import type { Play } from './mutant-runs.ts'
import type { PlotName } from './plots.ts'
import { tell, usualSeeds } from './usual-stories.ts'

/** Those of the usual stories that have a plot. */
export const play: Play<PlotName> = (plot, first, isOnly) => {
  const coverage = new Coverage()
  const seeds = usualSeeds(plot)
  if (first !== null) seeds.sort((a, b) => Number(b === first) - Number(a === first))
  for (const seed of isOnly ? seeds.slice(0, 1) : seeds) {
    const mistake = tell({ seed, plot }, coverage)
    if (mistake !== null) return mistake
  }
  return null
}
