import { piecesOf } from '../../mover/files/pieces.ts'
import type { Leaving, Piece } from '../../mover/locks/held-tokens.ts'
import { conflict, exclude, isWhole, overlap, type Span, type TokenKind } from '../../mover/locks/token.ts'
import { TokenHolder } from '../../mover/locks/token-holder.ts'
import { type MoverId, type TokenEffect, type TokenRequest, TokenTable } from '../../mover/locks/token-table.ts'
import { Random } from '../crash/random.ts'

const HOME = 0
/** Blocks at which spans begin: around the steps in which write tokens grow, and at the end of all files. */
const PLACES = [0, 1, 2, 3, 5, 2046, 2047, 2048, 2049, 16_383, 16_384, 2 ** 52 - 3]
const LONGEST = 3
/** What is needed of a file by who only shows it. */
const NOTHING: Span = { start: 0, end: 0 }
const QUIET_STEPS = 100_000
const KINDS: readonly TokenKind[] = ['BR_R', 'BR_R', 'WF_R', 'WF_R', 'WF_R', 'BR_W', 'BR_W', 'BR_W', 'BR_W', 'WF_X']

/** A rule of the tokens was broken. */
export class Violation extends Error {}

export interface TokenWorldOptions {
  seed: number
  movers: number
  files: number
  /** Operations that are begun before the world comes to rest. */
  operations: number
  /** Of one file and mover. */
  mostTokens: number
  /** Of a hundred steps so many begin an operation, if they may. */
  begin: number
}

type Message =
  | { type: 'request'; ino: number; request: TokenRequest }
  | { type: 'release'; ino: number; serial: number; span: Span }
  | TokenEffect

/** An operation under way. */
interface Use extends Span {
  readonly kind: TokenKind
  readonly ino: number
}

/** A request that has reached the primary and is not answered yet. */
interface Pending extends Span {
  readonly mover: MoverId
  readonly id: number
  readonly ino: number
  readonly kind: TokenKind
}

interface Page {
  value: number
  dirty: boolean
}

/** What was seen, to show that a run has met the interesting cases. */
export interface TokenWorldCounts {
  operations: number
  localGrants: number
  grants: Record<TokenKind, number>
  reduced: number
  /** Granted to who only looks, while another mover has all of the file. */
  looks: number
  revokes: number
  /** Revocations that had to wait. */
  holds: number
  crashes: number
}

/** One mover with a cache of blocks: it writes behind, and reads the device. */
class SimMover {
  readonly id: MoverId
  readonly holder: TokenHolder
  readonly uses: Use[] = []
  readonly drains: { ino: number; part: Leaving }[] = []
  /** Files of which it keeps, for a while, what it is asked for. */
  readonly held: number[] = []
  readonly pages = new Map<number, Map<number, Page>>()
  /** Messages under way, in order. */
  toPrimary: Message[] = []
  fromPrimary: Message[] = []
  waiting = 0

  constructor(id: MoverId) {
    this.id = id
    this.holder = new TokenHolder(
      {
        request: (ino, request) => this.toPrimary.push({ type: 'request', ino, request }),
        release: (ino, serial, span) => this.toPrimary.push({ type: 'release', ino, serial, span }),
        pieces: (ino, part) => this.#pieces(ino, part),
        drain: (ino, part) => this.drains.push({ ino, part }),
        forgotten: () => {},
      },
      id === HOME,
    )
  }

  /** What is dirty goes in turn, in pieces of two blocks, the wanted ones first. */
  #pieces(ino: number, part: Leaving): readonly Piece[] {
    const dirty = [...this.cache(ino)].filter(([, page]) => page.dirty).map(([block]) => block)
    return piecesOf(part, part.first, { blocks: dirty.sort((a, b) => a - b), growsFrom: Infinity }, 2)
  }

  cache(ino: number): Map<number, Page> {
    let pages = this.pages.get(ino)
    if (pages === undefined) {
      pages = new Map()
      this.pages.set(ino, pages)
    }
    return pages
  }
}

/**
 * Movers that read and write a few files over a table of tokens, with messages that take any time. Every read must see
 * the last write, whichever mover made it; nobody may wait for ever.
 */
export class TokenWorld {
  readonly counts: TokenWorldCounts = {
    operations: 0,
    localGrants: 0,
    grants: { WF_R: 0, BR_R: 0, BR_W: 0, WF_X: 0 },
    reduced: 0,
    looks: 0,
    revokes: 0,
    holds: 0,
    crashes: 0,
  }
  /** Of all that has happened: the same for the same seed. */
  digest = 0
  readonly #options: TokenWorldOptions
  readonly #random: Random
  readonly #table: TokenTable
  readonly #device = new Map<string, number>()
  readonly #truth = new Map<string, number>()
  /** In the order of their arrival at the primary. */
  #pending: Pending[] = []
  #movers: SimMover[]
  #lastId: MoverId
  #lastValue = 0
  readonly #trace: string[] = []

  constructor(options: TokenWorldOptions) {
    this.#options = options
    this.#random = new Random(options.seed)
    this.#table = new TokenTable(HOME, options.mostTokens)
    this.#movers = Array.from({ length: options.movers }, (_, id) => new SimMover(id))
    this.#lastId = options.movers - 1
  }

  /** Plays until everything is at rest. Throws a `Violation` with the last messages. */
  run(): void {
    try {
      while (this.counts.operations < this.#options.operations) this.#step(true)
      for (let i = 0; this.#isBusy(); i++) {
        if (i === QUIET_STEPS) throw new Violation(`somebody waits for ever: ${this.#describe()}`)
        this.#step(false)
      }
      this.#rest()
    } catch (error) {
      const trace = this.#trace.slice(-60).join('\n')
      throw new Violation(`${(error as Error).message}\n${trace}`, { cause: error })
    }
  }

  #step(mayBegin: boolean): void {
    const mover = this.#random.pick(this.#movers)
    const dice = this.#random.below(100)
    if (mayBegin && this.#random.below(100) < this.#options.begin) this.#begin(mover)
    else if (mayBegin && dice < 2 && mover.id !== HOME && this.#random.chance(0.05)) this.#crash(mover)
    else if (mayBegin && dice < 4) mover.holder.giveUp(this.#random.below(this.#options.files))
    else if (dice < 34 && mover.uses.length > 0) this.#end(mover)
    else if (dice < 38 && mover.held.length > 0) mover.holder.letGo(mover.held.shift() as number)
    else if (dice < 46 && mover.drains.length > 0) this.#drain(mover)
    else if (dice < 73) this.#deliverUp(mover)
    else this.#deliverDown(mover)
    // The primary's own mover and its table are one process: nothing is under way between them.
    const home = this.#movers.find(({ id }) => id === HOME) as SimMover
    while (home.toPrimary.length > 0) this.#deliverUp(home)
  }

  #begin(mover: SimMover): void {
    const start = this.#random.pick(PLACES)
    const ino = this.#random.below(this.#options.files)
    const kind = this.#random.pick(KINDS)
    const length = this.#random.below(LONGEST)
    // Who reads nothing only looks at the file.
    const span = kind === 'BR_R' && length === 0 ? NOTHING : { start, end: start + 1 + length }
    this.counts.operations++
    if (mover.holder.allows(ino, useKind(kind), span.start, span.end)) {
      this.counts.localGrants++
      this.#use(mover, ino, useKind(kind), span)
      return
    }
    this.#ask(mover, ino, kind, span)
  }

  #ask(mover: SimMover, ino: number, kind: TokenKind, span: Span): void {
    this.#note(`${mover.id} wants ${kind} ${ino} [${span.start}, ${span.end})`)
    mover.waiting++
    mover.holder.ask(ino, kind, span, () => {
      mover.waiting--
      if (kind === 'WF_R' && !mover.holder.allows(ino, 'WF_R', span.start, span.end)) this.counts.reduced++
      if (!mover.holder.allows(ino, useKind(kind), span.start, span.end)) {
        throw new Violation(`mover ${mover.id} was granted less than it asked for: ${kind} of file ${ino}`)
      }
      this.#use(mover, ino, useKind(kind), span)
    })
  }

  #use(mover: SimMover, ino: number, kind: TokenKind, span: Span): void {
    const use = { ino, kind, ...span }
    for (const other of this.#movers) {
      if (other === mover) continue
      const clash = other.uses.find((theirs) => theirs.ino === ino && exclude(theirs, use))
      if (clash === undefined) continue
      throw new Violation(`mover ${mover.id} may ${kind} while mover ${other.id} does ${clash.kind} on file ${ino}`)
    }
    mover.uses.push(use)
    if (kind === 'BR_W' || kind === 'WF_X') {
      const value = ++this.#lastValue
      for (let block = span.start; block < span.end; block++) {
        mover.cache(ino).set(block, { value, dirty: true })
        this.#truth.set(`${ino}/${block}`, value)
      }
    } else this.#checkRead(mover, ino, span)
  }

  #checkRead(mover: SimMover, ino: number, span: Span): void {
    const cache = mover.cache(ino)
    for (let block = span.start; block < span.end; block++) {
      const name = `${ino}/${block}`
      const page = cache.get(block) ?? { value: this.#device.get(name) ?? 0, dirty: false }
      cache.set(block, page)
      const last = this.#truth.get(name) ?? 0
      if (page.value !== last) {
        throw new Violation(`mover ${mover.id} reads ${page.value} in block ${block} of file ${ino}, not ${last}`)
      }
    }
  }

  /** An operation is over; a reader looks once more. */
  #end(mover: SimMover): void {
    const [use] = mover.uses.splice(this.#random.below(mover.uses.length), 1)
    if (use.kind === 'BR_R' || use.kind === 'WF_R') this.#checkRead(mover, use.ino, use)
  }

  #drain(mover: SimMover): void {
    const at = this.#random.below(mover.drains.length)
    const { ino, part } = mover.drains[at]
    // Who needs all of a file keeps all of it meanwhile.
    if (mover.uses.some((use) => use.ino === ino && (use.kind === 'WF_X' || overlap(use, part)))) return
    mover.drains.splice(at, 1)
    const cache = mover.cache(ino)
    for (const [block, page] of cache) {
      if (block < part.start || block >= part.end) continue
      if (page.dirty) this.#device.set(`${ino}/${block}`, page.value)
      page.dirty = false
      if (mover.holder.held(ino)?.mayKeep({ start: block, end: block + 1 }) !== true) cache.delete(block)
    }
    mover.holder.drained(ino, part)
  }

  #deliverUp(mover: SimMover): void {
    const message = mover.toPrimary.shift()
    if (message === undefined) return
    this.#note(`${mover.id} -> ${JSON.stringify(message)}`)
    const { ino } = message
    if (message.type === 'request') {
      const home = this.#movers.find(({ id }) => id === HOME) as SimMover
      const isUsed = home.uses.some((use) => use.ino === ino) || (home.pages.get(ino)?.size ?? 0) > 0
      const { id, kind, need } = message.request
      this.#pending.push({ mover: mover.id, id, ino, kind, ...need })
      this.#table.request(ino, mover.id, message.request, isUsed)
    } else if (message.type === 'release') this.#table.release(ino, mover.id, message.serial, message.span)
    this.#tell()
  }

  #tell(): void {
    for (const effect of this.#table.takeEffects()) {
      if (effect.type === 'reduced') {
        for (const mover of this.#movers) {
          if (mover.id === HOME) mover.holder.giveUpWriting(effect.ino)
          else mover.fromPrimary.push(effect)
        }
        continue
      }
      const id = effect.type === 'shared' || effect.type === 'alone' ? HOME : effect.mover
      const mover = this.#movers.find((one) => one.id === id)
      if (mover === undefined) throw new Violation(`mover ${id} is gone, and is told something`)
      if (effect.type === 'revoke') this.counts.revokes++
      if (effect.type === 'grant') this.#checkOrder(effect)
      // At home nothing is under way: table and holder are one process.
      if (id === HOME) this.#receive(mover, effect)
      else mover.fromPrimary.push(effect)
    }
  }

  /** Nobody is granted what somebody else waits for who asked earlier. */
  #checkOrder({ ino, mover, id, token }: Extract<TokenEffect, { type: 'grant' }>): void {
    const at = this.#pending.findIndex((asked) => asked.mover === mover && asked.id === id)
    if (at < 0) throw new Violation(`mover ${mover} is granted what it has not asked for (request ${id})`)
    const [{ start, end }] = this.#pending.splice(at, 1)
    const isElsewhere = (held: { mover: MoverId; kind: TokenKind }): boolean =>
      held.mover !== mover && held.kind === 'WF_X'
    if (end === 0 && this.#table.describe(ino).held.some(isElsewhere)) this.counts.looks++
    const asked = { kind: token.kind, start, end }
    const passed = this.#pending
      .slice(0, at)
      .find((earlier) => earlier.ino === ino && earlier.mover !== mover && conflict(asked, earlier))
    if (passed === undefined) return
    throw new Violation(
      `${token.kind} [${start}, ${end}) of mover ${mover} passes ${passed.kind} of mover ${passed.mover}`,
    )
  }

  #deliverDown(mover: SimMover): void {
    const message = mover.fromPrimary.shift()
    if (message !== undefined) this.#receive(mover, message)
  }

  #receive(mover: SimMover, message: Message): void {
    this.#note(`${mover.id} <- ${JSON.stringify(message)}`)
    const { holder } = mover
    if (message.type === 'grant') {
      this.counts.grants[message.token.kind]++
      holder.granted(message.ino, message.id, message.token, message.replaces)
    } else if (message.type === 'reduced') {
      // It may have been quiet, or not.
      if (this.#random.chance(0.5)) holder.giveUpWriting(message.ino)
    } else if (message.type === 'revoke') {
      if (this.#random.chance(0.2)) {
        this.counts.holds++
        mover.held.push(message.ino)
        holder.retain(message.ino)
      }
      holder.revoked(message.ino, message.serial, message.span)
    } else if (message.type === 'shared') holder.shared(message.ino, message.token)
    else if (message.type === 'alone') holder.alone(message.ino)
  }

  /** A mover dies with what it had in memory, and is fenced; another one takes its place. */
  #crash(mover: SimMover): void {
    this.counts.crashes++
    this.#note(`${mover.id} crashes`)
    for (const [ino, pages] of mover.pages) {
      for (const [block, { dirty }] of pages) {
        if (dirty) this.#truth.set(`${ino}/${block}`, this.#device.get(`${ino}/${block}`) ?? 0)
      }
    }
    this.#movers = this.#movers.filter((one) => one !== mover)
    this.#pending = this.#pending.filter((asked) => asked.mover !== mover.id)
    this.#table.forget(mover.id)
    this.#tell()
    this.#movers.push(new SimMover(++this.#lastId))
  }

  #isBusy(): boolean {
    return this.#movers.some(({ waiting, uses, held, drains, toPrimary, fromPrimary }) => {
      const under = uses.length + held.length + drains.length
      return waiting + under + toPrimary.length + fromPrimary.length > 0
    })
  }

  /** When nobody wants anything any more, all can be given back, and the primary is alone with everything. */
  #rest(): void {
    for (const ino of this.#table.inos()) {
      const { held } = this.#table.describe(ino)
      for (const { id } of this.#movers) {
        const count = held.filter(({ mover, kind }) => mover === id && !isWhole(kind)).length
        if (count > this.#options.mostTokens)
          throw new Violation(`mover ${id} is left with ${count} tokens of file ${ino}`)
      }
    }
    for (const mover of this.#movers) for (const ino of [...mover.holder.inos()]) mover.holder.giveUp(ino)
    for (let i = 0; this.#isBusy() && i < QUIET_STEPS; i++) this.#step(false)
    if (this.#table.fileCount > 0) throw new Violation(`tokens are left over: ${this.#describe()}`)
    for (const mover of this.#movers) {
      const left = [...mover.holder.inos()]
      if (left.length > 0) throw new Violation(`mover ${mover.id} still knows of file ${left[0]}`)
    }
  }

  #describe(): string {
    const files = [...this.#table.inos()].map((ino) => JSON.stringify({ ino, ...this.#table.describe(ino) }))
    return files.join(' ')
  }

  #note(line: string): void {
    for (let i = 0; i < line.length; i++) this.digest = (Math.imul(this.digest, 31) + line.charCodeAt(i)) >>> 0
    this.#trace.push(line)
    if (this.#trace.length > 400) this.#trace.splice(0, 200)
  }
}

/** What an operation that asks for `kind` does: a reader that asked for the file reads what it needs of it. */
function useKind(kind: TokenKind): TokenKind {
  return kind === 'WF_R' ? 'BR_R' : kind
}
