import type { Logger } from 'pino'
import type { Config } from '../config/schema.ts'
import type { Environment } from '../environment.ts'
import { start, type Task, wait } from '../task.ts'
import type { Incarnation, ServingState, StuckMover, SupervisorMessage, VolumeRole } from './channel.ts'
import { Elections } from './elections.ts'
import type { FleetRecords } from './fleet-records.ts'
import { startBeat } from './lease.ts'
import { ManagedMover, type MoverState, type RunningMover } from './managed-mover.ts'
import { MoverProcess, type MoverProcessOptions } from './mover-process.ts'
import type { MoverRecord } from './mover-records.ts'
import { Refusal } from './refusal.ts'

/** A mover that serves, and where. */
export interface ServingMover extends ServingState {
  name: string
}

export interface FleetOptions {
  config: Config
  /** Descriptors of the volumes' claims, by volume. */
  claims: ReadonlyMap<string, number>
  records: FleetRecords
  env: Environment
  logger: Logger
  /** In the place of real processes, for tests. */
  makeProcess?: (options: MoverProcessOptions) => RunningMover
}

/**
 * The movers of one host, kept running: one that dies is started again, once nothing of it is left. Each volume has one
 * of them as its primary, as `Elections` has it. The primaries are told when another mover is gone, and go on. When a primary
 * is, one that lives takes its volumes over, and all tell that what they hold.
 *
 * A mover that does not answer for a lease is killed. Nobody is told of anything before the kernel has ended a mover's last
 * thread: until then it may still write.
 */
export class Fleet {
  readonly #options: FleetOptions
  readonly #movers: ManagedMover[]
  readonly #elections: Elections
  readonly #started = Promise.withResolvers<ServingMover[]>()
  readonly #stopFailures: string[] = []
  #isUp = false
  #isStopping = false
  #endBeat: () => void = () => {}

  constructor(options: FleetOptions) {
    const { config, records, env } = options
    const { movers, volumes } = config
    this.#options = options
    this.#movers = movers.map((mover) => new ManagedMover(mover, env))
    this.#elections = new Elections({
      volumes: namesOf(volumes),
      movers: namesOf(movers),
      serving: () => namesOf(this.#movers.filter(({ isServing }) => isServing)),
      lives: (mover) => this.#movers.find(({ name }) => name === mover)?.process != null,
      raise: (volumes, resume) => records.raiseTerms(volumes, resume),
      elected: (volumes) => this.#elected(volumes),
    })
    this.#started.promise.catch(() => {})
  }

  /** Starts all movers; resolves when they serve. Rejects with a `Refusal` when one ends before that. */
  start(): Promise<ServingMover[]> {
    const { config, env } = this.#options
    if (this.#movers.length > 1) {
      this.#endBeat = startBeat(config.timing.leaseMs, env, (nowMs, wasLate) => {
        for (const { process } of this.#movers) process?.beat(nowMs, wasLate)
      })
    }
    this.#launch(this.#movers)
    return this.#started.promise
  }

  /** Resolves when nothing of the movers is left; rejects with a `Refusal` when one did not end cleanly. */
  async stop(): Promise<void> {
    this.#isStopping = true
    for (const mover of this.#movers) {
      mover.cancelRestart()
      mover.state = 'stopping'
    }
    const running = this.#movers.map(({ process }) => process).filter((process) => process !== null)
    // Secondaries write through their primaries: those go last.
    await Promise.all(running.map((process) => process.stop()))
    await Promise.all(running.map((process) => process.close()))
    this.#endBeat()
    this.#started.reject(new Refusal(1, 'the movers were stopped'))
    const [failure] = this.#stopFailures
    if (failure !== undefined) throw new Refusal(1, failure)
  }

  status(): MoverState[] {
    return this.#movers.map((mover) => mover.status(this.#rolesOf(mover)))
  }

  #rolesOf({ name }: ManagedMover): VolumeRole[] {
    return [...this.#elections.primaries].map(([volume, primary]) => {
      const role = primary === name ? 'primary' : 'secondary'
      return { volume, role, primary, term: this.#options.records.termOf(volume) }
    })
  }

  /** Those that run. */
  #incarnations(): Incarnation[] {
    return this.#movers.flatMap(({ name, process }) =>
      process === null ? [] : [{ name, incarnation: process.incarnation }],
    )
  }

  /** Starts movers that have no process: all of them, or one. */
  #launch(movers: readonly ManagedMover[]): void {
    start(this.#launching(movers), (error) => {
      if (error !== null) throw error
    })
  }

  *#launching(movers: readonly ManagedMover[]): Task<void> {
    const { config, records, env } = this.#options
    let taken: readonly number[]
    const launched = new Map<ManagedMover, RunningMover>()
    try {
      // Volumes whose primary is gone get another one.
      yield* wait<void>((resume) => this.#elections.elect(namesOf(movers), resume))
      if (this.#isStopping) return
      for (const mover of movers) launched.set(mover, this.#spawn(mover))
      taken = yield* wait<readonly number[]>((resume) =>
        records.noteStarts(movers.length, env.wallMs(), () => this.#running(), resume),
      )
    } catch (error) {
      const [first] = movers
      const { message } = error as Error
      // It has not been told to start and has touched nothing.
      if (first.process === null) this.#gone(first, null, message)
      else first.process.kill(message)
      return
    }
    for (const [mover, process] of launched) {
      // Meanwhile it may have died, or have been killed.
      if (this.#isStopping || mover.process !== process || process.isEnding) continue
      const incarnations = this.#incarnations()
      for (const other of this.#movers) {
        if (!launched.has(other))
          other.process?.tell({ type: 'started', name: mover.name, incarnation: process.incarnation })
      }
      const holders = incarnations.filter(({ name }) => ![...launched.keys()].some((one) => one.name === name))
      process.start({
        config: mover.withKnownPort(config),
        state: taken[movers.indexOf(mover)],
        roles: this.#rolesOf(mover),
        movers: incarnations,
        holders,
      })
    }
  }

  /** Tells the movers that run of new reigns: they have lost the primaries of the old ones, and may be the next. */
  #elected(volumes: readonly string[]): void {
    const { logger, records } = this.#options
    const holders = this.#incarnations()
    for (const mover of this.#movers) {
      const roles = this.#rolesOf(mover).filter(({ volume }) => volumes.includes(volume))
      mover.process?.tell({ type: 'reigns', roles, holders })
    }
    if (!this.#isUp) return
    for (const volume of volumes) {
      const primary = this.#elections.primaries.get(volume)
      logger.info(`volume ${volume}: mover ${primary} is its primary from now on, in term ${records.termOf(volume)}`)
    }
  }

  #spawn(mover: ManagedMover): RunningMover {
    const { claims, config, logger, makeProcess = (options) => new MoverProcess(options) } = this.#options
    const { name } = mover
    const options: MoverProcessOptions = {
      name,
      claims,
      leaseMs: config.timing.leaseMs,
      onReady: (serving) => this.#ready(mover, serving),
      onSilent: (other) => this.#silent(name, other),
      onHolding: (other) => this.#holding(name, other),
      onQuiet: () => {
        // Somebody has sent it a signal.
        if (!this.#isStopping) void mover.process?.close()
      },
      onGone: (reason) => this.#gone(mover, mover.process, reason),
      onStuck: (pid) => logger.warn(`mover ${name} (pid ${pid}) has died, but some of its I/O has not ended; waiting`),
    }
    return mover.spawn(() => makeProcess(options))
  }

  /** A mover keeps the primary `waiting` from serving. */
  #silent(waiting: string, mover: Incarnation): void {
    this.#fence(mover, `did not tell mover ${waiting} what it holds`)
  }

  /** A mover keeps others from a file. */
  #holding(asking: string, { ino, volume, forMs, ...mover }: StuckMover): void {
    const what = `inode ${ino} of the volume ${volume}`
    this.#fence(mover, `was asked for ${what} by mover ${asking}, did nothing for that in ${Math.round(forMs)} ms`)
  }

  /** Kills a mover that others wait for. Who is still being started has a limit of its own. */
  #fence({ name, incarnation }: Incarnation, why: string): void {
    const mover = this.#movers.find((one) => one.name === name)
    if (mover?.process?.incarnation !== incarnation || mover.state !== 'serving') return
    mover.process.kill(`${why}, and was killed`)
  }

  /** Who the movers are: that is written down before one is told to start. */
  #running(): MoverRecord[] {
    return this.#movers.flatMap(({ name, process }) => (process === null ? [] : [{ name, ...process.identity }]))
  }

  #ready(mover: ManagedMover, serving: ServingState): void {
    if (!mover.ready(serving)) return
    if (this.#isUp) {
      this.#options.logger.info(`mover ${mover.name} serves again`)
      this.#replace()
      return
    }
    const all = this.#movers.map(({ name, serving }) => (serving === null ? null : { name, ...serving }))
    if (all.includes(null)) return
    this.#isUp = true
    this.#started.resolve(all.filter((one) => one !== null))
  }

  /** Volumes that have lost their primary get another one, if there is a mover that serves. */
  #replace(): void {
    this.#elections.elect([], (error) => {
      // Whoever is started next tries again.
      if (error !== null) this.#options.logger.error(`no primary can be elected: ${error.message}`)
    })
  }

  /** Nothing is left of a mover's process, or, when that is null, there could not be one. */
  #gone(mover: ManagedMover, process: RunningMover | null, reason: string): void {
    const { logger } = this.#options
    const { name } = mover
    mover.gone()
    if (process !== null) this.#tell({ type: 'gone', name, incarnation: process.incarnation })
    if (this.#isStopping) {
      if (reason !== 'stopped') this.#stopFailures.push(`mover ${name}: ${reason}`)
    } else if (!this.#isUp) {
      this.#started.reject(new Refusal(1, `mover ${name}: ${reason}`))
    } else {
      const delayMs = mover.nextDelayMs()
      logger.error(`mover ${name}: ${reason}; starting it again ${delayMs === 0 ? 'at once' : `in ${delayMs} ms`}`)
      this.#replace()
      mover.wait(delayMs, () => this.#launch([mover]))
    }
  }

  #tell(message: SupervisorMessage): void {
    for (const { process } of this.#movers) process?.tell(message)
  }
}

function namesOf(all: readonly { name: string }[]): string[] {
  return all.map(({ name }) => name)
}
