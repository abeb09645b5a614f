/**
 * One mover's process, started by a supervisor with a channel as descriptor 3 and the claims of the volumes' devices
 * behind it. It serves from `start` to `stop`, and ends by itself when its supervisor dies or falls silent.
 */
import fs from 'node:fs'
import v8 from 'node:v8'
import type { Logger } from 'pino'
import type { Config } from './config/schema.ts'
import { type ControlActions, type ControlRoutes, type ControlServer, startControl } from './control/server.ts'
import {
  CHANNEL_FD,
  type Channel,
  type InheritedClaim,
  type MoverMessage,
  openMoverChannel,
  type StartMessage,
  type SupervisorMessage,
} from './host/channel.ts'
import { SupervisorWatch } from './host/lease.ts'
import { createLogger } from './host/logger.ts'
import { controlSocket, readHandleKey } from './host/state-folder.ts'
import { RenewedLease } from './lease.ts'
import { Mover } from './mover.ts'
import { RealEnvironment } from './real-environment.ts'
import { socketClient } from './rpc/client/rpc-client.ts'
import { type AssignedVolume, VolumeSet } from './volume-set.ts'

/**
 * V8 compiles well what has run some thousand times: a mover's calls have, seconds after its start, and after a take-over its
 * clients wait for it. Some hundreds tell as much of its code; of what only its start needs they tell nothing, so that this is
 * set when it has begun to serve: a third of its start would be compiling.
 */
const V8_OPTIONS_SERVING = [
  '--invocation-count-for-maglev=100',
  '--invocation-count-for-turbofan=500',
  '--minimum-invocations-after-ic-update=100',
]
/** How long after it has begun to serve. */
const START_MS = 1000
/** How long it may take to say why a mover has failed. */
const LAST_WORDS_MS = 1000

function compileSoon(): void {
  for (const option of V8_OPTIONS_SERVING) v8.setFlagsFromString(option)
}

class MoverMain {
  readonly #name: string
  readonly #logger: Logger
  readonly #environment = new RealEnvironment()
  readonly #channel: Channel<SupervisorMessage, MoverMessage>
  readonly #supervisor: SupervisorWatch
  /** What is running, in the order in which it was started. */
  #volumes: VolumeSet | null = null
  #mover: Mover | null = null
  #control: ControlServer | null = null
  #starting: Promise<void> | null = null
  #stopping: Promise<void> | null = null
  #isClosing = false
  #isFailed = false
  /** Null while it serves nobody. */
  #lease: RenewedLease | null = null

  constructor(name: string) {
    this.#name = name
    this.#logger = createLogger(name)
    this.#supervisor = new SupervisorWatch({
      env: this.#environment,
      orphaned: (why) => this.#orphaned(why),
      end: () => process.exit(1),
    })
    this.#channel = openMoverChannel(
      (message) => this.#received(message),
      () => this.#supervisor.lost('the supervisor is gone'),
    )
    process.on('SIGTERM', () => void this.#stop())
    // Ctrl-C reaches the whole process group; the supervisor says what it means.
    for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {})
  }

  #received(message: SupervisorMessage): void {
    if (message.type === 'ping') {
      this.#supervisor.asked()
      this.#lease?.renew(message.atMs)
      this.#channel.send({ type: 'pong' })
    } else if (message.type === 'start') {
      if (this.#stopping !== null) return
      this.#starting = this.#start(message).catch((error: Error) => {
        // What a mover that ends has given up is no failure.
        if (this.#stopping === null) this.#fail(error)
      })
    } else if (message.type === 'started') {
      this.#volumes?.started(message)
    } else if (message.type === 'gone') {
      this.#volumes?.gone(message)
    } else if (message.type === 'reigns') {
      this.#volumes?.reigns(message.roles, message.holders)
    } else if (message.type === 'stop') {
      void this.#stop()
    } else {
      void this.#close()
    }
  }

  async #start({ config, claims, roles, incarnation, state, movers, holders }: StartMessage): Promise<void> {
    const mover = config.movers.find(({ name }) => name === this.#name)
    if (mover === undefined) throw new Error(`the configuration has no mover ${this.#name}`)
    const environment = this.#environment
    const logger = this.#logger
    const { leaseMs, graceMs } = config.timing
    this.#supervisor.begin(leaseMs)
    const lease = new RenewedLease(leaseMs, () => environment.hostMs())
    this.#lease = lease
    this.#volumes = new VolumeSet({
      volumes: config.volumes.map(({ name }) => assigned(name, config, claims, roles)),
      self: { name: this.#name, incarnation },
      movers,
      names: config.movers.map(({ name }) => name),
      holders,
      stateDir: config.stateDir,
      cacheBytes: config.cache.perMoverBytes,
      leaseMs,
      graceMs,
      lease,
      environment,
      logger,
      onFatal: (reason) => this.#fail(new Error(reason)),
      onSilent: (mover) => this.#channel.send({ type: 'silent', ...mover }),
      onStuck: (mover, volume, what) => this.#channel.send({ type: 'stuck', ...mover, volume, ...what }),
    })
    await this.#volumes.open()
    const { volumes } = this.#volumes
    const handleKey = readHandleKey(config.stateDir)
    if (this.#stopping !== null) return
    this.#mover = new Mover({
      mover,
      config,
      volumes,
      handleKey,
      state,
      lease,
      client: socketClient(environment, mover.name, undefined, lease),
      environment,
      logger,
    })
    // One that is alone is never asked.
    if (config.movers.length > 1) {
      lease.begin()
      this.#supervisor.serves()
    }
    const serving = await this.#mover.listen()
    this.#volumes.serving()
    setTimeout(compileSoon, START_MS).unref()
    const routes = controlRoutes(this.#mover)
    const socket = controlSocket(config.stateDir, { mover: this.#name })
    this.#control = await startControl(socket, routes, controlActions(this.#mover))
    for (const { path, reason } of serving.unserved) logger.warn(`export ${path} is not served: ${reason}`)
    this.#channel.send({ type: 'ready', serving })
  }

  /** Lets clients go, then the primaries of other volumes: nothing more comes from here. */
  #stop(): Promise<void> {
    this.#stopping ??= this.#letGo().then(
      () => this.#channel.send({ type: 'quiet' }),
      (error: Error) => this.#fail(error),
    )
    return this.#stopping
  }

  async #letGo(): Promise<void> {
    this.#volumes?.stopWaiting()
    await this.#starting
    await this.#control?.close()
    await this.#mover?.close()
    await this.#volumes?.leavePrimaries()
  }

  /** Writes what is dirty, closes the volumes, ends. */
  async #close(): Promise<void> {
    if (this.#isClosing) return
    this.#isClosing = true
    try {
      await this.#stop()
      if (this.#isFailed) return
      await this.#volumes?.close()
    } catch (error) {
      this.#fail(error as Error)
      return
    }
    this.#channel.send({ type: 'stopped' }, () => process.exit(0))
  }

  /** Ends at once: what has not reached a device stays unacknowledged, what has is in the log. */
  #fail(error: Error): void {
    this.#isFailed = true
    this.#logger.debug({ err: error }, 'failed')
    this.#channel.send({ type: 'failed', message: error.message }, () => process.exit(1))
    setTimeout(() => process.exit(1), LAST_WORDS_MS)
  }

  #orphaned(why: string): void {
    if (this.#stopping === null) this.#logger.error(`${why}: ending`)
    void this.#close()
  }
}

function controlRoutes(mover: Mover): ControlRoutes {
  return {
    '/status': () => mover.status(),
    '/locks': () => mover.locks(),
    '/locks/find': ({ id = '' }) => mover.findLock(id),
    '/clients': () => mover.clients(),
    '/find': async ({ file = '' }) => ({ file: await mover.find(file) }),
    '/trace': ({ volume = '', ino, trace, after }) =>
      mover.trace(volume, Number(ino), trace ?? null, Number(after ?? 0)),
  }
}

function controlActions(mover: Mover): ControlActions {
  return { '/locks/break': ({ id = '' }) => mover.breakLock(id) }
}

function assigned(
  volume: string,
  config: Config,
  claims: readonly InheritedClaim[],
  roles: StartMessage['roles'],
): AssignedVolume {
  const volumeConfig = config.volumes.find(({ name }) => name === volume)
  const claim = claims.find((one) => one.volume === volume)
  const role = roles.find((one) => one.volume === volume)
  if (volumeConfig === undefined || claim === undefined || role === undefined) {
    throw new Error(`the supervisor gave no claim or role of the volume ${volume}`)
  }
  return { claimed: { config: volumeConfig, fd: claim.fd }, role }
}

function isChannelOpen(): boolean {
  try {
    return fs.fstatSync(CHANNEL_FD).isSocket()
  } catch {
    return false
  }
}

if (isChannelOpen()) {
  new MoverMain(process.argv[2] ?? '')
} else {
  process.stderr.write('mover: is started by its supervisor: use lockkeeper up\n')
  process.exitCode = 2
}
