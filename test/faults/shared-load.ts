import { createmode3, type fattr3, type nfs_fh3, nfsstat3, stable_how } from '../../protocol/nfs3/nfs3.gen.ts'
import { Random } from '../crash/random.ts'
import { AttributeHistory } from '../sim/attribute-history.ts'
import { type Early, read, sized, truncated, UNIT_BYTES, type Units, wrote, wroteInPart } from '../sim/file-model.ts'
import { FileHistory, type HistoryWrite, Incoherence } from '../sim/history.ts'
import { LinearHistory } from '../sim/linear.ts'
import { bytes, nothingSet } from '../unit/nfs3-client.ts'
import { NameModel, type Names } from './name-model.ts'
import { createmode3NameOf, handleOf, hexOf, own, shownIn, stateOf, valuesOf } from './nfs-answers.ts'
import { type Args, type Name, NfsClient, type Result } from './nfs-client.ts'

const OK = nfsstat3.NFS3_OK
const SECTOR_BYTES = 512
const SECTORS = 256
/** Where data operations begin, in sectors: near each other. */
const PLACES = [0, 1, 7, 8, 9, 16, 20, 64, 200, 231]
const LONGEST = 24
const DATA_FILES = 2
const TRUNCATED_FILES = 2
const MOST_UNITS = 16
const DIRECTORIES = 2
const NAMES_EACH = 3
const ZEROS = new Uint8Array(8)

export interface Endpoint {
  host: string
  port: number
}

export interface LoadOptions {
  seed: number
  movers: readonly Endpoint[]
  /** Clients of each mover. */
  clients: number
  /** Movers will die: what is to be truncated is written FILE_SYNC, since nobody could tell what is lost of it. */
  deaths: boolean
}

/** Something to which attributes belong. */
interface Thing {
  readonly handle: nfs_fh3
  readonly attributes: AttributeHistory
}

interface DataFile extends Thing {
  readonly history: FileHistory
}

/** A write that has not been answered, and where. */
interface EarlyWrite extends Early {
  readonly mover: Endpoint
}

interface TruncatedFile extends Thing {
  readonly history: LinearHistory<Units>
  /** Clients of the same mover may see them, and all may see their length, though the mover may die before they are durable. */
  readonly unanswered: Set<EarlyWrite>
}

/** A write that is not durable yet, as far as its client knows. */
interface Unstable {
  readonly file: DataFile
  readonly first: number
  readonly data: Uint8Array
  readonly write: HistoryWrite
  verifier: string | null
  isUnsure: boolean
}

/** Clients of several movers that all work on the same few files and names, and what they are told, which must fit together. */
export class SharedLoad {
  readonly #options: LoadOptions
  readonly #workers: Worker[]
  readonly dataFiles: DataFile[] = []
  readonly truncatedFiles: TruncatedFile[] = []
  readonly directories: Thing[] = []
  readonly names = new LinearHistory<Names>('names', Array(DIRECTORIES * NAMES_EACH).fill(0))
  readonly model = new NameModel()
  /** Files that names lead, or have led, to. */
  readonly named = new Map<number, Thing>()
  operations = 0
  #time = 0
  #lastValue = 0

  constructor(options: LoadOptions) {
    const random = new Random(options.seed)
    this.#options = options
    this.#workers = options.movers.flatMap((mover) =>
      Array.from({ length: options.clients }, () => new Worker(this, mover, random.fork(), options.deaths)),
    )
  }

  /** The next moment. */
  tick(): number {
    return ++this.#time
  }

  newValue(): number {
    return ++this.#lastValue
  }

  /** Makes what the clients share. */
  async prepare(): Promise<void> {
    const [worker] = this.#workers
    const root = await worker.client.mount('/share')
    for (let i = 0; i < DATA_FILES; i++) {
      const file = {
        handle: await worker.client.create(root, `data ${i}`),
        attributes: new AttributeHistory(`data ${i}`),
      }
      this.dataFiles.push({ ...file, history: new FileHistory() })
      await worker.fill(this.dataFiles[i], SECTORS)
    }
    for (let i = 0; i < TRUNCATED_FILES; i++) {
      const name = `truncated ${i}`
      const file = { handle: await worker.client.create(root, name), attributes: new AttributeHistory(name) }
      this.truncatedFiles.push({ ...file, history: new LinearHistory<Units>(name, []), unanswered: new Set() })
    }
    for (let i = 0; i < DIRECTORIES; i++) {
      const where = { dir: root, name: bytes(`dir ${i}`) }
      const answer = await worker.client.call('NFSPROC3_MKDIR', { where, attributes: nothingSet() })
      this.directories.push({ handle: handleOf(answer), attributes: new AttributeHistory(`dir ${i}`) })
    }
  }

  /** Every client does so many operations; `during` gets going with them. Throws `Incoherence` when they do not fit together. */
  async run(each: number, during: () => Promise<void> = async () => {}): Promise<void> {
    await Promise.all([...this.#workers.map((worker) => worker.work(each)), during()])
    await Promise.all(this.#workers.map((worker) => worker.commitAll()))
    await Promise.all(this.#workers.map((worker) => worker.lookAtAll()))
    this.names.check()
    for (const { history } of this.truncatedFiles) history.check()
  }

  /** From now until `lives`, this mover may be killed: what its clients have not committed by then may be lost. */
  dies(mover: Endpoint): void {
    for (const worker of this.#workers) if (worker.mover === mover) worker.moverDies()
  }

  /** The mover serves again, as another process. */
  lives(mover: Endpoint): void {
    for (const worker of this.#workers) if (worker.mover === mover) worker.moverLives()
  }

  async close(): Promise<void> {
    for (const { client } of this.#workers) client.close()
  }

  /** True when deaths may have changed verifiers. */
  get hasDeaths(): boolean {
    return this.#options.deaths
  }

  thing(ino: number, handle: nfs_fh3): Thing {
    let thing = this.named.get(ino)
    if (thing === undefined) {
      thing = { handle, attributes: new AttributeHistory(`file ${ino}`) }
      this.named.set(ino, thing)
    }
    return thing
  }
}

/** One client, and what it does, one thing after the other. */
class Worker {
  readonly mover: Endpoint
  readonly client: NfsClient
  readonly #load: SharedLoad
  readonly #random: Random
  readonly #deaths: boolean
  #uncommitted: Unstable[] = []
  /** A write to be durable at once, which has not been answered: seen already, it may be lost yet, and is then sent again. */
  #underWay: HistoryWrite | null = null
  /** Its mover is dying, or being started again. */
  #isDying = false

  constructor(load: SharedLoad, mover: Endpoint, random: Random, deaths: boolean) {
    this.#load = load
    this.mover = mover
    this.#random = random
    this.#deaths = deaths
    this.client = new NfsClient(mover.host, mover.port, random.fork())
  }

  async work(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.#load.operations++
      await this.#one()
    }
  }

  moverDies(): void {
    this.#isDying = true
    this.#underWay?.unsure()
    for (const unstable of this.#uncommitted) {
      unstable.isUnsure = true
      unstable.write.unsure()
    }
  }

  moverLives(): void {
    this.#isDying = false
  }

  async #one(): Promise<void> {
    const random = this.#random
    const load = this.#load
    const dice = random.below(20)
    if (dice < 8) {
      const file = random.pick(load.dataFiles)
      const first = random.pick(PLACES)
      const end = first + 1 + random.below(LONGEST)
      if (dice < 3) await this.#readData(file, first, end)
      else if (dice < 6) await this.#writeData(file, first, end)
      else if (dice < 7) await this.#commit(file)
      else await this.#getattr(file)
    } else if (dice < 13) await this.#truncatedFile(random.pick(load.truncatedFiles))
    else await this.#name()
  }

  // Data

  /** Writes all of a file, FILE_SYNC. */
  async fill(file: DataFile, sectors: number): Promise<void> {
    const write = file.history.write(0, sectors)
    const data = new Uint8Array(sectors * SECTOR_BYTES)
    new Uint32Array(data.buffer).fill(write.value)
    await this.#send(file, 0, data, stable_how.FILE_SYNC)
    write.answered()
  }

  async #readData(file: DataFile, first: number, end: number): Promise<void> {
    const answered = file.history.read(first, end)
    const [offset, count] = [first * SECTOR_BYTES, (end - first) * SECTOR_BYTES]
    const answer = await this.#look(file, 'NFSPROC3_READ', { file: file.handle, offset, count })
    if (answer.status !== OK) throw new Error(`READ: ${answer.status}`)
    answered(valuesOf(answer.resok.data, SECTOR_BYTES), answer.resok.eof)
  }

  async #writeData(file: DataFile, first: number, end: number): Promise<void> {
    const write = file.history.write(first, end)
    const data = new Uint8Array((end - first) * SECTOR_BYTES)
    new Uint32Array(data.buffer).fill(write.value)
    if (this.#isDying) write.unsure()
    if (this.#random.chance(0.4)) {
      this.#underWay = write
      await this.#send(file, first * SECTOR_BYTES, data, stable_how.FILE_SYNC)
      this.#underWay = null
      write.answered()
      return
    }
    const unstable: Unstable = { file, first, data, write, verifier: null, isUnsure: this.#isDying }
    this.#uncommitted.push(unstable)
    unstable.verifier = await this.#send(file, first * SECTOR_BYTES, data, stable_how.UNSTABLE)
    if (!unstable.isUnsure) write.answered()
    if (this.#uncommitted.length > 20) await this.#commit(file)
  }

  /** COMMIT, and what a changed verifier says is lost is written again. */
  async #commit(file: DataFile): Promise<void> {
    const mine = this.#uncommitted.filter((unstable) => unstable.file === file)
    const args = { file: file.handle, offset: 0, count: 0 }
    const answer = await this.#look(file, 'NFSPROC3_COMMIT', args)
    if (answer.status !== OK) throw new Error(`COMMIT: ${answer.status}`)
    const verifier = hexOf(answer.resok.verf)
    for (const { first, data, write, verifier: before } of mine) {
      if (before !== verifier) {
        if (!this.#deaths) throw new Incoherence('a verifier has changed, though no mover has died')
        await this.#send(file, first * SECTOR_BYTES, data, stable_how.FILE_SYNC)
      }
      write.answered()
    }
    this.#uncommitted = this.#uncommitted.filter((unstable) => !mine.includes(unstable))
  }

  async commitAll(): Promise<void> {
    for (const file of this.#load.dataFiles) await this.#commit(file)
  }

  async #send(file: Thing, offset: number, data: Uint8Array, stable: stable_how): Promise<string> {
    const args = { file: file.handle, offset, count: data.length, stable, data }
    const answer = await this.#change(file, 'NFSPROC3_WRITE', args)
    if (answer.status !== OK) throw new Error(`WRITE: ${answer.status}`)
    if (answer.resok.count !== data.length) throw new Error(`WRITE: ${answer.resok.count} of ${data.length} bytes`)
    if (answer.resok.committed < stable) throw new Incoherence('WRITE: less durable than asked for')
    return hexOf(answer.resok.verf)
  }

  // Files that are truncated

  async #truncatedFile(file: TruncatedFile): Promise<void> {
    const random = this.#random
    const at = random.below(MOST_UNITS)
    const count = 1 + random.below(MOST_UNITS - at)
    const dice = random.below(8)
    if (dice < 3) await this.#readUnits(file, at, count)
    else if (dice < 5) await this.#writeUnits(file, at, count)
    else if (dice < 6) await this.#truncate(file, at)
    else await this.#sizeOf(file)
  }

  async #readUnits(file: TruncatedFile, at: number, count: number): Promise<void> {
    const answered = file.history.begin(`read ${at}+${count}`)
    const early = this.#earlyOf(file, (mover) => mover === this.mover)
    const args = { file: file.handle, offset: at * UNIT_BYTES, count: count * UNIT_BYTES }
    const answer = await this.#look(file, 'NFSPROC3_READ', args)
    if (answer.status !== OK) throw new Error(`READ: ${answer.status}`)
    const { data, eof } = answer.resok
    const values = valuesOf(data, UNIT_BYTES)
    answered(`${values}${eof ? ' eof' : ''}`, read(at, count, values, eof, early()))
  }

  async #writeUnits(file: TruncatedFile, at: number, count: number): Promise<void> {
    const value = this.#load.newValue()
    const data = new Uint8Array(count * UNIT_BYTES)
    new Uint32Array(data.buffer).fill(value)
    const stable = this.#deaths || this.#random.chance(0.3) ? stable_how.FILE_SYNC : stable_how.UNSTABLE
    const answered = file.history.begin(`write ${value} to ${at}+${count}`)
    const { resent } = this.client
    const write = { mover: this.mover, at, count, value, isLost: false }
    file.unanswered.add(write)
    await this.#send(file, at * UNIT_BYTES, data, stable)
    file.unanswered.delete(write)
    // A WRITE is no call that a mover remembers: RFC 1813 lets it be carried out twice. Who dies may have done a part of it.
    write.isLost = this.client.resent !== resent
    answered('done', wrote(at, count, value), write.isLost ? wroteInPart(at, count, value) : [])
  }

  async #truncate(file: TruncatedFile, units: number): Promise<void> {
    const answered = file.history.begin(`truncate to ${units}`)
    const new_attributes = { ...nothingSet(), size: { set_it: true, size: units * UNIT_BYTES } } as const
    const args = { object: file.handle, new_attributes, guard: { check: false } } as const
    const answer = await this.#change(file, 'NFSPROC3_SETATTR', args)
    if (answer.status !== OK) throw new Error(`SETATTR: ${answer.status}`)
    answered('done', truncated(units))
  }

  /** Gives what to call with an answer's coming: the writes at these movers that it may have seen before they were durable. */
  #earlyOf(file: TruncatedFile, isSeenFrom: (mover: Endpoint) => boolean): () => EarlyWrite[] {
    const early = (): EarlyWrite[] => [...file.unanswered].filter(({ mover }) => isSeenFrom(mover))
    const asked = early()
    return () => [...new Set([...asked, ...early()])]
  }

  async #sizeOf(file: TruncatedFile): Promise<void> {
    const answered = file.history.begin('size')
    // A mover tells the others how long it has made a file as soon as they ask.
    const early = this.#earlyOf(file, () => true)
    const shown = await this.#getattr(file)
    if (shown === null) throw new Error('a file is gone')
    answered(`${shown.size / UNIT_BYTES}`, sized(shown.size / UNIT_BYTES, early()))
  }

  // Attributes

  async #getattr(thing: Thing): Promise<fattr3 | null> {
    const answer = await this.#look(thing, 'NFSPROC3_GETATTR', { object: thing.handle })
    if (answer.status === nfsstat3.NFS3ERR_STALE) return null
    if (answer.status !== OK) throw new Error(`GETATTR: ${answer.status}`)
    return answer.resok.obj_attributes
  }

  /** A call on an object, with what its answer shows of it. */
  async #look<N extends Name>(thing: Thing, name: N, args: Args<N>, isChange = false): Promise<Result<N>> {
    const askedAt = this.#load.tick()
    const answer = await this.client.call(name, args)
    const answeredAt = this.#load.tick()
    if (isChange && answer.status === OK) thing.attributes.changed(askedAt, answeredAt)
    const shown = shownIn(answer)
    if (shown !== null) thing.attributes.shown(stateOf(shown), `${name} at ${this.mover.host}`, askedAt, answeredAt)
    return answer
  }

  #change<N extends Name>(thing: Thing, name: N, args: Args<N>): Promise<Result<N>> {
    return this.#look(thing, name, args, true)
  }

  // Names

  async #name(): Promise<void> {
    const random = this.#random
    const { names, named, model } = this.#load
    const at = random.below(DIRECTORIES * NAMES_EACH)
    const dice = random.below(12)
    if (dice < 3) await this.#create(at)
    else if (dice < 5) await this.#lookup(at)
    else if (dice < 7) await this.#remove(at)
    else if (dice < 9) await this.#rename(at, random.below(DIRECTORIES * NAMES_EACH))
    else if (dice < 10) await this.#list(random.below(DIRECTORIES))
    else if (named.size > 0) {
      const [ino, thing] = random.pick([...named].slice(-8))
      if (dice === 10) await this.#link(ino, thing, at)
      else {
        const answered = names.begin(`getattr ${ino}`)
        const nlink = (await this.#getattr(thing))?.nlink ?? 0
        answered(`${nlink} names`, model.counted(ino, nlink))
      }
    }
  }

  #where(at: number): { dir: Thing; where: { dir: nfs_fh3; name: Uint8Array } } {
    const dir = this.#load.directories[Math.floor(at / NAMES_EACH)]
    return { dir, where: { dir: dir.handle, name: bytes(nameOf(at)) } }
  }

  async #create(at: number): Promise<void> {
    const { names, model } = this.#load
    const { dir, where } = this.#where(at)
    const mode = this.#random.pick([createmode3.UNCHECKED, createmode3.GUARDED, createmode3.EXCLUSIVE])
    const verf = new Uint8Array(8)
    this.#random.fill(verf)
    const how = mode === createmode3.EXCLUSIVE ? { mode, verf } : { mode, obj_attributes: nothingSet() }
    const answered = names.begin(`create ${at} (${createmode3NameOf(mode)})`)
    const answer = await this.#look(dir, 'NFSPROC3_CREATE', { where, how })
    if (answer.status === nfsstat3.NFS3ERR_EXIST && mode !== createmode3.UNCHECKED) {
      answered('exists', model.existed(at))
      return
    }
    if (answer.status !== OK) throw new Error(`CREATE: ${answer.status}`)
    const { obj, obj_attributes } = answer.resok
    const ino = obj_attributes.attributes_follow ? obj_attributes.attributes.fileid : null
    answered(`made ${ino}`, model.created(at, ino, mode === createmode3.UNCHECKED))
    if (ino !== null && obj.handle_follows) this.#load.thing(ino, own(obj.handle))
  }

  async #lookup(at: number): Promise<void> {
    const { names, model } = this.#load
    const { dir, where } = this.#where(at)
    const answered = names.begin(`lookup ${at}`)
    const askedAt = this.#load.tick()
    const answer = await this.#look(dir, 'NFSPROC3_LOOKUP', { what: where })
    if (answer.status === nfsstat3.NFS3ERR_NOENT) {
      answered('none', model.looked(at, 0))
      return
    }
    if (answer.status !== OK) throw new Error(`LOOKUP: ${answer.status}`)
    const { object, obj_attributes } = answer.resok
    if (!obj_attributes.attributes_follow) {
      answered('something', model.existed(at))
      return
    }
    const { attributes } = obj_attributes
    answered(`${attributes.fileid}`, model.looked(at, attributes.fileid))
    const thing = this.#load.thing(attributes.fileid, own(object))
    thing.attributes.shown(stateOf(attributes), `LOOKUP at ${this.mover.host}`, askedAt, this.#load.tick())
  }

  async #remove(at: number): Promise<void> {
    const { names, model } = this.#load
    const { dir, where } = this.#where(at)
    const answered = names.begin(`remove ${at}`)
    const answer = await this.#change(dir, 'NFSPROC3_REMOVE', { object: where })
    if (answer.status === nfsstat3.NFS3ERR_NOENT) answered('none', model.missed(at))
    else if (answer.status === OK) answered('done', model.removed(at))
    else throw new Error(`REMOVE: ${answer.status}`)
  }

  async #rename(from: number, to: number): Promise<void> {
    const { names, model } = this.#load
    const answered = names.begin(`rename ${from} to ${to}`)
    const args = { from: this.#where(from).where, to: this.#where(to).where }
    const answer = await this.client.call('NFSPROC3_RENAME', args)
    if (answer.status === nfsstat3.NFS3ERR_NOENT) answered('none', model.missed(from))
    else if (answer.status === OK) answered('done', model.renamed(from, to))
    else throw new Error(`RENAME: ${answer.status}`)
  }

  async #link(ino: number, thing: Thing, at: number): Promise<void> {
    const { names, model } = this.#load
    const { where: link } = this.#where(at)
    const answered = names.begin(`link ${ino} as ${at}`)
    const args = { file: thing.handle, link }
    const answer = await this.#change(thing, 'NFSPROC3_LINK', args)
    if (answer.status === OK) answered('done', model.linked(ino, at))
    else if (answer.status === nfsstat3.NFS3ERR_EXIST) answered('exists', model.existed(at))
    else if (answer.status === nfsstat3.NFS3ERR_STALE) answered('stale', model.counted(ino, 0))
    else throw new Error(`LINK: ${answer.status}`)
  }

  async #list(which: number): Promise<void> {
    const { names, model, directories } = this.#load
    const dir = directories[which]
    const answered = names.begin(`list ${which}`)
    const args = { dir: dir.handle, cookie: 0, cookieverf: ZEROS, count: 4096 }
    const answer = await this.#look(dir, 'NFSPROC3_READDIR', args)
    if (answer.status !== OK) throw new Error(`READDIR: ${answer.status}`)
    const { entries, eof } = answer.resok.reply
    if (!eof) throw new Error('READDIR: some names are left')
    const inos = Array.from({ length: NAMES_EACH }, (_, i) => {
      const name = nameOf(which * NAMES_EACH + i)
      return entries.find((entry) => Buffer.from(entry.name).toString() === name)?.fileid ?? 0
    })
    answered(`${inos}`, model.listed(which * NAMES_EACH, inos))
  }

  /** In the end everybody sees the same. */
  async lookAtAll(): Promise<void> {
    const { dataFiles, truncatedFiles, directories } = this.#load
    for (const file of dataFiles) {
      await this.#readData(file, 0, SECTORS)
      await this.#getattr(file)
    }
    for (const file of truncatedFiles) {
      await this.#readUnits(file, 0, MOST_UNITS)
      await this.#sizeOf(file)
    }
    for (const [i, dir] of directories.entries()) {
      await this.#list(i)
      await this.#getattr(dir)
    }
  }
}

function nameOf(at: number): string {
  return `name ${at}`
}
