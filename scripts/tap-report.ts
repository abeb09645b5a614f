/** The plan and the points of a file's own level; those of its subtests are indented. */
const PLAN = /^1\.\.(\d+)/
const POINT = /^(?:not )?ok \d+/
const FAILED = /^not ok /
const TIME = /# time=([\d.]+)ms/
const INDENT = '    '

/**
 * What a test file has said, as a subtest with its summary point; `end` is its exit status or the signal that ended it,
 * which took `ms`. A file has passed only when it ended with 0 and its plan names as many points as there are: one that was
 * cut short, or that tests nothing, fails with a point that says so.
 */
export function wholeReport(file: string, said: readonly string[], end: number | string, ms: number): string[] {
  const plan = said.map((line) => PLAN.exec(line)?.[1]).find((count) => count !== undefined)
  const points = said.filter((line) => POINT.test(line)).length
  const isWhole = points > 0 && plan === `${points}`
  const time = `# time=${ms}ms`
  const below = said.map((line) => INDENT + line)
  if (end === 0 && isWhole) return [...below, `ok 1 - ${file} ${time}`]
  const isTold = isWhole && said.some((line) => FAILED.test(line))
  const why = `${INDENT}not ok ${points + 1} - ended with ${end} after ${points} tests of ${plan ?? 'an unknown number'}`
  return [...below, ...(isTold ? [] : [why]), `not ok 1 - ${file} ${time}`]
}

/** The name of the subtest that ends a file's tests, where several files run in one process. */
export function endOf(file: string): string {
  return `end of ${file}`
}

/** What several test files have said in one process, one report each (see `wholeReport`). */
export function reportsOf(files: readonly string[], said: readonly string[], end: number | string): string[] {
  const parts: { own: readonly string[]; isEnded: boolean }[] = []
  let rest = said
  for (const file of files) {
    const name = endOf(file)
    const at = rest.indexOf(`# Subtest: ${name}`)
    const point = rest.findIndex((line) => POINT.test(line) && line.includes(` - ${name} `))
    const isEnded = at >= 0 && point > at
    parts.push({ own: isEnded ? rest.slice(0, at) : rest, isEnded })
    rest = isEnded ? rest.slice(point + 1) : []
  }
  // The plan comes last, and the exit status is that of all.
  const points = said.filter((line) => POINT.test(line)).length
  const isToldOf = end === 0 || said.some((line) => FAILED.test(line))
  const isWhole = rest.includes(`1..${points}`) && isToldOf
  return parts.flatMap(({ own, isEnded }, i) => {
    const isCut = !isEnded || (i === parts.length - 1 && !isWhole)
    if (isCut) return wholeReport(files[i] ?? '', own, end, timeOf(own))
    const plan = `1..${own.filter((line) => POINT.test(line)).length}`
    return wholeReport(files[i] ?? '', [...own, plan], own.some((line) => FAILED.test(line)) ? 1 : 0, timeOf(own))
  })
}

/** What its tests took, in milliseconds. */
function timeOf(said: readonly string[]): number {
  const times = said.map((line) => (POINT.test(line) ? Number(TIME.exec(line)?.[1] ?? 0) : 0))
  return times.reduce((sum, ms) => sum + ms, 0)
}
