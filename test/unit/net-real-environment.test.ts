import t from 'tap'
import { RealEnvironment } from '../../mover/real-environment.ts'

t.test('the wall clock in nanoseconds lies between two readings of it in milliseconds', (t) => {
  const environment = new RealEnvironment()
  const out = { sec: 0, nsec: 0 }
  for (let i = 0; i < 1000; i++) {
    const beforeMs = environment.wallMs()
    environment.wallTime(out)
    const afterMs = environment.wallMs()
    const ms = out.sec * 1000 + out.nsec / 1e6
    if (!(ms >= beforeMs - 1 && ms <= afterMs + 4)) t.fail(`${beforeMs} ${ms} ${afterMs}`)
    if (!(Number.isInteger(out.sec) && Number.isInteger(out.nsec) && out.nsec >= 0 && out.nsec < 1e9)) t.fail('range')
  }
  t.pass('so it is')
  t.end()
})

t.test('a wall clock that is set is followed', (t) => {
  const now = Date.now
  t.teardown(() => {
    Date.now = now
  })
  const environment = new RealEnvironment()
  const out = { sec: 0, nsec: 0 }
  for (const shiftMs of [3_600_000, -3_600_000, 0]) {
    Date.now = () => now() + shiftMs
    environment.wallTime(out)
    const ms = out.sec * 1000 + out.nsec / 1e6
    t.ok(Math.abs(ms - (now() + shiftMs)) < 60_000, `${shiftMs}`)
  }
  t.end()
})

t.test('time is finer than a millisecond', (t) => {
  const environment = new RealEnvironment()
  const seen = new Set<number>()
  const out = { sec: 0, nsec: 0 }
  for (let i = 0; i < 100; i++) {
    environment.wallTime(out)
    seen.add(out.nsec % 1_000_000)
  }
  t.ok(seen.size > 10)
  t.end()
})

t.test('defer runs later, in order; a cancelled timer never runs', (t) => {
  const environment = new RealEnvironment()
  const order: string[] = []
  const cancel = environment.timer(0, () => order.push('cancelled'))
  cancel()
  environment.defer(() => order.push('first'))
  environment.defer(() => {
    order.push('second')
    t.same(order, ['now', 'first', 'second'])
    setTimeout(() => {
      t.same(order, ['now', 'first', 'second'])
      t.end()
    }, 5)
  })
  order.push('now')
})

t.test('random bytes', (t) => {
  const environment = new RealEnvironment()
  t.equal(environment.randomBytes(16).length, 16)
  t.not(
    Buffer.from(environment.randomBytes(16)).toString('hex'),
    Buffer.from(environment.randomBytes(16)).toString('hex'),
  )
  t.end()
})
