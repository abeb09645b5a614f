import type { Failure } from '../../mover/failure.ts'
import { type Credentials, type Intent, newOperation, type Operation } from '../../mover/files/service.ts'
import { Suspend } from '../../mover/suspend.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import type { MoverWorld, Secondary } from '../sim/mover-world.ts'
import { bytes, ROOT } from './files-support.ts'

/** Runs an operation at a mover to its end, as a protocol server does. */
export function call<T>(world: MoverWorld, attempt: (op: Operation) => T, credentials = ROOT): T {
  const op = newOperation(credentials, false)
  let result: { value: T } | null = null
  const run = (): void => {
    op.barrier = null
    op.forwarded?.rewind()
    try {
      result = { value: attempt(op) }
    } catch (error) {
      if (!(error instanceof Suspend)) throw error
      error.wait(run)
    }
  }
  run()
  world.env.runUntil(() => result !== null)
  world.env.runUntilIdle()
  return (result as unknown as { value: T }).value
}

/** What a page of a listing has. */
export interface Page {
  entries: { cookie: number; ino: number; name: string; object: Inode | Failure | null }[]
  isEnd: boolean
}

export interface ListingOptions {
  cookie?: number
  /** Entries that there is room for. */
  most?: number
  attributes?: boolean
  /** Inode of the export's root. */
  root?: number
  credentials?: Credentials
}

/** A client of a secondary. */
export class HeldClient {
  readonly world: MoverWorld
  readonly mover: Secondary

  constructor(world: MoverWorld, mover: Secondary) {
    this.world = world
    this.mover = mover
  }

  /** Messages that `run` takes, of the secondary's. */
  messages(run: () => void): number {
    const before = this.mover.session.counts.messagesSent
    run()
    return this.mover.session.counts.messagesSent - before
  }

  attributes(ino: number): Inode | Failure {
    return this.#on('attributes', ino, (_op, inode) => inode)
  }

  /** Who may use it, which a lock asks for. */
  access(ino: number, generation?: number): Inode | Failure {
    return this.#on('access', ino, (_op, inode) => inode, ROOT, generation)
  }

  setMode(ino: number, mode: number): void {
    const failure = this.#on('change', ino, (op, inode) => this.mover.files.setattr(op, inode, { mode }, null) ?? true)
    if (failure !== true) throw new Error(`SETATTR of ${ino}: ${failure}`)
  }

  lookup(dir: number, name: string, credentials = ROOT): number | Failure {
    return this.#on(
      'names',
      dir,
      (op, inode) => {
        const found = this.mover.files.lookup(op, inode, bytes(name), dir)
        return typeof found === 'string' ? found : found.ino
      },
      credentials,
    )
  }

  /** A page of a directory. */
  list(dir: number, options: ListingOptions = {}): Page | Failure {
    const { files } = this.mover
    const { cookie = 0, most = 1000, attributes = false, root = files.rootIno, credentials = ROOT } = options
    return this.#on(
      'names',
      dir,
      (op, inode) => {
        const entries: Page['entries'] = []
        const room = { bytes: 2 ** 20, attributes }
        const isEnd = files.readdir(op, inode, cookie, root, room, (next, ino, all, start, end) => {
          if (entries.length === most) return false
          const object = attributes ? files.entry(op, inode, ino) : null
          // What `entry` gives holds until the next one.
          const shown = typeof object === 'object' && object !== null ? copied(object) : object
          entries.push({
            cookie: next,
            ino,
            name: Buffer.from(all.subarray(start, end)).toString('latin1'),
            object: shown,
          })
          return true
        })
        return typeof isEnd === 'string' ? isEnd : { entries, isEnd }
      },
      credentials,
    )
  }

  readlink(link: number, generation?: number): Uint8Array | Failure {
    return this.#on('names', link, (op, inode) => this.mover.files.readlink(op, inode), ROOT, generation)
  }

  create(dir: number, name: string): number {
    const made = this.#on('change', dir, (op, inode) => {
      const file = this.mover.files.create(op, inode, bytes(name), { kind: 'guarded', attributes: { mode: 0o644 } })
      return typeof file === 'string' ? file : file.ino
    })
    if (typeof made === 'string') throw new Error(`CREATE ${name}: ${made}`)
    return made
  }

  remove(dir: number, name: string): void {
    const failure = this.#on('change', dir, (op, inode) => this.mover.files.remove(op, inode, bytes(name)) ?? true)
    if (failure !== true) throw new Error(`REMOVE ${name}: ${failure}`)
  }

  #on<T>(
    intent: Intent,
    ino: number,
    attempt: (op: Operation, inode: Inode) => T | Failure,
    credentials = ROOT,
    generation = this.world.files.inode(ino).generation,
  ): T | Failure {
    return call(
      this.world,
      (op) => {
        op.intent = intent
        const inode = this.mover.files.inode(op, ino, generation)
        return typeof inode === 'string' ? inode : attempt(op, inode)
      },
      credentials,
    )
  }
}

/** What an object shows now. */
function copied(object: Inode): Inode {
  const { ino, generation, type, mode, nlink, uid, gid, size, space, change, isCurrent } = object
  return { ...object, ino, generation, type, mode, nlink, uid, gid, size, space, change, isCurrent }
}
