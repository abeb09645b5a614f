/** Silence of a process, told from being held up oneself. */
import t from 'tap'
import type { Environment } from '../../mover/environment.ts'
import { AnswerWatch, MoverWatch, SupervisorWatch, startBeat } from '../../mover/host/lease.ts'

const LEASE_MS = 900

/** An event loop that is held up for as long as a test wants. */
class Loop implements Environment {
  nowMs = 5000
  #timers: { atMs: number; task: () => void }[] = []
  #deferred: (() => void)[] = []

  wallMs(): number {
    return 0
  }
  wallTime(): void {}
  hostMs(): number {
    return this.monotonicMs()
  }

  monotonicMs(): number {
    return this.nowMs
  }
  defer(task: () => void): void {
    this.#deferred.push(task)
  }
  stayAwake(): void {}
  timer(delayMs: number, task: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, task }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer)
    }
  }
  randomBytes(count: number): Uint8Array {
    return new Uint8Array(count)
  }

  /** One turn, `ms` after the last: timers that are due, then what has arrived, then what was deferred. */
  turn(ms: number, arrivals: () => void = () => {}): void {
    this.nowMs += ms
    const due = this.#timers.filter(({ atMs }) => atMs <= this.nowMs)
    this.#timers = this.#timers.filter((timer) => !due.includes(timer))
    for (const { task } of due) task()
    arrivals()
    for (const task of this.#deferred.splice(0)) task()
  }
}

t.test('a beat comes three times in a lease, until it is ended', async (t) => {
  const loop = new Loop()
  const beats: [number, boolean][] = []
  const end = startBeat(LEASE_MS, loop, (nowMs, wasLate) => beats.push([nowMs - 5000, wasLate]))
  for (let i = 0; i < 10; i++) loop.turn(100)
  t.strictSame(beats, [
    [300, false],
    [600, false],
    [900, false],
  ])
  loop.turn(200)
  end()
  for (let i = 0; i < 10; i++) loop.turn(100)
  t.equal(beats.length, 4)
  const other = new Loop()
  const ended = startBeat(LEASE_MS, other, () => t.fail('ended between being due and being called'))
  other.turn(300, ended)
})

t.test('who was held up for longer than a beat or two says so', async (t) => {
  const loop = new Loop()
  const late: boolean[] = []
  startBeat(LEASE_MS, loop, (_, wasLate) => late.push(wasLate))
  for (const ms of [300, 600, 601, 300]) loop.turn(ms)
  t.strictSame(late, [false, false, true, false])
})

t.test('an answer that is there counts, however late it is looked at', async (t) => {
  const loop = new Loop()
  const watch = new AnswerWatch()
  const silences: number[] = []
  startBeat(LEASE_MS, loop, (nowMs) => {
    silences.push(watch.silentMs(nowMs))
    watch.sent(nowMs)
  })
  loop.turn(300)
  loop.turn(5000, () => watch.answered())
  t.strictSame(silences, [0, 0])
  loop.turn(300)
  loop.turn(300)
  t.strictSame(silences.slice(2), [300, 600])
})

t.test('silence counts from the oldest ping without an answer', async (t) => {
  const watch = new AnswerWatch()
  t.equal(watch.silentMs(10), 0)
  watch.answered()
  for (const ms of [10, 20, 30]) watch.sent(ms)
  t.equal(watch.silentMs(35), 25)
  watch.answered()
  t.equal(watch.silentMs(35), 15)
  watch.renew(34)
  t.equal(watch.silentMs(35), 1)
  watch.answered()
  watch.answered()
  t.equal(watch.silentMs(100), 0)
})

t.test('a mover that serves may be silent for a lease, one that is starting for longer', async (t) => {
  const watch = new MoverWatch(LEASE_MS)
  for (const ms of [0, 300, 29_999]) t.equal(watch.beat(ms, false), null, 'it is asked')
  watch.serves(30_500)
  t.equal(watch.beat(31_000, false), null, 'what it was asked before counts from then')
  t.equal(watch.beat(31_399, false), null)
  t.equal(watch.beat(31_400, false), LEASE_MS)
  t.equal(watch.beat(40_000, true), null, 'who was held up proves nothing')
  t.equal(watch.beat(40_900, false), LEASE_MS)
  for (let i = 0; i < 6; i++) watch.answered()
  t.equal(watch.beat(50_000, false), null)
  t.equal(new MoverWatch(60_000).beat(0, false), null)
  const starting = new MoverWatch(LEASE_MS)
  starting.beat(0, false)
  t.equal(starting.beat(30_000, false), 30_000)
})

/** A mover's look at its supervisor, and what came of it. */
function watched(loop: Loop): { watch: SupervisorWatch; events: string[] } {
  const events: string[] = []
  const begunMs = loop.nowMs
  const watch = new SupervisorWatch({
    env: loop,
    orphaned: (why) => events.push(why),
    end: () => events.push(`ended after ${loop.nowMs - begunMs} ms`),
  })
  return { watch, events }
}

for (const [leaseMs, limitMs] of [
  [null, 1000],
  [200, 200],
  [1000, 1000],
  [60_000, 1000],
] as const) {
  t.test(`a mover whose supervisor is gone has ${limitMs} ms, with a lease of ${leaseMs} ms`, async (t) => {
    const loop = new Loop()
    const { watch, events } = watched(loop)
    if (leaseMs !== null) watch.begin(leaseMs)
    watch.lost('gone')
    watch.lost('gone again')
    loop.turn(limitMs - 1)
    t.strictSame(events, ['gone'])
    loop.turn(1)
    t.strictSame(events, ['gone', `ended after ${limitMs} ms`])
  })
}

t.test('a supervisor that asks no more for a lease counts as gone, unless the mover itself was held up', async (t) => {
  const loop = new Loop()
  const { watch, events } = watched(loop)
  watch.begin(LEASE_MS)
  for (let i = 0; i < 10; i++) loop.turn(300)
  t.strictSame(events, [], 'one that never asks has nobody to compare with')
  watch.asked()
  loop.turn(300)
  loop.turn(5000)
  loop.turn(300)
  loop.turn(300)
  t.strictSame(events, [])
  loop.turn(300)
  t.strictSame(events, [`the supervisor has been silent for ${LEASE_MS} ms`])
})

t.test('who serves and has never been asked is not for a lease without a supervisor either', async (t) => {
  const loop = new Loop()
  const { watch, events } = watched(loop)
  watch.begin(LEASE_MS)
  for (let i = 0; i < 10; i++) loop.turn(300)
  watch.serves()
  loop.turn(300)
  loop.turn(300)
  t.strictSame(events, [])
  loop.turn(300)
  t.strictSame(events, [`the supervisor has been silent for ${LEASE_MS} ms`])
})
