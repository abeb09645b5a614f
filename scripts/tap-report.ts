/** The plan and the points of a file's own level; those of its subtests are indented. */
const PLAN = /^1\.\.(\d+)/
const POINT = /^(?:not )?ok \d+/
const FAILED = /^not ok /
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
