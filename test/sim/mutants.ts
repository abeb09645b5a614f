import type { Break } from '../crash/mutant-runs.ts'
import { OF_ELECTIONS, OF_FAILURES, OF_TAKE_OVER } from './failure-mutants.ts'
import { OF_BLOCKS, OF_LEASES, OF_REPEATED_CALLS } from './lease-mutants.ts'
import { OF_LOCKS } from './lock-mutants.ts'
import { OF_LOCKERS } from './locker-mutants.ts'
import type { WorldName } from './worlds.ts'

/** A deliberate break, and the kind of world that is to notice it. */
export interface SimMutant extends Break {
  world: WorldName
}

const TOKEN = 'mover/locks/token.ts'
const TABLE = 'mover/locks/token-table.ts'
const HELD = 'mover/locks/held-tokens.ts'
const HOLDER = 'mover/locks/token-holder.ts'

const OF_TOKENS: readonly Break[] = [
  {
    name: 'writers of one span are let together',
    file: TOKEN,
    find: "BR_W: { WF_R: 'never', BR_R: 'apart', BR_W: 'apart', WF_X: 'never' }",
    replace: "BR_W: { WF_R: 'never', BR_R: 'apart', BR_W: 'together', WF_X: 'never' }",
  },
  {
    name: 'a reader of the file does not keep writers out',
    file: TOKEN,
    find: "WF_R: { WF_R: 'together', BR_R: 'together', BR_W: 'never', WF_X: 'never' }",
    replace: "WF_R: { WF_R: 'together', BR_R: 'together', BR_W: 'together', WF_X: 'never' }",
  },
  {
    name: 'the last block of a span does not count',
    file: TOKEN,
    find: 'return a.start < b.end && b.start < a.end\n',
    replace: 'return a.start < b.end - 1 && b.start < a.end - 1\n',
  },
  {
    name: 'a read token allows writes',
    file: TOKEN,
    find: 'BR_R: { WF_R: false, BR_R: true, BR_W: false, WF_X: false }',
    replace: 'BR_R: { WF_R: false, BR_R: true, BR_W: true, WF_X: false }',
  },
  {
    name: 'later requests pass earlier ones',
    file: TABLE,
    find: 'if (!behind && holders.length === 0) {',
    replace: 'if (holders.length === 0) {',
  },
  {
    name: 'a request does not wait for the holders',
    file: TABLE,
    find: 'if (!behind && holders.length === 0) {',
    replace: 'if (!behind) {',
  },
  {
    name: 'the serial of a release is ignored',
    file: TABLE,
    find: 'if (token.serial !== serial || token.mover !== mover) continue',
    replace: 'if (token.mover !== mover) continue',
  },
  {
    name: 'a release of a part gives up all',
    file: TABLE,
    find: "  if (token.kind === 'WF_R') return []\n",
    replace: '  if (token.serial > 0) return []\n',
  },
  {
    name: 'a dead mover keeps its tokens',
    file: TABLE,
    find: 'if (token.mover === mover) file.remove(token)',
    replace: 'if (token.serial < 0) file.remove(token)',
  },
  {
    name: 'a write token grows over those of others',
    file: TABLE,
    find: 'if (overlap(other, need)) return',
    replace: 'if (other.start >= 0) return limits\n    if (overlap(other, need)) return',
  },
  {
    name: 'a token replaces more than it has',
    file: TOKEN,
    find: 'return ALLOWS[token.kind][own.kind] && token.start <= own.start && own.end <= token.end',
    replace: 'return ALLOWS[token.kind][own.kind] && token.start <= own.start',
    seed: 2,
  },
  {
    name: 'a writer gets the file although others hold parts of it',
    file: TABLE,
    find: 'if (step === WHOLE_FILE && asked.length === 0 && !file.tokens.all.some(isOther))',
    replace: 'if (step === WHOLE_FILE)',
    seed: 57,
  },
  {
    name: 'home is alone too early',
    file: TABLE,
    find: 'if (waiting.length > 0 || file.tokens.all.some(({ mover }) => mover !== this.home)) return',
    replace: 'if (file.tokens.all.some(({ mover }) => mover !== this.home)) return',
  },
  {
    name: 'what home has of a file is not asked back',
    file: TABLE,
    find: 'this.#files.get(ino) ?? this.#open(ino, usedAtHome)',
    replace: 'this.#files.get(ino) ?? this.#open(ino, false)',
  },
  {
    name: 'what is asked back is used on',
    file: HELD,
    find: '    this.#change(lost, left)\n',
    replace: '',
  },
  {
    name: 'what is asked back of one of several tokens is used on',
    file: HELD,
    find: 'if (ALLOWS[token.kind][kind]) this.#allowed[kind].remove(token)',
    replace: 'if (token.start < 0) this.#allowed[kind].remove(token)',
  },
  {
    name: 'a set of spans has what lies behind them',
    file: 'mover/locks/span-set.ts',
    find: 'return at >= 0 && end <= this.#ends[at]',
    replace: 'return at >= 0 && start <= this.#ends[at]',
  },
  {
    name: 'pages stay after their token is gone',
    file: HELD,
    find: "return this.allows('BR_R', span.start, span.end)",
    replace: 'return span.start >= 0',
  },
  {
    name: 'released before it is drained',
    file: HOLDER,
    find: 'for (const part of tokens.takeDrainable()) this.#port.drain(ino, part)',
    replace:
      'for (const part of tokens.takeDrainable()) {\n' +
      '      this.#port.release(ino, part.serial, part)\n      this.#port.drain(ino, part)\n    }',
  },
  {
    name: 'a piece is released before it has landed',
    file: HOLDER,
    find: 'for (const part of tokens.takeDrainable()) this.#port.drain(ino, part)',
    replace:
      'for (const part of tokens.takeDrainable()) {\n' +
      '      if (part.inTurn) this.#port.release(ino, part.serial, part)\n      this.#port.drain(ino, part)\n    }',
  },
  {
    name: 'the rest of a file that is given back in pieces is forgotten at the primary',
    file: TABLE,
    find: "  if (token.kind === 'WF_R') return []\n",
    replace: '  if (isWhole(token.kind)) return []\n',
  },
  {
    name: 'the rest of a file that is given back in pieces is not drained',
    file: HOLDER,
    find: '    this.#drainNew(ino, file)\n    this.#sendAsks(ino, file)\n    this.#forgetIfIdle(ino, file)',
    replace: '    this.#sendAsks(ino, file)\n    this.#forgetIfIdle(ino, file)',
  },
  {
    name: 'a part that is being drained is released at once',
    file: HELD,
    find: 'return leaving.reduce<Span[]>((rest, part) => rest.flatMap((piece) => without(piece, part)), [span])',
    replace: 'return leaving.length === 0 ? [] : [span]',
  },
  {
    name: 'what is asked back while an operation counts on it is not given back after it',
    file: HOLDER,
    find: 'for (const { serial, span } of postponed) this.revoked(ino, serial, span)',
    replace: '',
  },
  {
    name: 'home does not notice that it shares a file',
    file: HOLDER,
    find: 'file.isAlone = false',
    replace: '',
  },
  {
    name: 'who waits at home is forgotten when home is alone',
    file: HOLDER,
    find: '    for (const { done } of asks) for (const answered of done) answered(true)\n',
    replace: '',
    seed: 30,
  },
]

const HELD_VOLUME = 'mover/files/held-volume.ts'
const DRAIN = 'mover/files/drain.ts'
const GOVERNED = 'mover/files/governed-volume.ts'
const TRANSFER = 'mover/files/transfer.ts'
const PEER = 'mover/authority/peer.ts'

const OF_DATA: readonly Break[] = [
  {
    name: 'what is given up has not been written out',
    file: DRAIN,
    find: 'data.hasDirtyIn(start, end) ||',
    replace: 'data.hasDirtyIn(end, end) ||',
    seed: 5,
  },
  {
    name: 'what must be written is given back as if it were clean',
    file: 'mover/files/pieces.ts',
    find: '{ ...span, inTurn: true }',
    replace: '{ ...span, start: span.end - 1, inTurn: true }',
    seed: 2,
  },
  {
    name: 'the blocks of a piece are written to the device and not committed',
    file: 'mover/files/write-round.ts',
    find: 'if (pages.deviceBlock[data.pages.get(block) as number] === 0) fold = true',
    replace: 'if (pages.deviceBlock[data.pages.get(block) as number] === 0) fold = !isPiece',
    seed: 5,
  },
  {
    name: 'pages stay in memory of what is given up',
    file: DRAIN,
    find: 'data.dropClean(start, end, (block) => mayKeep({ start: block, end: block + 1 }))',
    replace: '',
    seed: 2,
  },
  {
    name: 'a secondary drains nothing',
    file: HELD_VOLUME,
    find: 'drainPages(this.context, inodeOf, drain, () => {',
    replace: 'drainPages(this.context, () => undefined, drain, () => {',
    seed: 2,
  },
  {
    name: 'the primary drains nothing',
    file: GOVERNED,
    find: 'drainPages(this.#context, () => this.#context.inodes.peek(ino), drain, done)',
    replace: 'drainPages(this.#context, () => undefined, drain, done)',
    seed: 3,
  },
  {
    name: 'a secondary remembers where blocks lay that it has released',
    file: HELD_VOLUME,
    find: 'if (!drain.mayKeep(drain.part)) this.volume.forget(ino, drain.part)',
    replace: '',
    seed: 4,
  },
  {
    name: 'what was told before a commit is believed after it',
    file: 'mover/files/remote-volume.ts',
    find: 'if (file === undefined || file.isAhead) return',
    replace: 'if (file === undefined) return',
    seed: 35,
  },
  {
    name: 'a file is lengthened without its old last block',
    file: TRANSFER,
    find: 'return blockOf(offset + count > inode.size ? Math.min(offset, inode.size) : offset)',
    replace: 'return blockOf(offset)',
    seed: 13,
  },
  {
    name: 'the first block of a write is shown while the write waits for others',
    file: TRANSFER,
    find: '    prepare(context, data, offset, end, first, last) ??\n',
    replace:
      '    (data.dirty.has(first) ? ' +
      'copyIn(context, data, offset, bytes.subarray(0, (first + 1) * PAGE_BYTES - offset), first, first + 1) : null) ??\n' +
      '    prepare(context, data, offset, end, first, last) ??\n',
    seed: 12,
  },
  {
    name: 'any token of a file lets a secondary do anything',
    file: 'mover/authority/secondary.ts',
    find: "if (this.tokens.allows(ino, kind === 'WF_R' ? 'BR_R' : kind, start, end)) {",
    replace: 'if (this.tokens.held(ino) !== undefined) {',
    seed: 2,
  },
  {
    name: 'the primary reads without asking',
    file: 'mover/files/volume-files.ts',
    find: "tokens?.need(inode.ino, 'BR_R', blockOf(offset), endOfRead(inode, offset, count))",
    replace: '',
    seed: 2,
  },
  {
    name: 'the primary writes without asking',
    file: 'mover/files/volume-files.ts',
    find: 'if (!op.readOnly)',
    replace: 'if (tokens === undefined)',
    seed: 2,
  },
  {
    name: 'tokens are lost while an operation waits for its pages',
    file: 'mover/authority/keep.ts',
    find: 'for (const ino of inos) holder.keep(ino)',
    replace: 'if (inos.length > 4) for (const ino of inos) holder.keep(ino)',
    seed: 60,
  },
  {
    name: 'what a mover has written is not taken over',
    file: GOVERNED,
    find: 'if (size > inode.size) inode.size = size',
    replace: '',
    seed: 2,
  },
  {
    name: 'messages of one file pass each other',
    file: 'mover/authority/in-order.ts',
    find: 'if (waiting !== undefined) waiting.push(step)',
    replace: 'if (waiting !== undefined && waiting.length > 99) waiting.push(step)',
    seed: 2,
  },
  {
    name: 'a revocation leaves before the grant that it is of',
    file: PEER,
    find: "this.#outgoing.run(ino, () => (this.#phase === 'ready' ? this.#revoke(revoke) : void this.#strays.push(revoke)))",
    replace: "if (this.#phase === 'ready') this.#revoke(revoke)\n      else this.#strays.push(revoke)",
    seed: 2,
  },
  {
    name: 'the primary does not count that it has pages of a file',
    file: GOVERNED,
    find: 'return data !== null && (data.hasPages || !data.idle)',
    replace: 'return data !== null && !data.idle',
    seed: 33,
  },
]

const HELD_NAMES = 'mover/files/held-names.ts'
const HELD_LISTINGS = 'mover/files/held-listings.ts'

const OF_NAMES: readonly Break[] = [
  {
    name: 'names and listings stay when the token of their directory goes',
    file: HELD_VOLUME,
    find: '    this.names.forget(ino)\n    const inodeOf',
    replace: '    const inodeOf',
    seed: 3,
  },
  {
    name: 'what was told of a directory under one token counts under the next',
    file: HELD_NAMES,
    find: 'return asked !== undefined && this.#objects.get(dir) === asked ? asked : null',
    replace: 'return asked === undefined ? null : this.of(dir)',
    seed: 7,
  },
  {
    name: 'a page is remembered as what follows another cookie',
    file: HELD_NAMES,
    find: '    let at = cookie\n    for (const entry of entries)',
    replace: '    let at = cookie > 2 ? 2 : cookie\n    for (const entry of entries)',
    seed: 6,
  },
  {
    name: 'the end of a page is the end of its directory',
    file: HELD_NAMES,
    find: 'if (isEnd) this.#follow(',
    replace: 'if (isEnd || entries.length > 0) this.#follow(',
    seed: 6,
  },
  {
    name: 'the directory above an export is shown at its root',
    file: HELD_NAMES,
    find: 'return isRoot && cookie === COOKIE.dot ? -COOKIE.dot : cookie',
    replace: 'return cookie',
    seed: 6,
  },
  {
    name: 'attributes are shown without a token',
    file: 'mover/files/held-data.ts',
    find: "    if (!this.#authority.tokens.allows(ino, 'WF_R', 0, FILE_END)) return null\n",
    replace: '',
    seed: 3,
  },
  {
    name: 'attributes that were told for an earlier page are shown',
    file: HELD_LISTINGS,
    find: '    this.#told.clear()\n',
    replace: '',
    seed: 6,
  },
  {
    name: 'a directory is moved although others hold it',
    file: 'mover/files/unmake.ts',
    find: 'claim(r.fromDir.ino, r.toDir.ino, r.moved.ino, gone?.ino)',
    replace: 'claim(r.fromDir.ino, r.toDir.ino, gone?.ino)',
    seed: 4,
  },
  {
    name: 'names are made although others hold their directory',
    file: 'mover/files/make.ts',
    find: '  context.tokens?.claim(dir.ino)\n',
    replace: '',
    seed: 5,
  },
]

/** Deliberate breaks of the product that the simulations must notice. */
export const MUTANTS: readonly SimMutant[] = [
  ...OF_TOKENS.map((mutant) => ({ ...mutant, world: 'tokens' as const })),
  ...OF_DATA.map((mutant) => ({ ...mutant, world: 'data' as const })),
  ...OF_NAMES.map((mutant) => ({ ...mutant, world: 'names' as const })),
  ...[...OF_FAILURES, ...OF_TAKE_OVER, ...OF_ELECTIONS, ...OF_LEASES, ...OF_BLOCKS, ...OF_REPEATED_CALLS].map(
    (mutant) => ({
      ...mutant,
      world: 'failure' as const,
    }),
  ),
  ...OF_LOCKS.map((mutant) => ({ ...mutant, world: 'locks' as const })),
  ...OF_LOCKERS.map((mutant) => ({ ...mutant, world: 'lockers' as const })),
]
