import t from 'tap'
import { Random } from '../crash/random.ts'
import { TestEnvironment } from '../crash/test-environment.ts'

t.test('events run in the order of their times, deferred tasks before later events', async (t) => {
  const environment = new TestEnvironment(1)
  const ran: string[] = []
  environment.timer(5, () => ran.push(`timer at ${environment.monotonicMs()}`))
  environment.work(3, () => {
    ran.push('work')
    environment.defer(() => ran.push('deferred'))
  })
  const cancel = environment.timer(1, () => ran.push('cancelled'))
  cancel()
  environment.runUntilIdle()
  t.same(ran, ['work', 'deferred'], 'a timer does not keep the world busy')
  environment.advance(1)
  t.same(ran.length, 2)
  environment.advance(1)
  t.same(ran[2], 'timer at 5')
  t.equal(environment.monotonicMs(), 5)
  t.equal(environment.step(), false)
})

t.test('many events with equal and random times', async (t) => {
  const environment = new TestEnvironment(2)
  const random = new Random(3)
  const planned = Array.from({ length: 500 }, (_, order) => ({ at: random.below(40), order }))
  const ran: typeof planned = []
  for (const plan of planned) environment.timer(plan.at, () => ran.push(plan))
  environment.advance(100)
  t.same(
    ran,
    planned.slice().sort((a, b) => a.at - b.at || a.order - b.order),
  )
})

t.test('clocks', async (t) => {
  const environment = new TestEnvironment(3)
  const start = environment.wallMs()
  environment.advance(1500.25)
  t.equal(environment.wallMs(), start + 1500)
  const time = { sec: 0, nsec: 0 }
  environment.wallTime(time)
  t.equal(time.sec, Math.floor(start / 1000) + 1)
  t.equal(time.nsec, 500_250_000)
  environment.jumpWallClock(-10_000)
  t.equal(environment.wallMs(), start - 8500)
  t.equal(environment.monotonicMs(), 1500.25)
})

t.test('the same seed gives the same bytes; what is thrown names seed and step', async (t) => {
  t.same(new TestEnvironment(4).randomBytes(32), new TestEnvironment(4).randomBytes(32))
  t.notSame(new TestEnvironment(4).randomBytes(32), new TestEnvironment(5).randomBytes(32))
  const environment = new TestEnvironment(6)
  environment.work(1, () => {
    throw new Error('broken')
  })
  t.throws(() => environment.runUntilIdle(), /broken \(seed 6, step 1, 1\.000 ms\)/)
})

t.test('endless and stuck worlds are noticed', async (t) => {
  const environment = new TestEnvironment(7)
  const again = (): void => environment.defer(again)
  again()
  t.throws(() => environment.runUntilIdle(100), /not idle after 100 steps \(seed 7/)
  t.throws(() => environment.advance(1, 100), /more than 100 steps/)
  t.throws(() => new TestEnvironment(8).runUntil(() => false), /nothing is left to happen/)
  let count = 0
  const other = new TestEnvironment(9)
  other.timer(50, () => count++)
  t.equal(
    other.runUntil(() => count === 1),
    1,
  )
})

t.test('a halted world does nothing more', async (t) => {
  const environment = new TestEnvironment(10)
  environment.defer(() => environment.halt())
  environment.work(0, () => t.fail('ran after the halt'))
  environment.timer(1, () => t.fail('ran after the halt'))
  while (!environment.halted) environment.step()
  environment.runUntilIdle()
  environment.advance(10)
  t.equal(environment.step(), false)
})

t.test('random numbers', async (t) => {
  const random = new Random(11)
  const counts = new Array(10).fill(0)
  for (let i = 0; i < 10_000; i++) counts[random.below(10)]++
  for (const count of counts) t.ok(count > 850 && count < 1150, `${counts}`)
  let hits = 0
  for (let i = 0; i < 10_000; i++) if (random.chance(0.25)) hits++
  t.ok(hits > 2300 && hits < 2700)
  t.notSame(new Random(1).u32(), new Random(2 ** 32 + 1).u32(), 'seeds above 32 bits differ')
  const fork = new Random(12).fork()
  const used = new Random(12)
  const same = used.fork()
  used.u32()
  t.equal(fork.u32(), same.u32())
})
