import {
  type call,
  MOVERLOCK_VERSION,
  type message,
  message_kind,
  operation_kind,
  time_how,
} from '../protocol/moverlock/moverlock.gen.ts'
import { failureWord } from './authority/codes.ts'
import { SecondaryAuthority } from './authority/secondary.ts'
import { Session, SessionError } from './authority/session.ts'
import type { Environment } from './environment.ts'
import { HeldVolume } from './files/held-volume.ts'
import { SecondaryFiles } from './files/secondary-files.ts'
import type { Incarnation, VolumeRole } from './host/channel.ts'
import { connectSession } from './sessions/socket.ts'
import type { SocketStream } from './sessions/stream.ts'
import type { FileDevice } from './store/file-device.ts'
import { PagePool } from './store/page-pool.ts'
import { type Task, wait } from './task.ts'
import { findSuperblock } from './volume/device-io.ts'
import {
  type ClaimedVolume,
  closeDevice,
  describeDevice,
  deviceOf,
  INODE_CAPACITY,
  type OpenedVolume,
  pagesOf,
  type VolumeHost,
  whole,
} from './volumes.ts'

/** How long a mover that ends waits for what it holds to be given back; what is dirty has been written before. */
const RELEASE_LIMIT_MS = 2000

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
  const link = await introduce(stream, device, uuid, options)
  const fail = (error: Error): void => options.onFatal(`volume ${name}: ${error.message}`)
  const held: HeldVolume = new HeldVolume({
    device,
    env,
    authority: () => authority,
    pagePool: new PagePool(pagesOf(options.cacheBytes)),
    inodeCapacity: INODE_CAPACITY,
    setMode: (ino, mode, done) =>
      authority.call(modeCall(ino, mode, held.inode(ino)?.generation ?? 0), (answer) =>
        // Without a session nothing is answered any more.
        done(answer === null ? 'DELAY' : failureWord(answer.status)),
      ),
    onFailure: fail,
  })
  const authority = new SecondaryAuthority(link.session, held, env)
  const files = new SecondaryFiles({ volumeUuid: uuid, held, authority })
  // The first look at the status is to find something.
  files.latestStatistics()
  let isClosing = false
  link.onMessage = (message) => authority.received(message)
  link.onEnd = (reason) => {
    if (isClosing) return
    authority.ended()
    const lost = `volume ${name}: the session with mover ${role.primary} has ended: ${reason}`
    env.timer(options.leaseMs, () => options.onFatal(lost))
  }
  held.context.writeBack.onLoss = (inode, error) =>
    logger.error(
      `volume ${name}: data of inode ${inode.ino} could not be written (${error.message}); clients send it again`,
    )
  return {
    name,
    service: files,
    inodeByNumber: (op, ino) => files.find(op, ino),
    reign: null,
    replayMemory: { find: () => null },
    tokens: () => [],
    status: () => ({
      name,
      device: device.name,
      readOnly: held.volume.failure?.message ?? null,
      ...files.latestStatistics(),
      counters: {
        cachedPages: held.context.pages.usedCount,
        dirtyPages: held.context.pages.dirtyCount,
        cachedInodes: held.inodeCount,
        ...link.session.counts,
      },
    }),
    close: async () => {
      if (link.session.isOpen) {
        await whole(held.context.writeBack.drain())
        await whole(letGo(authority, env))
      }
      isClosing = true
      link.session.end('this mover ends')
      await closeDevice(device)
    },
  }
}

/** Gives everything back, so that the primary knows the times of what was written last. */
function* letGo({ tokens }: SecondaryAuthority, env: Environment): Task<void> {
  for (const ino of [...tokens.inos()]) tokens.giveUp(ino)
  for (let i = 0; i < RELEASE_LIMIT_MS && !tokens.inos()[Symbol.iterator]().next().done; i++) {
    yield* wait<void>((resume) => env.timer(1, () => resume(null)))
  }
}

/** A write takes setuid and setgid away, whoever may change the mode otherwise. */
function modeCall(ino: number, mode: number, generation: number): Omit<call, 'id'> {
  const leave = { how: time_how.LEAVE } as const
  const set = { mode, uid: null, gid: null, size: null, atime: leave, mtime: leave }
  const setattr = { what: { ino, generation }, set, guard: null }
  return {
    caller: { uid: 0, gid: 0, gids: [] },
    read_only: false,
    replay: null,
    what: { kind: operation_kind.SETATTR, setattr },
  }
}

/** A session that the primary has welcomed. What comes until `onMessage` is set would be lost: it is set in the same tick. */
interface Link {
  readonly session: Session
  onMessage: (message: message) => void
  onEnd: (reason: string) => void
}

/** Says HELLO; resolves when the primary has said WELCOME. */
function introduce(
  stream: SocketStream,
  device: FileDevice,
  volume: Uint8Array,
  { role, self, environment, signal }: SecondaryOptions,
): Promise<Link> {
  const { identity, direct } = describeDevice(device)
  return new Promise((resolve, reject) => {
    const refuse = (reason: string): void =>
      reject(new Error(`mover ${role.primary}, the primary, refuses a session: ${reason}`))
    const greeted = (message: message): void => {
      if (message.kind === message_kind.WELCOME) {
        signal.removeEventListener('abort', giveUp)
        link.onMessage = () => {
          throw new SessionError('it speaks before it was asked')
        }
        resolve(link)
      } else if (message.kind === message_kind.REFUSED) refuse(Buffer.from(message.refused.reason).toString())
      else throw new SessionError('it says what this version does not know')
    }
    const session: Session = new Session(stream, environment, {
      message: (message) => link.onMessage(message),
      ended: (reason) => link.onEnd(reason),
    })
    const link: Link = { session, onMessage: greeted, onEnd: refuse }
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
