import type { Test } from 'tap'
import { Session } from '../../mover/authority/session.ts'
import { FILE_END } from '../../mover/locks/token.ts'
import { PrimaryReign } from '../../mover/primary-reign.ts'
import {
  type commit,
  type grant,
  MOVERLOCK_VERSION,
  type message,
  message_kind,
  type run,
  type token_kind,
  type written,
} from '../../protocol/moverlock/moverlock.gen.ts'
import type { TestEnvironment } from '../crash/test-environment.ts'
import { FilesWorld } from './files-support.ts'
import { memoryLogger } from './rpc-support.ts'
import { check } from './volume-spoil.ts'

const INCARNATION = '01'.repeat(16)
const DEVICE = { identity: 'file 1:2', direct: true }
export const MOST_RESERVED = 64
export const WHOLE = { start: 0, end: FILE_END }

/** A primary with a file, and a mover without manners. */
export class Rude {
  readonly world = new FilesWorld()
  readonly ino = this.world.create('f')
  readonly log = memoryLogger()
  readonly reign: PrimaryReign
  readonly got: message[] = []
  readonly session: Session
  readonly #primary: Session

  /** When the device has last answered; null: it does. */
  answeredMs: number | null = null

  /** `holds`: the mover may have something of an earlier reign. `isSilent`: it has not said yet what. */
  constructor(holds = false, isSilent = holds) {
    const { files, env } = this.world
    this.world.write(this.ino, 0, new Uint8Array(10_000).fill(1), 'fileSync')
    this.reign = new PrimaryReign({
      name: 'share',
      term: 1,
      device: DEVICE,
      files,
      mostReserved: MOST_RESERVED,
      env,
      answeredMs: () => this.answeredMs ?? env.monotonicMs(),
      logger: this.log.logger,
      holders: holds ? [{ name: 'b', incarnation: INCARNATION }] : [],
      ...{ movers: [], self: '', noted: new Map(), graceMs: 30_000, isCalm: false },
      trace: null,
    })
    const { session, primary } = this.#join(INCARNATION)
    this.session = session
    this.#primary = primary
    if (!isSilent) this.say({ kind: message_kind.ASSERTED })
  }

  /** The mover as another process, which has said that it holds nothing: what it is told. */
  again(): message[] {
    const { session } = this.#join('02'.repeat(16))
    this.got.length = 0
    session.send({ kind: message_kind.ASSERTED })
    session.flush()
    this.#settle()
    return [...this.got]
  }

  #join(incarnation: string): { session: Session; primary: Session } {
    const { files, env } = this.world
    let primary: Session | null = null
    const session = new Session({ write: (bytes) => later(env, primary, bytes), close: () => {} }, env, {
      message: (message) => this.got.push(structuredClone(message)),
      ended: () => {},
    })
    const back = {
      write: (bytes: Uint8Array) => later(env, session, bytes),
      close: () => {},
    }
    primary = this.reign.accept(back, {
      protocol: MOVERLOCK_VERSION,
      mover: Buffer.from('b'),
      incarnation: Buffer.from(incarnation, 'hex'),
      volume: files.volumeUuid,
      term: 1,
      device: Buffer.from(DEVICE.identity),
      direct: DEVICE.direct,
    })
    return { session, primary }
  }

  /** Messages that have arrived. */
  get received(): number {
    return this.#primary.counts.messagesReceived
  }

  /** Calls among them. */
  get calls(): number {
    return this.#primary.counters()['received.CALL'] ?? 0
  }

  #settle(): void {
    this.world.env.runUntilIdle()
  }

  /** Why the primary has ended the session. */
  get endedWith(): string | null {
    return this.log.lines.find(({ msg }) => msg.includes('has ended'))?.msg ?? null
  }

  /** Says something; returns what is answered. */
  say(message: message): message[] {
    this.got.length = 0
    this.session.send(message)
    this.session.flush()
    this.#settle()
    return [...this.got]
  }

  lock(kind: token_kind, start = 0, end = 1): grant {
    const id = ++this.#lastId
    const lock = { ino: this.ino, id, kind, need: { start, end }, exact: false }
    const [answer] = this.say({ kind: message_kind.LOCK, lock })
    if (answer?.kind !== message_kind.GRANT) throw new Error(`no grant: ${JSON.stringify(answer)}`)
    return answer.grant
  }

  reserve(count: number): run[] {
    const [answer] = this.say({ kind: message_kind.RESERVE, reserve: { id: ++this.#lastId, count } })
    if (answer?.kind !== message_kind.RESERVED) throw new Error(`nothing reserved: ${JSON.stringify(answer)}`)
    return answer.reserved.runs
  }

  commit(changes: Partial<commit>): message {
    const { size } = this.world.inode(this.ino)
    const told = { id: ++this.#lastId, ino: this.ino, size, changes: this.written(), runs: [] }
    return { kind: message_kind.COMMIT, commit: { ...told, ...changes } }
  }

  /** A change, a second after the last one. */
  written(changes: Partial<written> = {}): written {
    const { size, ctimeSec } = this.world.inode(this.ino)
    const time = { sec: ctimeSec + 1, nsec: 0 }
    return { sequence: ++this.#lastId, size, atime: time, mtime: time, ctime: time, changes: 1, ...changes }
  }

  /** Its process is gone. */
  die(): void {
    this.reign.gone({ name: 'b', incarnation: INCARNATION })
    this.#settle()
  }

  /** All that a mover could spoil. */
  state(): unknown {
    const { size, change, ctimeSec, ctimeNsec, mtimeSec, mode, nlink, blocks } = this.world.inode(this.ino)
    const { space } = this.world.files.volume
    const { change: rootChange, size: rootSize } = this.world.root as { change: number; size: number }
    return {
      file: [size, change, ctimeSec, ctimeNsec, mtimeSec, mode, nlink],
      root: [rootSize, rootChange],
      /** Free, or the file's. */
      free: space.dataFree + space.pendingBlocks + blocks,
    }
  }

  #lastId = 0
}

function later(env: TestEnvironment, to: Session | null, bytes: Uint8Array): void {
  const copy = bytes.slice()
  env.defer(() => to?.received(copy))
}

export function runOf(start: number, length: number): run {
  return { start, length }
}

export function isClean(t: Test, rude: Rude): void {
  rude.world.world.run(rude.world.files.close())
  t.same(check(rude.world.env, rude.world.device).problems, [])
}

export function removal({ world }: Rude): Extract<message, { kind: typeof message_kind.CALL }>['call'] {
  const dir = { ino: world.files.rootIno, generation: world.root.generation }
  return {
    id: 1,
    caller: { uid: 0, gid: 0, gids: [] },
    read_only: false,
    replay: null,
    what: { kind: 9, where: { dir, what: Buffer.from('f') } },
  }
}
