import type { Incarnation, StartMessage, SupervisorMessage, VolumeRole } from '../../mover/host/channel.ts'
import { MoverWatch } from '../../mover/host/lease.ts'
import type { RunningMover } from '../../mover/host/managed-mover.ts'
import type { MoverProcessOptions } from '../../mover/host/mover-process.ts'
import type { TestEnvironment } from '../crash/test-environment.ts'
import type { MoverReport, SimulatedMover, Start } from './failure-mover.ts'
import type { Process } from './process.ts'
import type { Trace } from './trace.ts'

const CHANNEL_MS = 1
/** Longer than a channel takes: a new process has its program to load. */
const LOAD_MS = 3

/** What a mover's process is made in. */
export interface ProcessSite {
  readonly env: TestEnvironment
  readonly trace: Trace
  readonly leaseMs: number
  readonly supervisor: Process
  readonly options: MoverProcessOptions
  /** A new stream to another mover, primary in this term; null: nobody listens there yet. */
  connect: Start['connect']
  /** The supervisor learns that it serves. */
  ready: () => void
  /** It is told to be primary. */
  reigns: (term: number) => void
  /** It tells of a mover that does not give back what others wait for. */
  held: () => void
}

/** A mover's process as the supervisor has it: the rules of the product's `MoverProcess`, and a channel that keeps order. */
export class SimulatedProcess implements RunningMover {
  readonly identity = { pid: 0, startTicks: 0, bootId: '' }
  readonly incarnation: string
  isEnding = false
  readonly #mover: SimulatedMover
  readonly #site: ProcessSite
  readonly #watch: MoverWatch
  /** Nothing that it is told arrives earlier than this. */
  #channelMs = 0
  /** Times of one moment may differ by a rounding: what arrives is always the first of these. */
  readonly #underWay: (() => void)[] = []

  constructor(mover: SimulatedMover, site: ProcessSite) {
    this.#mover = mover
    this.#site = site
    this.incarnation = mover.incarnation.incarnation
    this.#watch = new MoverWatch(site.leaseMs)
  }

  start({ roles: [role], movers, holders }: Omit<StartMessage, 'type' | 'claims' | 'incarnation'>): void {
    const { env, connect } = this.#site
    const mover = this.#mover
    this.#look(role)
    this.#channelMs = Math.max(this.#channelMs, env.monotonicMs() + LOAD_MS)
    const report = (what: MoverReport): void => this.#report(what)
    this.#send(() => mover.start({ role: role as VolumeRole, movers, holders, connect, report }))
  }

  tell(message: SupervisorMessage): void {
    if (message.type === 'reigns') this.#look(message.roles[0])
    this.#send(() => this.#mover.told(message))
  }

  beat(nowMs: number, wasLate: boolean): void {
    if (this.isEnding) return
    const silentMs = this.#watch.beat(nowMs, wasLate)
    if (silentMs === null) this.tell({ type: 'ping', atMs: this.#site.env.hostMs() })
    else this.kill(`did not answer for ${silentMs} ms`)
  }

  kill(reason: string): void {
    if (this.isEnding) return
    this.#site.trace.note(`${this.#mover.name} ${reason}, and is killed`)
    this.isEnding = true
    this.#mover.process.die()
  }

  /** Nothing of it is left. */
  gone(): void {
    const { supervisor, options } = this.#site
    supervisor.deliver(() => {
      this.isEnding = true
      options.onGone('died')
    })
  }

  // The simulated supervisor does not end its movers in good order.

  async stop(): Promise<void> {}

  async close(): Promise<void> {}

  #look(role: VolumeRole | undefined): void {
    if (role?.role === 'primary') this.#site.reigns(role.term)
  }

  /** To the mover: in order, a little later. */
  #send(task: () => void): void {
    const { env } = this.#site
    const { process } = this.#mover
    const nowMs = env.monotonicMs()
    this.#channelMs = Math.max(this.#channelMs, nowMs + env.random.float() * CHANNEL_MS)
    this.#underWay.push(() => process.deliver(task))
    env.work(this.#channelMs - nowMs, () => this.#underWay.shift()?.())
  }

  /** From the mover. */
  #report(what: MoverReport): void {
    const { env, supervisor } = this.#site
    const { process } = this.#mover
    process.emit(() => {
      env.work(env.random.float() * CHANNEL_MS, () => {
        supervisor.deliver(() => {
          if (!process.isDead) this.#hear(what)
        })
      })
    })
  }

  #hear(what: MoverReport): void {
    const { env, options, trace, ready, held } = this.#site
    if (what === 'pong') this.#watch.answered()
    else if (what === 'ready') {
      trace.note(`${this.#mover.name} serves`)
      this.#watch.serves(env.monotonicMs())
      ready()
      options.onReady({ addresses: { address: '', nfs: 0, portmap: 0 }, unserved: [] })
    } else if ('ino' in what) {
      held()
      options.onHolding(what)
    } else this.#silent(what)
  }

  #silent(other: Incarnation): void {
    if (other.name === this.#mover.incarnation.name) throw new Error(`${other.name} does not tell itself what it holds`)
    this.#site.options.onSilent(other)
  }
}
