/** Every crash leaves what was acknowledged, and a volume without a fault. `CRASH_SEED=N` tells other stories. */
import t from 'tap'
import { Coverage } from './coverage.ts'
import { PLOTS, type PlotName } from './plots.ts'
import { firstSeed, tell, type UsualStory, usualStories } from './usual-stories.ts'

/** Crash images of a run at least, and of each write site and each record type. */
const LEAST_IMAGES = 10_000
const LEAST_EACH = 50
/** Stories that a run may add for what the usual ones have not crashed often enough, and where their seeds begin. */
const MOST_MORE = 60
const MORE_SEED = 1000
/** Some machines are slow, and busy. */
const TIMEOUT_MS = 800_000

/** Which plot makes much of a record type, write site or event. */
const PLOT_FOR: Readonly<Record<string, PlotName>> = {
  reapOrphan: 'orphans',
  truncateStep: 'orphans',
  clearMarks: 'steady',
  mark: 'steady',
  link: 'names',
  rename: 'names',
  recoverMarks: 'reigns',
  noteLocks: 'locks',
  noteAnyLocks: 'locks',
  forgetLocks: 'locks',
  setClient: 'locks',
  dropClient: 'locks',
  'reigns without a checkpoint': 'reigns',
  'data in place': 'data',
  'data new': 'data',
  'log segments used again': 'log',
  'no space for data': 'full of data',
  'no space for names': 'full of names',
  'volume has failed': 'failures',
}

/** How often the events of a run must have been seen at least. */
const EVENTS: Readonly<Record<string, number>> = {
  checkpoints: 50,
  'log segments used again': 4,
  'no space for data': 4,
  'no space for names': 4,
  'suspended operations': 50,
  'crash while opening': 50,
  'reigns without a checkpoint': 4,
  'crash after opening': 50,
  'late write of a predecessor': 50,
  'used after recovery': 50,
  'volume has failed': 4,
  'checked as the crash left it': 50,
  'opened read-only': 50,
  'opened before writes failed': 4,
  'mkfs cut short: opens': 4,
  'mkfs cut short: refused': 4,
}

t.setTimeout(TIMEOUT_MS)

t.test('every crash leaves what was acknowledged, and a volume without a fault', async (t) => {
  const coverage = new Coverage()
  const mistakes: string[] = []

  /** Tells a story, unless one has gone wrong. */
  const have = (story: UsualStory): void => {
    if (mistakes.length > 0) return
    const mistake = tell(story, coverage)
    if (mistake !== null) mistakes.push(mistake)
  }

  const lacking = (): string[] => {
    const seldom = Object.entries(EVENTS).filter(([name, least]) => (coverage.events.get(name) ?? 0) < least)
    return [...coverage.lacking(LEAST_EACH), ...seldom.map(([name]) => name)]
  }

  const first = firstSeed()
  usualStories(first).forEach(have)
  const names = Object.keys(PLOTS) as PlotName[]
  for (let more = 0; more < MOST_MORE && (lacking().length > 0 || coverage.images < LEAST_IMAGES); more++)
    have({ seed: first + MORE_SEED + more, plot: PLOT_FOR[lacking()[0]] ?? names[more % names.length] })

  // Comments are not shown by `npm test`.
  for (const line of [`crash tests, seed ${first}`, ...coverage.report()]) console.error(line)
  t.same(mistakes, [])
  t.ok(coverage.images >= LEAST_IMAGES, `${coverage.images} crash images`)
  t.same(
    lacking(),
    [],
    `each record type and write site was crashed ${LEAST_EACH} times at least, and all has happened`,
  )
})
