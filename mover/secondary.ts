import { MOVERLOCK_VERSION, type message, message_kind } from '../protocol/moverlock/moverlock.gen.ts'
import { Session, SessionError } from './authority/session.ts'
import type { FileService, Operation } from './files/service.ts'
import type { Incarnation, VolumeRole } from './host/channel.ts'
import { connectSession } from './sessions/socket.ts'
import type { SocketStream } from './sessions/stream.ts'
import type { FileDevice } from './store/file-device.ts'
import { findSuperblock } from './volume/device-io.ts'
import { ROOT_INO } from './volume/mkfs.ts'
import {
  type ClaimedVolume,
  closeDevice,
  describeDevice,
  deviceOf,
  type OpenedVolume,
  type VolumeHost,
  whole,
} from './volumes.ts'

export interface SecondaryOptions extends VolumeHost {
  claimed: ClaimedVolume
  role: VolumeRole
  /** This mover. */
  self: Incarnation
  /** Where the primary receives its secondaries. */
  socketPath: string
  /** A mover that has lost a primary waits so long for its supervisor to end it; then it ends by itself. */
  leaseMs: number
  /** Aborted while the volume is being opened: the mover is to end, and waits for nobody any longer. */
  signal: AbortSignal
}

/**
 * Opens a volume as a secondary, whose primary is waited for: the device is used without being owned. Rejects with an Error
 * that says why that cannot be.
 */
export async function openSecondary(options: SecondaryOptions): Promise<OpenedVolume> {
  const { claimed, role, environment: env, lanes, logger, socketPath, signal } = options
  const { name } = claimed.config
  const device = deviceOf(claimed, lanes, (line) => logger.warn(line))
  const { uuid } = await whole(findSuperblock(device))
  const stream = await connectSession(socketPath, env, signal)
  const session = await introduce(stream, device, uuid, options)
  let isClosing = false
  session.onEnd = (reason) => {
    if (isClosing) return
    const lost = `volume ${name}: the session with mover ${role.primary} has ended: ${reason}`
    env.timer(options.leaseMs, () => options.onFatal(lost))
  }
  return {
    name,
    service: new BusyService(uuid, env.randomBytes(8)),
    inodeByNumber: () => 'DELAY',
    reign: null,
    replayMemory: { find: () => null },
    status: () => ({
      name,
      device: device.name,
      readOnly: null,
      totalBytes: 0,
      freeBytes: 0,
      totalFiles: 0,
      freeFiles: 0,
      counters: {},
    }),
    close: () => {
      isClosing = true
      session.end('this mover ends')
      return closeDevice(device)
    },
  }
}

/** A session that the primary has welcomed. */
interface WelcomeSession {
  onEnd: (reason: string) => void
  end(reason: string): void
}

/** Says HELLO; resolves when the primary has said WELCOME. */
function introduce(
  stream: SocketStream,
  device: FileDevice,
  volume: Uint8Array,
  { role, self, environment, signal }: SecondaryOptions,
): Promise<WelcomeSession> {
  const { identity, direct } = describeDevice(device)
  return new Promise((resolve, reject) => {
    const refuse = (reason: string): void =>
      reject(new Error(`mover ${role.primary}, the primary, refuses a session: ${reason}`))
    const welcomed: WelcomeSession = { onEnd: refuse, end: (reason) => session.end(reason) }
    const session = new Session(stream, environment, {
      message: (message: message) => {
        if (message.kind === message_kind.WELCOME) {
          signal.removeEventListener('abort', giveUp)
          resolve(welcomed)
        } else if (message.kind === message_kind.REFUSED) refuse(Buffer.from(message.refused.reason).toString())
        else throw new SessionError('it says what this version does not know')
      },
      ended: (reason) => welcomed.onEnd(reason),
    })
    stream.deliverTo(session)
    const giveUp = (): void => session.end('this mover ends')
    signal.addEventListener('abort', giveUp)
    session.send({
      kind: message_kind.HELLO,
      hello: {
        protocol: MOVERLOCK_VERSION,
        mover: Buffer.from(self.name),
        incarnation: Buffer.from(self.incarnation, 'hex'),
        volume,
        term: role.term,
        device: Buffer.from(identity),
        direct,
      },
    })
  })
}

/** Asks clients to try again later, whatever they want. */
class BusyService implements FileService {
  readonly volumeUuid: Uint8Array
  readonly writeVerifier: Uint8Array
  readonly rootIno = ROOT_INO

  constructor(volumeUuid: Uint8Array, writeVerifier: Uint8Array) {
    this.volumeUuid = volumeUuid
    this.writeVerifier = writeVerifier
  }

  readonly #later = (): 'DELAY' => 'DELAY'
  readonly inode = this.#later
  readonly lookup = this.#later
  readonly setattr = this.#later
  readonly readlink = this.#later
  readonly read = this.#later
  readonly write = this.#later
  readonly create = this.#later
  readonly mkdir = this.#later
  readonly symlink = this.#later
  readonly mknod = this.#later
  readonly remove = this.#later
  readonly rmdir = this.#later
  readonly rename = this.#later
  readonly link = this.#later
  readonly readdir = this.#later
  readonly entry = this.#later
  readonly commit = this.#later

  getattr(_op: Operation): void {}

  access(): number {
    return 0
  }

  statistics(): ReturnType<FileService['statistics']> {
    return { totalBytes: 0, freeBytes: 0, totalFiles: 0, freeFiles: 0 }
  }
}
