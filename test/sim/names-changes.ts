import type { Failure } from '../../mover/failure.ts'
import type { WriteResult } from '../../mover/files/service.ts'
import { BLOCK_BYTES } from '../../mover/volume/layout.ts'
import { bytes } from '../unit/files-support.ts'
import { Incoherence } from './history.ts'
import type { SimulatedMover } from './mover-world.ts'
import { type Id, MOVED, type NamesPlay, shownAs } from './names-play.ts'
import type { Place } from './tree-model.ts'

const MODES = [0o644, 0o600]
const DATA = new Uint8Array(100).fill(1)

/** What simulated clients change: names, and what they lead to. */
export class NameChanges {
  readonly #p: NamesPlay
  #lastTarget = 0

  constructor(play: NamesPlay) {
    this.#p = play
  }

  /** One of the changes. */
  change(mover: SimulatedMover, then: () => void): void {
    this.#p.counts.changes++
    const dice = this.#p.random.below(10)
    if (dice < 3) this.#make(mover, this.#p.place(), this.#p.random.chance(0.4), then)
    else if (dice < 5) this.#remove(mover, this.#p.place(), then)
    else if (dice < 6) this.#rename(mover, { dir: 0, name: MOVED }, { dir: 1, name: MOVED }, then)
    else if (dice < 7) this.#rename(mover, { dir: 1, name: MOVED }, { dir: 0, name: MOVED }, then)
    else if (dice < 8) this.#rename(mover, this.#p.place(), this.#p.place(), then)
    else if (dice < 9) this.#link(mover, this.#p.place(), then)
    else this.#setMode(mover, then)
  }

  #make(mover: SimulatedMover, at: Place, isLink: boolean, then: () => void): void {
    const target = isLink ? `target ${++this.#lastTarget}` : null
    const answered = this.#p.history.begin(`make ${shownAs(at)} at ${mover.name}`)
    this.#p.in(
      mover,
      at,
      ({ files }, op, dir, name) => {
        const made =
          target === null
            ? files.create(op, dir, name, { kind: 'guarded', attributes: {} })
            : files.symlink(op, dir, name, bytes(target), {})
        return typeof made === 'string' ? made : { ino: made.ino, generation: made.generation }
      },
      (made) => {
        if (made === 'EXIST') answered(made, this.#p.model.existed(at))
        else if (typeof made === 'string') throw new Incoherence(`making ${shownAs(at)}: ${made}`)
        else {
          this.#p.made.push({ ...made, target })
          answered(`${made.ino}`, this.#p.model.made(at, made.ino))
        }
        then()
      },
    )
  }

  #remove(mover: SimulatedMover, at: Place, then: () => void): void {
    const answered = this.#p.history.begin(`remove ${shownAs(at)} at ${mover.name}`)
    this.#p.in(
      mover,
      at,
      ({ files }, op, dir, name) => files.remove(op, dir, name) ?? 'done',
      (outcome) => {
        if (outcome === 'done') answered(outcome, this.#p.model.removed(at))
        else if (outcome === 'NOENT') answered(outcome, this.#p.model.missed(at))
        else throw new Incoherence(`removing ${shownAs(at)}: ${outcome}`)
        then()
      },
    )
  }

  #rename(mover: SimulatedMover, from: Place, to: Place, then: () => void): void {
    const answered = this.#p.history.begin(`rename ${shownAs(from)} to ${shownAs(to)} at ${mover.name}`)
    this.#p.in(
      mover,
      from,
      ({ files }, op, dir, name) => {
        const toDir = this.#p.open(files, op, this.#p.directories[to.dir] as Id, 'change')
        return typeof toDir === 'string' ? toDir : (files.rename(op, dir, name, toDir, bytes(to.name)) ?? 'done')
      },
      (outcome) => {
        if (outcome === 'done') answered(outcome, this.#p.model.renamed(from, to))
        else if (outcome === 'NOENT') answered(outcome, this.#p.model.missed(from))
        else throw new Incoherence(`renaming ${shownAs(from)}: ${outcome}`)
        then()
      },
    )
  }

  #link(mover: SimulatedMover, at: Place, then: () => void): void {
    const object = this.#p.lately()
    if (object === null) {
      then()
      return
    }
    const answered = this.#p.history.begin(`link ${object.ino} as ${shownAs(at)} at ${mover.name}`)
    const changed = this.#p.changing(object.ino)
    this.#p.in(
      mover,
      at,
      ({ files }, op, dir, name) => {
        const inode = this.#p.open(files, op, object, 'change')
        return typeof inode === 'string' ? inode : (files.link(op, inode, dir, name) ?? 'done')
      },
      (outcome) => {
        if (outcome === 'done') {
          answered(outcome, this.#p.model.linked(object.ino, at))
          changed()
        } else if (outcome === 'EXIST') answered(outcome, this.#p.model.existed(at))
        else if (outcome === 'STALE') answered(outcome, this.#p.model.counted(object.ino, 0))
        else throw new Incoherence(`linking ${object.ino}: ${outcome}`)
        then()
      },
    )
  }

  #setMode(mover: SimulatedMover, then: () => void): void {
    const object = this.#p.random.chance(0.3) ? this.#p.random.pick(this.#p.directories) : this.#p.lately()
    if (object === null) {
      then()
      return
    }
    const mode = this.#p.random.pick(MODES)
    const answered = this.#p.history.begin(`set mode of ${object.ino} at ${mover.name}`)
    const changed = this.#p.changing(object.ino)
    this.#p.run<Failure | 'done'>(
      mover,
      (op) => {
        const inode = this.#p.open(mover.files, op, object, 'change')
        return typeof inode === 'string' ? inode : (mover.files.setattr(op, inode, { mode }, null) ?? 'done')
      },
      (outcome) => {
        if (outcome === 'STALE') answered(outcome, this.#p.model.counted(object.ino, 0))
        else {
          answered(outcome, (tree) => tree)
          changed()
        }
        then()
      },
    )
  }

  /** Writes to one of a few blocks of a file: movers may do so at once. */
  write(mover: SimulatedMover, then: () => void): void {
    const object = this.#p.lately()
    if (object === null || object.target !== null) {
      then()
      return
    }
    this.#p.counts.writes++
    const answered = this.#p.history.begin(`write to ${object.ino} at ${mover.name}`)
    const changed = this.#p.changing(object.ino)
    const offset = BLOCK_BYTES * this.#p.random.below(3)
    const result: WriteResult = { count: 0, committed: 'unstable' }
    this.#p.run<Failure | 'done'>(
      mover,
      (op) => {
        op.rangeStart = offset
        op.rangeEnd = offset + DATA.length
        const inode = this.#p.open(mover.files, op, object, 'write')
        if (typeof inode === 'string') return inode
        return mover.files.write(op, inode, offset, DATA, 'unstable', result) ?? 'done'
      },
      (outcome) => {
        if (outcome === 'STALE') answered(outcome, this.#p.model.counted(object.ino, 0))
        else if (outcome === 'done') {
          answered(outcome, this.#p.model.present(object.ino))
          changed()
        } else throw new Incoherence(`writing to ${object.ino}: ${outcome}`)
        then()
      },
    )
  }
}
