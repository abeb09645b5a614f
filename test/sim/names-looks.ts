import type { Failure } from '../../mover/failure.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import { bytes } from '../unit/files-support.ts'
import type { Shown } from './attribute-history.ts'
import { Incoherence } from './history.ts'
import { Secondary, type SimulatedMover } from './mover-world.ts'
import { DIRECTORIES, type Id, type MadeObject, type NamesPlay, type Seen, shownAs } from './names-play.ts'
import type { Listed, Place } from './tree-model.ts'

/** Where a listing goes on. */
export interface Reader {
  dir: number
  cookie: number
}

/** What simulated clients look at. */
export class NameLooks {
  readonly #p: NamesPlay

  constructor(play: NamesPlay) {
    this.#p = play
  }

  /** A name, a link or an object is looked at. */
  look(mover: SimulatedMover, then: () => void): void {
    const object = this.#p.lately()
    const dice = this.#p.random.below(3)
    if (dice === 0 || object === null) this.#lookUp(mover, this.#p.place(), then)
    else if (object.target !== null && dice === 1) this.#readLink(mover, object, then)
    else this.#stat(mover, object, then)
  }

  #lookUp(mover: SimulatedMover, at: Place, then: () => void): void {
    this.#p.counts.looks++
    const answered = this.#p.history.begin(`look ${shownAs(at)} up at ${mover.name}`)
    const dir = this.#p.directories[at.dir] as Id
    const askedAt = this.#p.tick()
    this.#p.run<Seen>(
      mover,
      (op) => {
        const inode = this.#p.open(mover.files, op, dir, 'names')
        return typeof inode === 'string' ? inode : seen(mover.files.lookup(op, inode, bytes(at.name), 0))
      },
      (found) => {
        if (found === 'NOENT') answered(found, this.#p.model.looked(at, 0))
        else if (typeof found === 'string') throw new Incoherence(`looking ${shownAs(at)} up: ${found}`)
        else {
          answered(`${found.ino}`, this.#p.model.looked(at, found.ino))
          this.#p.saw(found, `LOOKUP at ${mover.name}`, askedAt)
        }
        then()
      },
    )
  }

  #stat(mover: SimulatedMover, object: Id, then: () => void): void {
    this.#p.counts.looks++
    const answered = this.#p.history.begin(`look at ${object.ino} at ${mover.name}`)
    const askedAt = this.#p.tick()
    this.#p.run<Seen>(
      mover,
      (op) => {
        const inode = this.#p.open(mover.files, op, object, 'attributes')
        if (typeof inode === 'string') return inode
        mover.files.getattr(op, inode)
        return shownBy(inode)
      },
      (found) => {
        if (found === 'STALE') answered(found, this.#p.model.counted(object.ino, 0))
        else if (typeof found === 'string') throw new Incoherence(`looking at ${object.ino}: ${found}`)
        else {
          const { nlink } = found.shown as Shown
          answered(`${nlink} names`, this.#p.model.counted(object.ino, nlink))
          this.#p.saw(found, `GETATTR at ${mover.name}`, askedAt)
        }
        then()
      },
    )
  }

  #readLink(mover: SimulatedMover, link: MadeObject, then: () => void): void {
    this.#p.counts.links++
    const answered = this.#p.history.begin(`read link ${link.ino} at ${mover.name}`)
    this.#p.run<{ target: string } | Failure>(
      mover,
      (op) => {
        const inode = this.#p.open(mover.files, op, link, 'names')
        const target = typeof inode === 'string' ? inode : mover.files.readlink(op, inode)
        return typeof target === 'string' ? target : { target: Buffer.from(target).toString() }
      },
      (found) => {
        if (found === 'STALE') answered(found, this.#p.model.counted(link.ino, 0))
        else if (typeof found === 'string') throw new Incoherence(`reading link ${link.ino}: ${found}`)
        else if (found.target !== link.target) throw new Incoherence(`link ${link.ino} leads to ${found.target}`)
        else answered(found.target, this.#p.model.present(link.ino))
        then()
      },
    )
  }

  /** One page, and what a client makes of it. */
  list(mover: SimulatedMover, reader: Reader, most: number, then = (): void => {}): void {
    this.#p.counts.listings++
    const { dir, cookie } = reader
    const id = this.#p.directories[dir] as Id
    const isRoot = this.#p.random.chance(0.2)
    const attributes = this.#p.random.chance(0.5)
    const what = `list ${dir}${isRoot ? ' as a root' : ''} behind ${cookie}, ${most} at most, at ${mover.name}`
    const answered = this.#p.history.begin(what)
    const askedAt = this.#p.tick()
    const page: Listed[] = []
    const objects: Seen[] = []
    const sent = messagesOf(mover)
    this.#p.run<boolean | Failure>(
      mover,
      (op) => {
        page.length = 0
        objects.length = 0
        const { files } = mover
        const inode = this.#p.open(files, op, id, 'names')
        if (typeof inode === 'string') return inode
        const room = { bytes: 10_000, attributes }
        return files.readdir(op, inode, cookie, isRoot ? id.ino : files.rootIno, room, (next, ino, all, start, end) => {
          if (page.length === most) return false
          page.push({ cookie: next, ino, name: Buffer.from(all.subarray(start, end)).toString() })
          if (attributes) objects.push(seen(files.entry(op, inode, ino)))
          return true
        })
      },
      (isEnd) => {
        if (typeof isEnd === 'string') throw new Incoherence(`listing ${dir}: ${isEnd}`)
        if (page.length === 0 && !isEnd) throw new Incoherence(`${what}: an empty page that is not the last`)
        if (messagesOf(mover) === sent) this.#p.counts['listings in no message']++
        answered(
          `${JSON.stringify(page)}${isEnd ? ' eof' : ''}`,
          this.#p.model.listed(dir, cookie, page, isEnd, isRoot ? id.ino : null),
        )
        for (const [i, object] of objects.entries()) {
          if (typeof object === 'string') throw new Incoherence(`${what}: ${page[i]?.name} has no object: ${object}`)
          if (object.ino !== page[i]?.ino) throw new Incoherence(`${what}: ${page[i]?.name} with another object`)
          this.#p.saw(object, `READDIRPLUS at ${mover.name}`, askedAt)
        }
        const isOver = isEnd || this.#p.random.chance(0.1)
        reader.dir = isOver ? this.#p.random.below(DIRECTORIES) : dir
        reader.cookie = isOver ? this.#p.random.pick([0, 0, 0, 1, 2, 5]) : (page.at(-1)?.cookie ?? 0)
        then()
      },
    )
  }
}

function shownBy({ ino, generation, ctimeSec, ctimeNsec, size, nlink }: Inode): Exclude<Seen, string> {
  return { ino, generation, shown: { ctime: BigInt(ctimeSec) * 1_000_000_000n + BigInt(ctimeNsec), size, nlink } }
}

/** As a reply shows what it was not about. */
function seen(inode: Inode | Failure): Seen {
  if (typeof inode === 'string') return inode
  return inode.isCurrent ? shownBy(inode) : { ...shownBy(inode), shown: null }
}

function messagesOf(mover: SimulatedMover): number {
  return mover instanceof Secondary ? mover.session.counts.messagesSent : Number.NaN
}
