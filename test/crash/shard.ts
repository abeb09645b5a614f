import type { Test } from 'tap'
import { Coverage } from './coverage.ts'
import { playFormat } from './format-story.ts'
import { PLOTS, type PlotName } from './plots.ts'
import { Story } from './story.ts'
import { firstSeed, SHARDS, usualStories } from './usual-stories.ts'

/** Crash images of all shards together at least, and of each write site and each record type. */
const LEAST_IMAGES = Math.ceil(10_000 / SHARDS)
const LEAST_EACH = Math.ceil(50 / SHARDS)
/** Stories that a shard may add for what its own have not crashed often enough. */
const MOST_MORE = 30
/** Some machines are slow, and busy. */
const TIMEOUT_MS = 400_000

/** Which plot makes much of a record type, write site or event. */
const PLOT_FOR: Readonly<Record<string, PlotName>> = {
  reapOrphan: 'orphans',
  truncateStep: 'orphans',
  clearMarks: 'steady',
  mark: 'steady',
  link: 'names',
  rename: 'names',
  recoverMarks: 'reigns',
  'reigns without a checkpoint': 'reigns',
  'data in place': 'data',
  'data new': 'data',
  'log segments used again': 'log',
  'no space for data': 'full of data',
  'no space for names': 'full of names',
  'volume has failed': 'failures',
}

/** Events that every shard must have seen. */
const EVENTS = [
  'checkpoints',
  'log segments used again',
  'no space for data',
  'no space for names',
  'suspended operations',
  'crash while opening',
  'reigns without a checkpoint',
  'crash after opening',
  'late write of a predecessor',
  'used after recovery',
  'volume has failed',
  'checked as the crash left it',
  'opened read-only',
  'opened before writes failed',
  'mkfs cut short: opens',
  'mkfs cut short: refused',
]

/** Plays one shard's share of a run's stories, and reports what was covered. */
export function playShard(t: Test, shard: number): void {
  t.setTimeout(TIMEOUT_MS)
  const first = firstSeed()
  const coverage = new Coverage()
  const tell = (seed: number, plot: PlotName): void => {
    new Story({ seed, coverage, onlyPoint: 0, plots: [plot], trace: () => {} }).play()
  }
  t.doesNotThrow(() => {
    for (const [i, story] of usualStories(first).entries()) if (i % SHARDS === shard) tell(story.seed, story.plot)
    for (let i = 0; i < 2; i++) playFormat({ seed: first + shard * 2 + i, coverage, trace: () => {} })
    for (let more = 0; more < MOST_MORE; more++) {
      const lacking = [...coverage.lacking(LEAST_EACH), ...missingEvents(coverage)]
      if (lacking.length === 0 && coverage.images >= LEAST_IMAGES) break
      const names = Object.keys(PLOTS) as PlotName[]
      const plot = PLOT_FOR[lacking[0] ?? ''] ?? (names[more % names.length] as PlotName)
      tell(first + 1000 * (shard + 1) + more, plot)
    }
  }, 'every crash leaves what was acknowledged, and a volume without a fault')
  // Comments are not shown by `npm test`.
  for (const line of [`crash tests, part ${shard + 1} of ${SHARDS}, seed ${first}`, ...coverage.report()])
    console.error(line)
  t.ok(coverage.images >= LEAST_IMAGES, `${coverage.images} crash images in this part of ${SHARDS}`)
  t.same(coverage.lacking(LEAST_EACH), [], `each write site and record type was crashed at least ${LEAST_EACH} times`)
  t.same(missingEvents(coverage), [], 'all that should happen has happened')
}

function missingEvents(coverage: Coverage): string[] {
  return EVENTS.filter((name) => (coverage.events.get(name) ?? 0) === 0)
}
