/**
 * Crash runs from the command line:
 *
 *   node test/crash/run.ts --plots A,B --seed N [--count C] [--step S]   stories with the seeds N, N+S, …
 *   node test/crash/run.ts --plots A --seed N --point K                  that story, crashed at point K, with its trace
 *
 * Exits with 3 when a story has found something wrong.
 */
import { parseArgs } from 'node:util'
import { Coverage } from './coverage.ts'
import { PLOTS, type PlotName } from './plots.ts'
import { Story } from './story.ts'

const FOUND_SOMETHING = 3

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1' },
    step: { type: 'string', default: '1' },
    point: { type: 'string', default: '0' },
    plots: { type: 'string', default: Object.keys(PLOTS).join(',') },
    trace: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const onlyPoint = Number(values.point)
const plots = values.plots.split(',') as PlotName[]
for (const plot of plots) if (!(plot in PLOTS)) throw new Error(`unknown plot '${plot}'`)
const coverage = new Coverage()
const trace = values.trace || onlyPoint > 0 ? (text: string) => console.log(text) : () => {}
const beganMs = performance.now()
for (let number = 0; number < Number(values.count); number++) {
  const s = seed + number * Number(values.step)
  try {
    new Story({ seed: s, coverage, onlyPoint, plots, trace }).play()
  } catch (error) {
    console.log(error instanceof Error ? error.stack : error)
    process.exitCode = FOUND_SOMETHING
    break
  }
}
for (const line of coverage.report()) console.log(line)
console.log(`${Math.round(performance.now() - beganMs)} ms`)
