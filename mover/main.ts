/**
 * One mover's process, started by a supervisor with a channel as descriptor 3 and the claims of the volumes' devices
 * behind it. It serves from `start` to `stop`, and ends by itself when its supervisor dies.
 */
import fs from 'node:fs'
import type { Logger } from 'pino'
import type { Config } from './config/schema.ts'
import { type ControlServer, startControl } from './control/server.ts'
import {
  CHANNEL_FD,
  type Channel,
  type InheritedClaim,
  type MoverMessage,
  openMoverChannel,
  type SupervisorMessage,
} from './host/channel.ts'
import { createLogger } from './host/logger.ts'
import { controlSocket, readHandleKey } from './host/state-folder.ts'
import { Mover } from './mover.ts'
import { RealEnvironment } from './real-environment.ts'
import { openVolumes } from './volumes.ts'

/** Without a supervisor nobody holds the volumes for us: what is not written within a lease stays in the log. */
const ORPHAN_LIMIT_MS = 1000

class MoverMain {
  readonly #name: string
  readonly #logger: Logger
  readonly #channel: Channel<SupervisorMessage, MoverMessage>
  /** What is running, in the order in which it was started. */
  #mover: Mover | null = null
  #control: ControlServer | null = null
  #starting: Promise<void> | null = null
  #stopping = false

  constructor(name: string) {
    this.#name = name
    this.#logger = createLogger(name)
    this.#channel = openMoverChannel(
      (message) => this.#received(message),
      () => this.#orphaned(),
    )
    process.on('SIGTERM', () => void this.#stop())
    // Ctrl-C reaches the whole process group; the supervisor says what it means.
    for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {})
  }

  #received(message: SupervisorMessage): void {
    if (message.type === 'start') {
      this.#starting = this.#start(message.config, message.claims).catch((error: Error) => this.#fail(error))
    } else {
      void this.#stop()
    }
  }

  async #start(config: Config, claims: readonly InheritedClaim[]): Promise<void> {
    const mover = config.movers.find(({ name }) => name === this.#name)
    if (mover === undefined) throw new Error(`the configuration has no mover ${this.#name}`)
    const environment = new RealEnvironment()
    const logger = this.#logger
    const volumes = await openVolumes({
      volumes: config.volumes.map((volume) => ({ config: volume, fd: claimOf(claims, volume.name) })),
      cacheBytes: config.cache.perMoverBytes,
      environment,
      logger,
      onFatal: (reason) => this.#fail(new Error(reason)),
    })
    const handleKey = readHandleKey(config.stateDir)
    this.#mover = new Mover({ mover, config, volumes, handleKey, environment, logger })
    if (this.#stopping) return
    const serving = await this.#mover.listen()
    const status = (): unknown => this.#mover?.status()
    this.#control = await startControl(controlSocket(config.stateDir, { mover: this.#name }), { '/status': status })
    for (const { path, reason } of serving.unserved) logger.warn(`export ${path} is not served: ${reason}`)
    this.#channel.send({ type: 'ready', serving })
  }

  /** Lets clients go, writes what is dirty, closes the volumes, ends. */
  async #stop(): Promise<void> {
    if (this.#stopping) return
    this.#stopping = true
    try {
      await this.#starting
      await this.#control?.close()
      await this.#mover?.close()
    } catch (error) {
      this.#fail(error as Error)
      return
    }
    this.#channel.send({ type: 'stopped' }, () => process.exit(0))
  }

  /** Ends at once: what has not reached a device stays unacknowledged, what has is in the log. */
  #fail(error: Error): void {
    this.#logger.debug({ err: error }, 'failed')
    this.#channel.send({ type: 'failed', message: error.message }, () => process.exit(1))
    setTimeout(() => process.exit(1), ORPHAN_LIMIT_MS)
  }

  #orphaned(): void {
    if (!this.#stopping) this.#logger.error('the supervisor is gone: ending')
    setTimeout(() => process.exit(1), ORPHAN_LIMIT_MS)
    void this.#stop()
  }
}

function claimOf(claims: readonly InheritedClaim[], volume: string): number {
  const claim = claims.find((candidate) => candidate.volume === volume)
  if (claim === undefined) throw new Error(`the supervisor gave no claim of the volume ${volume}`)
  return claim.fd
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
