import t from 'tap'
import { closingLine, TapCounter } from '../../scripts/tap-count.ts'
import { endOf, reportsOf, wholeReport } from '../../scripts/tap-report.ts'
import { worldsPlayed } from '../sim/worlds.ts'

function count(tap: string): { line: string; printed: string[] } {
  const printed: string[] = []
  const counter = new TapCounter((line) => printed.push(line))
  for (const line of tap.split('\n')) counter.line(line)
  return { line: closingLine(counter.counts), printed }
}

t.test('assertions are counted once, at the bottom', async (t) => {
  const tap = `TAP version 14
# Subtest: test/a.test.ts
    # Subtest: one
        ok 1 - should be equal
        ok 2 - hello
        1..2
    ok 1 - one # time=4.062ms
    ok 2 - skipped # SKIP no root
    1..2
ok 1 - test/a.test.ts # time=3373.539ms
`
  t.strictSame(count(tap), {
    line: '2 passed, 0 failed, 1 skipped',
    printed: ['ok   test/a.test.ts: 2 passed, 0 failed, 1 skipped, 3.4 s'],
  })
})

t.test('failures are shown with their diagnostics', async (t) => {
  const tap = `# Subtest: test/b.test.ts
    # Subtest: deep
        not ok 1 - differs
          ---
          diff: -1 +2
          ok 9 - not a point
          ...
        1..1
    not ok 1 - deep # time=1ms
    1..1
not ok 1 - test/b.test.ts
  ---
  exitCode: 1
  ...
`
  const { line, printed } = count(tap)
  t.equal(line, '0 passed, 1 failed')
  t.strictSame(printed, [
    'not ok: differs',
    '    diff: -1 +2',
    '    ok 9 - not a point',
    'FAIL test/b.test.ts: 0 passed, 1 failed',
  ])
})

t.test('which simulated worlds were played is shown, and no other comment', async (t) => {
  const tap = `# Subtest: test/sim/a.test.ts
    # Subtest: data: 2 of the worlds, seeds 1 to 2
        # {"reads":9}
        # data: 60 worlds, seeds 1 to 60
        not ok 1 - differs
          ---
          # data: 61 worlds, seeds 1 to 61, of diagnostics
          ...
        1..1
    not ok 1 - data: 2 of the worlds, seeds 1 to 2
    # ${worldsPlayed('failure', 1, 2, [48, 52])}
    1..1
not ok 1 - test/sim/a.test.ts
`
  t.strictSame(count(tap).printed, [
    '     data: 60 worlds, seeds 1 to 60',
    'not ok: differs',
    '    # data: 61 worlds, seeds 1 to 61, of diagnostics',
    '     failure: 4 worlds, seeds 1 to 2, 48, 52',
    'FAIL test/sim/a.test.ts: 0 passed, 1 failed',
  ])
})

t.test('a file that dies, and one without a test, fail', async (t) => {
  const tap = `# Subtest: test/c.test.ts
    ok 1 - fine
    # test count(1) != plan(null)
not ok 1 - test/c.test.ts # time=660.39ms
  ---
  signal: SIGKILL
  ...
# Subtest: test/d.test.ts
    1..0 # no tests found
not ok 2 - test/d.test.ts # time=407.227ms
`
  t.equal(count(tap).line, '1 passed, 2 failed')
})

t.test('a file has passed when it ended well with all the tests of its plan', async (t) => {
  const says = (end: number | string, ...said: string[]) => count(wholeReport('f', said, end, 3370).join('\n')).line
  t.equal(says(0, 'ok 1 - a', '1..1'), '1 passed, 0 failed')
  t.equal(says(0, '    ok 1 - a', '    1..1', 'ok 1 - b', '1..1'), '1 passed, 0 failed')
  t.equal(says(1, 'not ok 1 - a', '1..1'), '0 passed, 1 failed', 'told once')
  t.equal(says(1, 'ok 1 - a', '1..1'), '1 passed, 1 failed')
  t.equal(says('SIGKILL', 'ok 1 - a'), '1 passed, 1 failed')
  t.equal(says(0, 'ok 1 - a'), '1 passed, 1 failed', 'no plan')
  t.equal(says(0, 'ok 1 - a', '1..2'), '1 passed, 1 failed', 'a part of the plan')
  t.equal(says(0, '1..0'), '0 passed, 1 failed')
  t.equal(says(0), '0 passed, 1 failed')
  for (const [end, line] of [
    [0, 'ok   f: 1 passed, 0 failed, 3.4 s'],
    [1, 'FAIL f: 1 passed, 1 failed, 3.4 s'],
  ] as const)
    t.equal(count(wholeReport('f', ['ok 1 - a', '1..1'], end, 3370).join('\n')).printed.at(-1), line)
})

t.test('files that ran in one process are reported one by one', async (t) => {
  const file = (name: string, point: string): string[] => [
    `# Subtest: of ${name}`,
    `    ${point}`,
    '    1..1',
    `${point} # time=1500ms`,
    `# Subtest: ${endOf(name)}`,
    '    ok 1 - (unnamed test)',
    '    1..1',
    `ok 2 - ${endOf(name)} # time=0.2ms`,
  ]
  const says = (end: number | string, ...said: string[]) => count(reportsOf(['a', 'b'], said, end).join('\n'))
  const [a, b] = [file('a', 'ok 1 - well'), file('b', 'ok 1 - well')]
  t.strictSame(says(0, ...a, ...b, '1..4'), {
    line: '2 passed, 0 failed',
    printed: ['ok   a: 1 passed, 0 failed, 1.5 s', 'ok   b: 1 passed, 0 failed, 1.5 s'],
  })
  t.equal(says(1, ...file('a', 'not ok 1 - bad'), ...b, '1..4').line, '1 passed, 1 failed', 'told once')
  t.equal(says(1, ...a, ...file('b', 'not ok 1 - bad'), '1..4').line, '1 passed, 1 failed', 'told once')
  for (const [what, { line }, expected] of [
    ['an end that nobody explains', says(1, ...a, ...b, '1..4'), '2 passed, 1 failed'],
    ['no plan', says(0, ...a, ...b), '2 passed, 1 failed'],
    ['another plan', says(0, ...a, ...b, '1..5'), '2 passed, 1 failed'],
    ['the second has no end', says('SIGKILL', ...a, ...b.slice(0, 4)), '2 passed, 1 failed'],
    ['the second has not begun', says(1, ...a, '1..2'), '1 passed, 1 failed'],
    ['the first has no end', says(1, ...a.slice(0, 4)), '1 passed, 2 failed'],
    ['nothing was said', says(1), '0 passed, 2 failed'],
    ['the first tests nothing', says(0, ...a.slice(4), ...b, '1..3'), '1 passed, 1 failed'],
  ] as const)
    t.equal(line, expected, what)
})
