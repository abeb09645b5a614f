import { join } from 'node:path'
import type { Test } from 'tap'
import type { Notice, ShownEvent } from '../../mover/cli/trace-merger.ts'
import { getControl } from '../../mover/control/client.ts'
import type { MoverLocks, MoverStatus, TokenStatus } from '../../mover/control/status.ts'
import type { MoverState } from '../../mover/host/managed-mover.ts'
import { controlSocket } from '../../mover/host/state-folder.ts'
import { createmode3, nfsstat3, stable_how } from '../../protocol/nfs3/nfs3.gen.ts'
import { Random } from '../crash/random.ts'
import { NfsClient, type Result } from '../faults/nfs-client.ts'
import { Command, identify, moverStates, until, workFolder, writeConfig } from './appliance.ts'
import { bytes, nothingSet } from './nfs3-client.ts'

const OK = nfsstat3.NFS3_OK
export const BLOCK = 4096
export type Handle = { data: Uint8Array }

/** Of '..'; entries come behind it. */
const PARENT_COOKIE = 2
const NO_VERIFIER = new Uint8Array(8)
const ROOM_BYTES = 65_536

/** What all sessions of a volume have carried, as its primary has counted it. */
export interface Carried {
  frames: number
  messages: number
  bytes: number
}

/** An appliance of several movers, a its primary, and NFS clients of each of them. */
export class ObservedAppliance {
  readonly state: string
  readonly config: string
  readonly up: Command
  readonly #t: Test
  #movers: MoverState[] = []
  #seed = 0

  private constructor(t: Test, names: readonly string[]) {
    const folder = workFolder(t)
    this.#t = t
    this.config = writeConfig(folder, {
      movers: names.map((name) => ({ name, nfs: 0, portmap: 0 })),
      cache: { perMover: '16MiB' },
      // Longer than a busy machine holds a process up.
      timing: { lease: '20s' },
    })
    this.state = join(folder, 'state')
    this.up = new Command(t, 'up', '--config', this.config)
  }

  static async start(t: Test, ...names: string[]): Promise<ObservedAppliance> {
    const appliance = new ObservedAppliance(t, names)
    await appliance.up.serving()
    appliance.#movers = await moverStates(appliance.state)
    return appliance
  }

  /** Kills a mover; resolves when it serves again. */
  async kill(mover: string): Promise<void> {
    const pid = this.#movers.find(({ name }) => name === mover)?.pid ?? 0
    process.kill(identify(pid).pid, 'SIGKILL')
    await until(`mover ${mover} serves again`, async () => {
      this.#movers = await moverStates(this.state)
      return this.#movers.every((one) => one.state === 'serving' && (one.name !== mover || one.pid !== pid))
    })
  }

  /** A client of a mover, with the share mounted. */
  async client(mover: string): Promise<ObservedClient> {
    const addresses = this.#movers.find(({ name }) => name === mover)?.addresses
    if (addresses == null) throw new Error(`mover ${mover} does not serve`)
    const nfs = new NfsClient(addresses.address, addresses.nfs, new Random(++this.#seed))
    this.#t.teardown(() => nfs.close())
    return new ObservedClient(nfs, await nfs.mount('/share'))
  }

  async status(mover: string): Promise<MoverStatus> {
    return (await getControl(controlSocket(this.state, { mover }), '/status')) as MoverStatus
  }

  /** To ask a secondary for its status would cost frames: the primary has the other end of every session. */
  async carried(): Promise<Carried> {
    const { counters } = (await this.status('a')).volumes[0]
    const both = (what: string): number => counters[`${what}Sent`] + counters[`${what}Received`]
    return { frames: both('frames'), messages: both('messages'), bytes: both('bytes') }
  }

  /** Frames that all sessions together have carried meanwhile. */
  async framesOf(action: () => Promise<unknown>): Promise<number> {
    const before = await this.carried()
    await action()
    return (await this.carried()).frames - before.frames
  }

  /** Bytes of files that have crossed a session, as each of the movers has counted them. */
  async fileBytes(): Promise<number[]> {
    const all = await Promise.all(this.#movers.map(({ name }) => this.status(name)))
    return all.map(({ volumes }) => volumes[0].counters['fileBytes'])
  }

  /** Tokens of a file that are held, as the primary knows them. */
  async tokens(ino: number, mover = 'a'): Promise<TokenStatus[]> {
    const { files } = (await getControl(controlSocket(this.state, { mover }), '/locks')) as MoverLocks
    return files.find((file) => file.ino === ino)?.held ?? []
  }

  /** Traces a file from now on. */
  async trace(file: string): Promise<Trace> {
    const trace = new Trace(this.#t, 'trace', file, '--json', '--config', this.config)
    await until('all movers are traced', () => trace.notices.length === this.#movers.length)
    return trace
  }
}

/** `lockkeeper trace FILE --json`. */
export class Trace extends Command {
  #seen = 0

  get notices(): Notice[] {
    return this.#all.filter((shown) => 'notice' in shown)
  }

  get events(): ShownEvent[] {
    return this.#all.filter((shown): shown is ShownEvent => !('notice' in shown))
  }

  get #all(): (Notice | ShownEvent)[] {
    return this.out
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
  }

  /** The next events up to one of which this is true. */
  async upTo(isLast: (event: ShownEvent) => boolean): Promise<ShownEvent[]> {
    let end = 0
    await until('the trace has what is waited for', () => {
      end = this.events.findIndex((event, at) => at >= this.#seen && isLast(event)) + 1
      return end > 0
    })
    const events = this.events.slice(this.#seen, end)
    this.#seen = end
    return events
  }
}

/** What a client does with a file. Throws unless all is well. */
export class ObservedClient {
  readonly nfs: NfsClient
  readonly root: Handle

  constructor(nfs: NfsClient, root: Handle) {
    this.nfs = nfs
    this.root = root
  }

  /** Makes a file with content in so many blocks; its handle is good at every mover. */
  async create(name: string, blocks: number, dir = this.root): Promise<{ handle: Handle; ino: number }> {
    const how = { mode: createmode3.GUARDED, obj_attributes: nothingSet() } as const
    const handle = madeBy(await this.nfs.call('NFSPROC3_CREATE', { where: { dir, name: bytes(name) }, how }))
    if (blocks > 0) await this.write(handle, 0, blocks)
    return { handle, ino: await this.stat(handle) }
  }

  async mkdir(name: string): Promise<Handle> {
    const where = { dir: this.root, name: bytes(name) }
    return madeBy(await this.nfs.call('NFSPROC3_MKDIR', { where, attributes: nothingSet() }))
  }

  async symlink(dir: Handle, name: string, target: string): Promise<Handle> {
    const symlink = { symlink_attributes: nothingSet(), symlink_data: bytes(target) }
    return madeBy(await this.nfs.call('NFSPROC3_SYMLINK', { where: { dir, name: bytes(name) }, symlink }))
  }

  async readlink(symlink: Handle): Promise<string> {
    const read = await this.nfs.call('NFSPROC3_READLINK', { symlink })
    if (read.status !== OK) throw new Error(`READLINK: ${read.status}`)
    return Buffer.from(read.resok.data).toString()
  }

  /** Names in a directory, in the order of their making. */
  async list(dir: Handle): Promise<string[]> {
    const args = { dir, cookie: PARENT_COOKIE, cookieverf: NO_VERIFIER, count: ROOM_BYTES }
    const listed = await this.nfs.call('NFSPROC3_READDIR', args)
    if (listed.status !== OK || !listed.resok.reply.eof) throw new Error(`READDIR: ${listed.status}`)
    return listed.resok.reply.entries.map(({ name }) => Buffer.from(name).toString())
  }

  /** The same, with each object's number of names. */
  async listWithLinks(dir: Handle): Promise<[string, number | null][]> {
    const room = { dircount: ROOM_BYTES, maxcount: ROOM_BYTES }
    const args = { dir, cookie: PARENT_COOKIE, cookieverf: NO_VERIFIER, ...room }
    const listed = await this.nfs.call('NFSPROC3_READDIRPLUS', args)
    if (listed.status !== OK || !listed.resok.reply.eof) throw new Error(`READDIRPLUS: ${listed.status}`)
    return listed.resok.reply.entries.map(({ name, name_attributes: shown }) => {
      return [Buffer.from(name).toString(), shown.attributes_follow ? shown.attributes.nlink : null]
    })
  }

  async link(file: Handle, dir: Handle, name: string): Promise<void> {
    const linked = await this.nfs.call('NFSPROC3_LINK', { file, link: { dir, name: bytes(name) } })
    if (linked.status !== OK) throw new Error(`LINK: ${linked.status}`)
  }

  /** Reads whole blocks; resolves with the letter that each of them is full of. */
  async read(file: Handle, first: number, count = 1): Promise<string> {
    const read = await this.nfs.call('NFSPROC3_READ', { file, offset: first * BLOCK, count: count * BLOCK })
    if (read.status !== OK) throw new Error(`READ: ${read.status}`)
    const { data } = read.resok
    let letters = ''
    for (let at = 0; at < data.length; at += BLOCK) {
      const letter = String.fromCharCode(data[at])
      letters += Buffer.alloc(BLOCK, letter).equals(data.subarray(at, at + BLOCK)) ? letter : '?'
    }
    return letters
  }

  /** Writes whole blocks full of a letter, durably. */
  async write(file: Handle, first: number, count = 1, letter = 'x'): Promise<void> {
    const data = Buffer.alloc(count * BLOCK, letter)
    const args = { file, offset: first * BLOCK, count: data.length, stable: stable_how.FILE_SYNC, data }
    const written = await this.nfs.call('NFSPROC3_WRITE', args)
    if (written.status !== OK || written.resok.count !== data.length) throw new Error(`WRITE: ${written.status}`)
  }

  /** Looks at a file's attributes; resolves with its inode number. */
  async stat(object: Handle): Promise<number> {
    const found = await this.nfs.call('NFSPROC3_GETATTR', { object })
    if (found.status !== OK) throw new Error(`GETATTR: ${found.status}`)
    return found.resok.obj_attributes.fileid
  }
}

/** The handle of what was made. */
function madeBy(made: Result<'NFSPROC3_CREATE' | 'NFSPROC3_MKDIR' | 'NFSPROC3_SYMLINK'>): Handle {
  if (made.status !== OK || !made.resok.obj.handle_follows) throw new Error(`it was not made: ${made.status}`)
  return { data: made.resok.obj.handle.data.slice() }
}
