/** What a mover shows of what it says about a file: as long as somebody asks, in bounded memory. */
import t from 'tap'
import { KEEP_MS, KEPT_EVENTS, MAX_TRACED, VolumeTrace } from '../../mover/authority/trace.ts'
import { TracedCalls } from '../../mover/files/call-trace.ts'
import { newOperation } from '../../mover/files/service.ts'
import { FILE_END } from '../../mover/locks/token.ts'
import { TokenHolder } from '../../mover/locks/token-holder.ts'
import type { TraceEvent } from '../../mover/trace-event.ts'
import {
  failure,
  type message,
  message_kind,
  operation_kind,
  token_kind,
} from '../../protocol/moverlock/moverlock.gen.ts'
import { TestEnvironment } from '../crash/test-environment.ts'

const INO = 77
const NEVER = { sec: 0, nsec: 0 }
const CHANGES = { sequence: 1, size: 1, atime: NEVER, mtime: NEVER, ctime: NEVER, changes: 1 }
const ROOT = { uid: 0, gid: 0, gids: [] }

/** A secondary that holds what it is granted. */
function world() {
  const env = new TestEnvironment(1)
  const turns: boolean[] = []
  const port = { request: () => {}, release: () => {}, pieces: () => [], drain: () => {}, forgotten: () => {} }
  const tokens = new TokenHolder(port, false)
  const trace = new VolumeTrace({ env, tokens: () => tokens, turned: (isOn) => turns.push(isOn) })
  const session = trace.session('a')
  const page = (name: string | null = null, after = 0) => {
    const found = trace.poll(INO, name, after)
    if (found === null) throw new Error('too many files')
    return found
  }
  return { env, turns, tokens, trace, session, page }
}

function lock(ino: number, id: number): message {
  return { kind: message_kind.LOCK, lock: { ino, id, kind: token_kind.WF_R, need: { start: 0, end: 1 }, exact: false } }
}

function shown(events: readonly TraceEvent[]): object[] {
  return events.map(({ wallMs: _, hostMs: __, ...event }) => event)
}

t.test('nothing is kept of what nobody asks about', async (t) => {
  const { env, turns, session, trace, page } = world()
  session.sent(lock(INO, 1), 1)
  t.same(page().events, [])
  t.strictSame(turns, [true])
  session.sent(lock(INO + 1, 2), 2)
  session.sent(lock(INO, 3), 3)
  const { trace: name, last, events } = page()
  t.equal(events.length, 1)
  t.same(page(name, last).events, [], 'what has been shown is not shown again')
  env.advance(KEEP_MS - 1)
  session.sent(lock(INO, 4), 4)
  t.equal(page(name, last).events.length, 1, 'as long as somebody asks')
  env.advance(KEEP_MS - 1)
  t.ok(trace.isOn)
  env.advance(1)
  t.notOk(trace.isOn, 'and no longer')
  t.strictSame(turns, [true, false])
  session.sent(lock(INO, 5), 5)
  const anew = page(name, 2)
  t.not(anew.trace, name, 'who asks too late is told so')
  t.same(anew.events, [])
})

t.test('what is more than can be kept is counted', async (t) => {
  const { session, page } = world()
  const { trace: name } = page()
  for (let id = 1; id <= KEPT_EVENTS + 10; id++) session.sent(lock(INO, id), id)
  const first = page(name, 4)
  t.equal(first.dropped, 6)
  t.equal(first.events.length, KEPT_EVENTS)
  t.equal(first.events[0].frame, 11)
  t.equal(first.last, KEPT_EVENTS + 10)
  t.equal(page(name, first.last).dropped, 0)
})

t.test('no more files than a few are traced at a time', async (t) => {
  const { env, trace } = world()
  for (let ino = 1; ino <= MAX_TRACED; ino++) t.not(trace.poll(ino, null, 0), null)
  t.equal(trace.poll(MAX_TRACED + 1, null, 0), null)
  env.advance(KEEP_MS)
  t.not(trace.poll(MAX_TRACED + 1, null, 0), null)
})

t.test('a message, and an answer that does not name the file again', async (t) => {
  const { session, page } = world()
  page()
  const blocks = { start: 3, end: 5 }
  const WHOLE = { start: 0, end: FILE_END }
  const told = (extra: object): object => ({ what: 'sent', to: 'a', ...extra })
  const map = { seen: 0, first: 0, end: 0, extents: [] }
  const value = new Uint8Array(176)
  const granted = { serial: 9, kind: token_kind.WF_R, blocks: WHOLE }
  session.sent(lock(INO, 1), 1)
  session.received({ kind: message_kind.GRANT, grant: { ino: INO, id: 1, granted, replaces: [], value, map } })
  session.sent({ kind: message_kind.RELEASE, release: { ino: INO, serial: 9, blocks: WHOLE, changes: CHANGES } }, 2)
  const run = { file_block: 3, device_block: 100, length: 2 }
  const commit = { id: 5, ino: INO, size: 1, changes: CHANGES, runs: [run, run] }
  session.received({ kind: message_kind.COMMIT, commit })
  session.sent({ kind: message_kind.COMMITTED, committed: { id: 5, status: failure.IO } }, 3)
  session.sent({ kind: message_kind.COMMITTED, committed: { id: 6, status: failure.NONE } }, 4)
  session.sent({ kind: message_kind.REVOKE, revoke: { ino: INO, serial: 12, blocks } }, 5)
  const what = { kind: operation_kind.LOOKUP, lookup: { where: { dir: DIR, what: Buffer.from('f') }, export_root: 2 } }
  const call = { id: 7, caller: ROOT, read_only: true, replay: null, what } as const
  session.received({ kind: message_kind.CALL, call })
  const nothing = {
    replayed_object: null,
    before: [],
    target: new Uint8Array(0),
    list: null,
    space: null,
    remembered: null,
  }
  const after = [{ ino: INO, value, current: true }]
  session.sent({ kind: message_kind.ANSWER, answer: { id: 7, status: failure.NONE, after, ...nothing } }, 6)
  t.strictSame(shown(page(page().trace, 0).events), [
    told({ kind: 'LOCK', frame: 1, token: 'WF_R', blocks: null, need: [0, 1] }),
    told({ kind: 'RELEASE', frame: 2, serial: 9, blocks: null, tellsChanges: true, token: 'WF_R' }),
    told({ kind: 'COMMITTED', frame: 3, count: 4, status: 'IO' }),
    told({ kind: 'REVOKE', frame: 5, serial: 12, blocks: [3, 5] }),
    told({ kind: 'ANSWER', frame: 6, operation: 'LOOKUP', names: ['f'], status: 'OK' }),
  ])
})

const DIR = { ino: 2, generation: 1 }

t.test('how clients are answered, and by which right', async (t) => {
  const { tokens, trace, page } = world()
  const { trace: name } = page()
  const calls = new TracedCalls(trace)
  const op = newOperation(ROOT, false)
  op.intent = 'read'
  op.rangeStart = 8192
  op.rangeEnd = 8193
  tokens.granted(INO, 1, { serial: 1, kind: 'BR_R', start: 0, end: 3 }, [])
  tokens.granted(INO, 2, { serial: 2, kind: 'BR_W', start: 5, end: 6 }, [])
  calls.answered('READ', INO, op, 'client', 'OK')
  calls.answered('READ', INO + 1, op, 'client', 'OK')
  op.intent = 'write'
  op.rangeStart = 5 * 4096
  op.rangeEnd = 6 * 4096
  for (const failed of [null, 'IO'] as const) {
    let barrierDone: (failure: typeof failed) => void = () => {}
    op.barrier = {
      wait: (done) => {
        barrierDone = done
      },
    }
    calls.answered('WRITE', INO, op, 'client', 'OK')
    const { last } = page(name, 0)
    let outcome: unknown = 'none'
    op.barrier.wait((result) => {
      outcome = result
    })
    t.equal(page(name, last).events.length, 0, 'it is not acknowledged before it is durable')
    barrierDone(failed)
    t.equal(outcome, failed)
  }
  const told = (extra: object): object => ({ what: 'answered', to: 'client', ...extra })
  const bytes = [5 * 4096, 6 * 4096]
  t.strictSame(shown(page(name, 0).events), [
    told({ kind: 'READ', status: 'OK', bytes: [8192, 8193], under: ['BR_R'] }),
    told({ kind: 'WRITE', status: 'OK', bytes, under: ['BR_W'] }),
    told({ kind: 'WRITE', status: 'IO', bytes, under: ['BR_W'] }),
  ])
})
