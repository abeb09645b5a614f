/** One story of what several movers show, and its lines. */
import t from 'tap'
import { describeBlocks, traceLine } from '../../mover/cli/trace-line.ts'
import { type ShownEvent, TraceMerger } from '../../mover/cli/trace-merger.ts'
import type { TraceEvent, TracePage } from '../../mover/trace-event.ts'

function event(hostMs: number, kind: string): TraceEvent {
  return { wallMs: 0, hostMs, what: 'sent', to: 'x', kind }
}

function page(trace: string, last: number, hostMs: number, events: TraceEvent[], dropped = 0): TracePage {
  return { trace, last, dropped, hostMs, events }
}

/** A round in words. */
function round(merger: TraceMerger, pages: Record<string, TracePage>): string[] {
  return merger
    .round(new Map(Object.entries(pages)))
    .map((shown) => ('notice' in shown ? `${shown.mover} ${shown.notice}` : `${shown.from} ${shown.kind}`))
}

t.test('events are told in the order in which they happened, when nothing earlier can come', async (t) => {
  const merger = new TraceMerger()
  t.equal(merger.query('a'), '')
  t.strictSame(round(merger, { a: page('t1', 0, 10, []), b: page('t2', 0, 11, []) }), [
    'a is traced from here on',
    'b is traced from here on',
  ])
  t.equal(merger.query('a'), '&trace=t1&after=0')
  const first = { a: page('t1', 2, 20, [event(12, '1'), event(19, '3')]), b: page('t2', 1, 18, [event(13, '2')]) }
  t.strictSame(round(merger, first), ['a 1', 'b 2'], 'b may have done something before 3')
  t.equal(merger.query('a'), '&trace=t1&after=2')
  const second = { a: page('t1', 2, 30, []), b: page('t2', 3, 31, [event(18.5, 'b'), event(30.5, 'd')]) }
  t.strictSame(round(merger, second), ['b b', 'a 3'])
  t.strictSame(round(merger, {}), ['b d'], 'who does not answer is not waited for')
})

t.test('what is missing is said', async (t) => {
  const merger = new TraceMerger()
  round(merger, { a: page('t1', 5, 10, []) })
  t.strictSame(round(merger, { a: page('t1', 20, 20, [event(19, '1')], 7) }), [
    'a has said more than could be kept: 7 events are missing',
    'a 1',
  ])
  t.strictSame(round(merger, { a: page('t2', 1, 30, [event(29, '2')]) }), [
    'a is traced anew from here on; some may be missing',
    'a 2',
  ])
})

t.test('lines for people', async (t) => {
  const wallMs = new Date(2026, 0, 2, 3, 4, 5, 67).getTime()
  const line = (shown: Partial<ShownEvent>): string =>
    traceLine({ from: 'b', to: 'a', what: 'sent', kind: 'LOCK', wallMs, hostMs: 0, frame: 3, ...shown })
  const lines: [Partial<ShownEvent>, string][] = [
    [{ token: 'BR_W', blocks: [3, 5] }, 'b -> a  LOCK BR_W blocks 3 to 4 [frame 3]'],
    [{ token: 'WF_R', blocks: null, need: [0, 1] }, 'b -> a  LOCK WF_R whole file for blocks 0 to 0 [frame 3]'],
    [
      { kind: 'GRANT', token: 'BR_R', blocks: [7, null], serial: 7 },
      'b -> a  GRANT BR_R blocks 7 to the end serial 7 [frame 3]',
    ],
    [
      { kind: 'RELEASE', blocks: null, serial: 7, tellsChanges: true },
      'b -> a  RELEASE whole file serial 7 with changes [frame 3]',
    ],
    [
      {
        kind: 'ASSERT',
        holds: [
          { token: 'BR_W', blocks: [3, 5], serial: 7 },
          { token: 'BR_R', blocks: [5, 6], serial: 8 },
        ],
      },
      'b -> a  ASSERT BR_W blocks 3 to 4 serial 7, BR_R blocks 5 to 5 serial 8 [frame 3]',
    ],
    [{ kind: 'COMMIT', count: 1 }, 'b -> a  COMMIT 1 block [frame 3]'],
    [{ kind: 'MAPPED', count: 2 }, 'b -> a  MAPPED 2 extents [frame 3]'],
    [{ kind: 'CALL', operation: 'LOOKUP', names: ['a\u001b"'] }, 'b -> a  CALL LOOKUP "a\\u001b\\"" [frame 3]'],
    [
      { what: 'answered', to: 'x:1', kind: 'READ', bytes: [0, 10], status: 'OK', under: ['WF_R'] },
      "b: client x:1's READ of bytes 0 to 9 answered under WF_R",
    ],
    [
      { what: 'answered', to: 'x:1', kind: 'WRITE', bytes: [0, 10], status: 'OK', under: [] },
      "b: client x:1's WRITE of bytes 0 to 9 acknowledged",
    ],
    [{ what: 'answered', to: 'x:1', kind: 'GETATTR', status: 'STALE' }, "b: client x:1's GETATTR refused: STALE"],
  ]
  for (const [shown, expected] of lines) t.equal(line(shown), `03:04:05.067  ${expected}`)
  t.equal(traceLine({ mover: 'b', notice: 'is traced from here on' }), 'mover b is traced from here on')
  t.strictSame(
    ([null, [0, 1], [3, null], [4, 4]] as const).map((blocks) => describeBlocks(blocks === null ? null : [...blocks])),
    ['whole file', '0 to 0', '3 to the end', 'none'],
  )
})
