/** What the supervisor tells its movers when one of them dies, and when: processes that only take note of it. */
import fs from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseConfig } from '../../mover/config/load.ts'
import type { ServingState, StartMessage, SupervisorMessage } from '../../mover/host/channel.ts'
import { Fleet } from '../../mover/host/fleet.ts'
import { DurableRecords } from '../../mover/host/fleet-records.ts'
import type { RunningMover } from '../../mover/host/managed-mover.ts'
import type { MoverProcessOptions } from '../../mover/host/mover-process.ts'
import { StartStates } from '../../mover/host/start-states.ts'
import { TermCounter } from '../../mover/host/terms.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { until, workFolder } from './appliance.ts'
import { memoryLogger } from './rpc-support.ts'

/** Longer than a mover waits here before it is started again. */
const MOST_WAIT_MS = 1000

type Told = SupervisorMessage | Omit<StartMessage, 'claims' | 'incarnation'>

/** A process that does as it is told, and nothing besides. */
class FakeProcess implements RunningMover {
  readonly identity = { pid: 1, startTicks: 1, bootId: 'x' }
  readonly incarnation: string
  readonly name: string
  isEnding = false
  readonly told: Told[] = []
  readonly #options: MoverProcessOptions

  constructor(options: MoverProcessOptions, number: number) {
    this.#options = options
    this.name = options.name
    this.incarnation = `${options.name}${number}`
  }

  start(message: Omit<StartMessage, 'type' | 'claims' | 'incarnation'>): void {
    this.told.push({ type: 'start', ...message })
  }

  tell(message: SupervisorMessage): void {
    this.told.push(message)
  }

  killedFor = ''

  beat(): void {}

  kill(reason = ''): void {
    this.isEnding = true
    this.killedFor = reason
  }

  async stop(): Promise<void> {}

  async close(): Promise<void> {
    this.gone('stopped')
  }

  ready(): void {
    const serving: ServingState = { addresses: { address: '127.0.0.1', nfs: 2049, portmap: 0 }, unserved: [] }
    this.#options.onReady(serving)
  }

  gone(reason = 'ended with signal SIGKILL'): void {
    this.isEnding = true
    this.#options.onGone(reason)
  }

  /** It finds that another mover does not say what it holds. */
  misses({ name, incarnation }: FakeProcess): void {
    this.#options.onSilent({ name, incarnation })
  }

  /** It finds that another mover does not give back what it was asked for. */
  asksInVain({ name, incarnation }: FakeProcess): void {
    this.#options.onHolding({ name, incarnation, volume: 'share', ino: 17, forMs: 5000.4 })
  }

  /** What it has been told of this kind. */
  all<T extends Told['type']>(type: T): Extract<Told, { type: T }>[] {
    return this.told.filter((message): message is Extract<Told, { type: T }> => message.type === type)
  }

  /** In words: its role in the volume `share`, and who is waited for. */
  get lastReign(): string {
    const last = this.told.filter((one) => one.type === 'start' || one.type === 'reigns').at(-1)
    if (last === undefined) return 'nothing'
    const role = last.roles.find(({ volume }) => volume === 'share')
    const holders = last.holders.map(({ incarnation }) => incarnation)
    return `${role?.role} of ${role?.primary} in ${role?.term}, holders ${holders}`
  }
}

/** Terms that are written down when the test says so. */
class HeldTerms extends TermCounter {
  #held: (() => void)[] = []
  isHolding = false
  problem: Error | null = null

  override async raise(volumes: readonly string[]): Promise<void> {
    if (this.isHolding) await new Promise<void>((resolve) => this.#held.push(resolve))
    if (this.problem !== null) throw this.problem
    await super.raise(volumes)
  }

  get isAsked(): boolean {
    return this.#held.length > 0
  }

  letGo(): void {
    this.isHolding = false
    for (const resume of this.#held.splice(0)) resume()
  }
}

class TestFleet {
  readonly log = memoryLogger()
  readonly processes: FakeProcess[] = []
  readonly terms: HeldTerms
  readonly termsPath: string
  readonly env = new TestEnvironment(1)
  readonly fleet: Fleet

  constructor(t: Test, movers: readonly string[]) {
    const folder = workFolder(t)
    const config = parseConfig(
      JSON.stringify({
        volumes: [{ name: 'share', size: '64MiB' }],
        movers: movers.map((name) => ({ name, nfs: 0, portmap: 0 })),
      }),
      null,
      folder,
    )
    this.termsPath = join(folder, 'terms.json')
    this.terms = new HeldTerms(this.termsPath)
    this.fleet = new Fleet({
      config,
      claims: new Map([['share', 9]]),
      records: new DurableRecords(
        this.terms,
        new StartStates(join(folder, 'states.json')),
        join(folder, 'movers.json'),
      ),
      env: this.env,
      logger: this.log.logger,
      makeProcess: (options) => {
        const process = new FakeProcess(options, this.processes.length + 1)
        this.processes.push(process)
        return process
      },
    })
  }

  /** All movers serve. */
  static async up(t: Test, ...movers: string[]): Promise<TestFleet> {
    const fleet = new TestFleet(t, movers)
    const serving = fleet.fleet.start()
    await until(
      'all are told to start',
      () => fleet.processes.every((one) => one.told.length > 0) && fleet.at(movers[0]),
    )
    for (const process of fleet.processes) process.ready()
    await serving
    return fleet
  }

  /** The latest process of a mover. */
  at(mover: string): FakeProcess | undefined {
    return this.processes.findLast(({ name }) => name === mover)
  }

  /** The mover's next process, once it is told to start. */
  next(old: FakeProcess): Promise<FakeProcess> {
    return until(`${old.name} is started again`, () => {
      // Its time to be started has come.
      this.env.advance(MOST_WAIT_MS)
      const next = this.at(old.name)
      return next !== old && (next?.all('start').length ?? 0) > 0 ? next : null
    })
  }

  get written(): number {
    return JSON.parse(fs.readFileSync(this.termsPath, 'utf8'))['share']
  }
}

t.test('when a primary dies, a mover that serves is told to reign, and all others whom to follow', async (t) => {
  const fleet = await TestFleet.up(t, 'a', 'b', 'c')
  const [a, b, c] = fleet.processes
  t.equal(a.lastReign, 'primary of a in 1, holders ')
  t.equal(b.lastReign, 'secondary of a in 1, holders ')
  fleet.terms.isHolding = true
  a.gone()
  await until('the next term is being written', () => fleet.terms.isAsked)
  for (const process of [b, c]) {
    t.strictSame(process.all('gone'), [{ type: 'gone', name: 'a', incarnation: 'a1' }])
    t.strictSame(process.all('reigns'), [], 'nobody is told of a term that is not written')
  }
  t.equal(fleet.processes.length, 3, 'nor is anybody started')
  t.equal(fleet.fleet.status()[1].roles[0].term, 1)
  fleet.terms.letGo()
  const next = await fleet.next(a)
  t.equal(fleet.written, 2)
  t.equal(b.lastReign, 'primary of b in 2, holders b2,c3', 'its own clients are waited for too')
  t.equal(c.lastReign, 'secondary of b in 2, holders b2,c3')
  t.equal(next.lastReign, 'secondary of b in 2, holders b2,c3', 'who has died is a secondary')
  t.strictSame(
    b.told.map(({ type }) => type),
    ['start', 'gone', 'reigns', 'started'],
  )
  t.strictSame(
    fleet.fleet.status().map(({ roles: [{ role }] }) => role),
    ['secondary', 'primary', 'secondary'],
  )
  t.match(
    fleet.log.lines.map(({ msg }) => msg),
    [
      'mover a: ended with signal SIGKILL; starting it again at once',
      'volume share: mover b is its primary from now on, in term 2',
    ],
  )
  await fleet.fleet.stop()
})

t.test('who dies while it takes over is replaced, by its own next process when nobody else serves', async (t) => {
  const fleet = await TestFleet.up(t, 'a', 'b', 'c')
  const [a, b, c] = fleet.processes
  a.gone()
  const secondA = await fleet.next(a)
  t.match(b.lastReign, /^primary/)
  b.gone()
  const secondB = await fleet.next(b)
  t.equal(c.lastReign, 'primary of c in 3, holders a4,c3')
  t.equal(secondA.lastReign, 'secondary of c in 3, holders a4,c3', 'who does not serve yet is not elected')
  c.gone()
  const secondC = await fleet.next(c)
  t.equal(secondC.lastReign, 'primary of c in 4, holders a4,b5')
  t.equal(secondA.lastReign, 'secondary of c in 4, holders a4,b5')
  t.match(secondB.lastReign, /^secondary of c in 4/)
  secondC.ready()
  secondA.ready()
  secondC.gone()
  await until('there is another primary', () => secondA.lastReign.startsWith('primary of a in 5'))
  await fleet.fleet.stop()
})

t.test('who has been killed is not elected, although something of it is left', async (t) => {
  const fleet = await TestFleet.up(t, 'a', 'b', 'c')
  const [a, b, c] = fleet.processes
  a.misses(b)
  t.ok(b.isEnding)
  a.gone()
  await fleet.next(a)
  t.equal(c.lastReign, 'primary of c in 2, holders b2,c3')
  t.strictSame(c.all('gone').length, 1)
  await fleet.fleet.stop()
})

t.test('while anything is left of a primary that was killed, nobody else is elected', async (t) => {
  const fleet = await TestFleet.up(t, 'a', 'b', 'c')
  const [a, b, c] = fleet.processes
  b.misses(a)
  t.ok(a.isEnding)
  c.gone()
  const next = await fleet.next(c)
  next.ready()
  t.strictSame(b.all('reigns'), [])
  t.strictSame(b.all('gone').length, 1)
  a.gone()
  await until('there is another primary', () => b.lastReign.startsWith('primary of b in 2'))
  await fleet.fleet.stop()
})

t.test('who does not give back what it was asked for is killed, and told why', async (t) => {
  const fleet = await TestFleet.up(t, 'a', 'b')
  const [a, b] = fleet.processes
  a.asksInVain(b)
  t.ok(b.isEnding)
  t.equal(
    b.killedFor,
    'was asked for inode 17 of the volume share by mover a, did nothing for that in 5000 ms, and was killed',
  )
  await fleet.fleet.stop()
})

t.test('terms that cannot be written: nobody is told of another primary before they can', async (t) => {
  const fleet = await TestFleet.up(t, 'a', 'b')
  const [a, b] = fleet.processes
  fleet.terms.problem = new Error('no room')
  a.gone()
  await until('both have been tried', () => {
    fleet.env.advance(0)
    return fleet.log.lines.length >= 3
  })
  t.match(
    fleet.log.lines.map(({ msg }) => msg),
    [
      /^mover a: .*; starting it again at once$/,
      'no primary can be elected: no room',
      'mover a: no room; starting it again in 100 ms',
    ],
  )
  t.strictSame(b.all('reigns'), [])
  fleet.terms.problem = null
  await fleet.next(a)
  t.equal(b.lastReign, 'primary of b in 2, holders b2')
  await fleet.fleet.stop()
})

t.test('each start of a mover has a state of its own, greater than all before', async (t) => {
  const fleet = await TestFleet.up(t, 'a', 'b')
  const [a] = fleet.processes
  a.gone()
  const next = await fleet.next(a)
  next.ready()
  next.gone()
  await fleet.next(next)
  const states = fleet.processes.map((process) => process.all('start')[0].state)
  t.equal(states.length, 4)
  for (const [i, state] of states.entries()) t.ok(i === 0 || state > states[i - 1], `${states}`)
  await fleet.fleet.stop()
})
