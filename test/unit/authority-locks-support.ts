/** A primary and two secondaries, whose clients lock a file. */
import { PrimaryAuthority } from '../../mover/authority/primary.ts'
import { PrimaryLocks } from '../../mover/authority/primary-locks.ts'
import { Session } from '../../mover/authority/session.ts'
import { type ClientLock, type ClientLocks, HeldClientLocks, type LockMode } from '../../mover/files/client-locks.ts'
import { GovernedVolume } from '../../mover/files/governed-volume.ts'
import { type LockedFiles, lockedFiles } from '../../mover/files/lock-records.ts'
import type { Operation } from '../../mover/files/service.ts'
import type { LockOutcome } from '../../mover/locks/client-lock.ts'
import { message_kind } from '../../protocol/moverlock/moverlock.gen.ts'
import type { TestEnvironment } from '../crash/test-environment.ts'
import { MoverWorld, type Secondary, type SimulatedMover } from '../sim/mover-world.ts'
export const GRACE_MS = 30_000
/** As in the configuration. */
export const MOVERS = ['primary', 'secondary 1', 'secondary 2']
/** Long enough for everything that is done when nobody has locks any more. */
export const QUIET_MS = 20_000

export function range(client: string, start: number, end: number | bigint, isExclusive = true): ClientLock {
  const owner = { protocol: 'nlm', client, owner: 'process 7' } as const
  return { kind: 'range', owner, flavour: 'posix', start, end, isExclusive }
}

/** One direction of a session. */
class Wire {
  readonly #env: TestEnvironment
  receiver: Session | null = null

  constructor(env: TestEnvironment) {
    this.#env = env
  }

  write(bytes: Uint8Array): void {
    const copy = bytes.slice()
    this.#env.work(0, () => this.receiver?.received(copy))
  }

  close(): void {}
}

interface Asked {
  outcome: LockOutcome | null
}

/** A primary and two secondaries with a file, and clients of each. */
export class Locks {
  readonly world = new MoverWorld(1, 2)
  readonly primary = this.world.primary
  readonly first = this.world.secondaries[0]
  readonly second = this.world.secondaries[1]
  readonly ino = this.world.create(this.primary, 'f')
  /** Who has been granted what it has waited for. */
  readonly granted: string[] = []
  readonly #locks = new Map<SimulatedMover, ClientLocks>()

  constructor() {
    for (const mover of [this.primary, this.first, this.second]) {
      const { locks } = mover.authority
      const clientLocks = new HeldClientLocks(locks.holder, locks, () => locks.arm())
      clientLocks.listener = {
        granted: (ino, _, lock) => this.granted.push(`${lock.owner.client} on ${ino}`),
        gone: (ino) => this.granted.push(`gone ${ino}`),
        broken: () => {},
      }
      this.#locks.set(mover, clientLocks)
    }
    this.world.env.runUntilIdle()
  }

  /** Frames, and messages about client locks, that the mover's session has carried in both directions. */
  said({ session }: { session: Locks['first']['session'] }): { frames: number; messages: number } {
    const counters = session.counters()
    const kinds = Object.keys(message_kind).filter((name) => name.startsWith('LOCK_'))
    const messages = kinds.reduce(
      (sum, kind) => sum + (counters[`sent.${kind}`] ?? 0) + (counters[`received.${kind}`] ?? 0),
      0,
    )
    return { frames: (counters['framesSent'] ?? 0) + (counters['framesReceived'] ?? 0), messages }
  }

  /** Begins to ask; its outcome comes. */
  start(mover: SimulatedMover, what: (locks: ClientLocks, op: Operation) => LockOutcome): Asked {
    const locks = this.#locks.get(mover) as ClientLocks
    const asked: Asked = { outcome: null }
    let outcome: LockOutcome | null = null
    const attempt = (op: Operation): null => {
      outcome = what(locks, op)
      return null
    }
    this.world.run(mover, attempt, () => {
      asked.outcome = outcome
    })
    return asked
  }

  ask(mover: SimulatedMover, what: (locks: ClientLocks, op: Operation) => LockOutcome): LockOutcome {
    const asked = this.start(mover, what)
    this.world.env.runUntil(() => asked.outcome !== null)
    return asked.outcome as unknown as LockOutcome
  }

  lock(mover: SimulatedMover, lock: ClientLock, mode: LockMode = 'try', ino = this.ino): string {
    return this.ask(mover, (locks, op) => locks.lock(op, ino, lock, mode)).type
  }

  unlock(mover: SimulatedMover, lock: ClientLock): string {
    return this.ask(mover, (locks, op) => locks.unlock(op, this.ino, lock)).type
  }

  pass(ms: number): void {
    let isOver = false
    this.world.env.timer(ms, () => {
      isOver = true
    })
    this.world.env.runUntil(() => isOver)
  }

  /**
   * Another primary, without a mover of its own, to which `survivors` say what they have; `known`: these know what all their
   * clients have.
   */
  takeOver(survivors: readonly Secondary[], known = survivors): PrimaryAuthority {
    const { files, env } = this.world.files
    const notes = new GovernedVolume(files.context, () => {}, 0)
    const noted = this.world.files.world.run(lockedFiles(files.volume)) as LockedFiles
    const locks = new PrimaryLocks({ notes, env, graceMs: GRACE_MS, movers: MOVERS, self: '', noted })
    locks.serving()
    const primary = new PrimaryAuthority(notes, files.volume.log, env, locks, true)
    let asserting = survivors.length
    for (const { name, authority } of survivors) {
      authority.parted()
      const [up, down] = [new Wire(env), new Wire(env)]
      const ended = (reason: string): void => {
        throw new Error(reason)
      }
      const above: Session = new Session(down, env, { message: (message) => peer.received(message), ended })
      const below = new Session(up, env, { message: (message) => authority.received(message), ended })
      up.receiver = above
      down.receiver = below
      const peer = primary.admit(name, above, () => {
        if (--asserting === 0) primary.recovered(known.map(({ name }) => name))
      })
      authority.join(below)
    }
    return primary
  }

  isNoted(): boolean {
    return this.world.files.inode(this.ino).lockers !== 0
  }
}
