/** Tokens between a primary and its secondaries, message by message. */
import t from 'tap'
import { piecesOf } from '../../mover/files/pieces.ts'
import { HeldTokens } from '../../mover/locks/held-tokens.ts'
import { FILE_END, MEETINGS, type Span, type TokenKind } from '../../mover/locks/token.ts'
import { TokenHolder } from '../../mover/locks/token-holder.ts'
import { type TokenRequest, TokenTable } from '../../mover/locks/token-table.ts'
import { Random } from '../crash/random.ts'

const FILE = 77
const HOME = 0
const WHOLE = { start: 0, end: FILE_END }

/** A primary and some secondaries whose messages are delivered at once, and written down. */
class Movers {
  readonly trace: string[] = []
  readonly table: TokenTable
  readonly #holders = new Map<number, TokenHolder>()
  readonly #pending: (() => void)[] = []
  /** Nobody has written for long. */
  isQuiet = false
  /** Files of which home has something in memory. */
  usedAtHome = false

  /** Blocks that are dirty at a mover, and from where on it has lengthened the file. */
  readonly dirty = new Map<number, { blocks: readonly number[]; growsFrom: number }>()

  /** `mostTokens`: of a mover on one file. */
  constructor(mostTokens?: number) {
    this.table = new TokenTable(HOME, mostTokens)
  }

  holder(id: number): TokenHolder {
    let holder = this.#holders.get(id)
    if (holder !== undefined) return holder
    const drained = (ino: number, part: Parameters<TokenHolder['drained']>[1]): void =>
      (holder as TokenHolder).drained(ino, part)
    holder = new TokenHolder(
      {
        request: (ino, request) => this.#later(() => this.#request(ino, id, request)),
        release: (ino, serial, span) => this.#later(() => this.#release(ino, id, serial, span)),
        pieces: (_, part) => {
          const { blocks, growsFrom } = this.dirty.get(id) ?? { blocks: [], growsFrom: Number.POSITIVE_INFINITY }
          return piecesOf(part, part.first, { blocks, growsFrom }, 2)
        },
        drain: (ino, part) => this.#pending.push(() => drained(ino, part)),
        forgotten: () => {},
      },
      id === HOME,
    )
    this.#holders.set(id, holder)
    return holder
  }

  /** What a client of mover `id` wants; returns what it took, as messages. */
  wants(id: number, kind: TokenKind, span: Span): string[] {
    this.trace.length = 0
    const holder = this.holder(id)
    if (holder.allows(FILE, kind, span.start, span.end)) return ['granted locally']
    holder.ask(FILE, kind, span, () => this.trace.push(`${id} grants its client`))
    for (let task = this.#pending.shift(); task !== undefined; task = this.#pending.shift()) task()
    return [...this.trace]
  }

  #later(task: () => void): void {
    this.#pending.push(task)
  }

  #request(ino: number, id: number, request: TokenRequest): void {
    const { start, end } = request.need
    this.trace.push(`${id} asks for ${request.kind} [${start}, ${end})`)
    this.table.request(ino, id, request, this.usedAtHome)
    this.#tell()
  }

  #release(ino: number, id: number, serial: number, span: Span): void {
    const held = this.table.describe(ino).held.find((token) => token.serial === serial)
    const isWhole = span.start === 0 && span.end === FILE_END
    this.trace.push(
      `${id} releases ${held?.kind}${isWhole || held?.kind === 'BR_R' ? '' : ` [${span.start}, ${span.end})`}`,
    )
    this.table.release(ino, id, serial, span)
    this.#tell()
  }

  #tell(): void {
    for (const effect of this.table.takeEffects()) {
      if (effect.type === 'grant') {
        const { token, mover, id, ino, replaces } = effect
        const span = token.end === FILE_END && token.start === 0 ? '' : ` [${token.start}, ${token.end})`
        this.trace.push(`${mover} is granted ${token.kind}${span}`)
        this.#later(() => this.holder(mover).granted(ino, id, token, replaces))
      } else if (effect.type === 'revoke') {
        const { mover, ino, serial, span } = effect
        this.trace.push(`${mover} is asked back`)
        this.#later(() => this.holder(mover).revoked(ino, serial, span))
      } else if (effect.type === 'shared') this.holder(HOME).shared(effect.ino, effect.token)
      else if (effect.type === 'alone') this.holder(HOME).alone(effect.ino)
      else if (effect.type === 'reduced' && this.isQuiet) {
        for (const id of [...this.#holders.keys()]) this.#later(() => this.holder(id).giveUpWriting(effect.ino))
      }
    }
  }
}

t.test('two clients of a secondary: one reads, then the other writes', async (t) => {
  const movers = new Movers()
  t.same(
    movers.wants(1, 'WF_R', { start: 0, end: 1 }),
    ['1 asks for WF_R [0, 1)', '1 is granted WF_R', '1 grants its client'],
    'the first read takes a read lock on the entire file',
  )
  t.same(movers.wants(1, 'BR_R', { start: 5, end: 9 }), ['granted locally'], 'later reads take no message')
  t.same(
    movers.wants(1, 'BR_W', { start: 2, end: 4 }),
    ['1 releases WF_R', '1 asks for BR_W [2, 4)', '1 is granted BR_W [2, 4)', '1 grants its client'],
    'a write gives the read lock up first, then asks for its range',
  )
  t.same(movers.wants(1, 'BR_W', { start: 3, end: 4 }), ['granted locally'], 'within the range no message is needed')
})

t.test('a write revokes every other holder, and no more than those', async (t) => {
  for (const holders of [0, 1, 4]) {
    const movers = new Movers()
    for (let id = 2; id < 2 + holders; id++) movers.wants(id, 'WF_R', WHOLE)
    movers.wants(1, 'WF_R', WHOLE)
    const trace = movers.wants(1, 'BR_W', { start: 0, end: 1 })
    const frames = trace.filter((line) => !line.includes('grants its client')).length
    // The release and the request travel in one frame.
    t.equal(frames - 1, 2 + 2 * holders, `${holders} other holders: ${trace.join('; ')}`)
  }
})

t.test('two movers hold disjoint ranges for writing, and readers get what lies between', async (t) => {
  const movers = new Movers()
  movers.wants(1, 'WF_R', WHOLE)
  movers.wants(1, 'BR_W', { start: 0, end: 1 })
  const second = movers.wants(2, 'BR_W', { start: 100, end: 101 })
  t.notOk(second.includes('1 is asked back'), second.join('; '))
  const held = movers.table.describe(FILE).held.map(({ mover, kind }) => `${mover} ${kind}`)
  t.same(held, ['1 BR_W', '2 BR_W'])
  t.same(movers.wants(3, 'WF_R', { start: 5000, end: 5001 }), [
    '3 asks for WF_R [5000, 5001)',
    '3 is granted BR_R [2048, 4503599627370496)',
    '3 grants its client',
  ])
})

t.test('a token of nothing, which lets its holder show the file, is given back like others', async (t) => {
  const movers = new Movers()
  movers.wants(1, 'WF_R', WHOLE)
  movers.wants(1, 'BR_W', { start: 0, end: 1 })
  t.ok(movers.wants(2, 'WF_R', { start: 0, end: 0 }).includes('2 is granted BR_R [0, 0)'))
  const trace = movers.wants(3, 'WF_X', WHOLE)
  t.ok(trace.includes('3 grants its client'), trace.slice(0, 20).join('; '))
  t.equal(trace.filter((line) => line === '2 is asked back').length, 1)
})

t.test('a quiet file is read whole again', async (t) => {
  const movers = new Movers()
  movers.wants(1, 'WF_R', WHOLE)
  movers.wants(1, 'BR_W', { start: 0, end: 1 })
  movers.holder(1).giveUp(FILE)
  t.ok(movers.wants(2, 'WF_R', { start: 0, end: 1 }).includes('2 is granted WF_R'))
  t.ok(movers.wants(1, 'WF_R', { start: 0, end: 1 }).includes('1 is granted WF_R'))
  t.same(movers.wants(1, 'WF_R', { start: 9, end: 10 }), ['granted locally'])
})

t.test('writers who have been quiet give up their ranges for a reader of the whole file', async (t) => {
  const movers = new Movers()
  movers.usedAtHome = true
  movers.wants(1, 'BR_W', { start: 0, end: 1 })
  movers.wants(2, 'BR_W', { start: 10_000, end: 10_001 })
  const read = { start: 5000, end: 5001 }
  t.ok(movers.wants(3, 'WF_R', read).at(-1)?.includes('grants its client'))
  t.notOk(movers.holder(3).allows(FILE, 'WF_R', 0, FILE_END), 'while others write it has a range')
  movers.isQuiet = true
  movers.wants(3, 'WF_R', { start: 0, end: 0 })
  t.notOk(movers.holder(1).allows(FILE, 'BR_W', 0, 1), 'the writers have nothing any more')
  t.ok(movers.wants(3, 'WF_R', WHOLE).includes('3 is granted WF_R'))
  t.same(movers.wants(3, 'WF_R', WHOLE), ['granted locally'])
  t.ok(movers.wants(1, 'BR_W', { start: 0, end: 1 }).includes('3 releases WF_R'), 'and a write takes its range again')
})

t.test('who writes alone gets more and more of the file, and home counts', async (t) => {
  const movers = new Movers()
  t.same(movers.wants(1, 'BR_W', { start: 3, end: 4 }).at(-2), '1 is granted WF_X', 'nobody else uses the file')
  const shared = new Movers()
  shared.usedAtHome = true
  const grants = [0, 10_000, 100_000, 200_000].map((start) => shared.wants(1, 'BR_W', { start, end: start + 1 }).at(-2))
  t.same(grants, [
    '1 is granted BR_W [0, 1)',
    '1 is granted BR_W [8192, 10240)',
    '1 is granted BR_W [98304, 114688)',
    '1 is granted WF_X',
  ])
})

t.test('contention ends the growth, and what is more than needed is taken where it is free', async (t) => {
  const movers = new Movers()
  movers.usedAtHome = true
  /** What a write takes, as far as others are concerned, and gets. */
  const write = (id: number, start: number): string[] => {
    const trace = movers.wants(id, 'BR_W', { start, end: start + 1 })
    return trace.filter((line) => line.endsWith('is asked back') || line.includes('is granted'))
  }
  for (const start of [0, 10_000, 100_000]) write(1, start)
  t.same(write(2, 110_000), ['1 is asked back', '2 is granted BR_W [110000, 110001)'], 'no more than is needed')
  t.same(write(2, 200_000), ['2 is granted BR_W [198656, 200704)'], 'then it begins anew')
  t.same(write(1, 199_000), ['2 is asked back', '1 is granted BR_W [199000, 199001)'])
  t.same(write(2, 199_500), [], 'who was asked for one block has the others')
  t.same(write(1, 197_000), ['1 is granted BR_W [196608, 198656)'], 'up to what the other one has')
  t.same(write(2, 201_000), ['2 is granted BR_W [199001, 212992)'], 'and from there on')
  t.same(write(1, 5000), ['1 is granted BR_W [0, 16384)'])
  for (let turn = 0; turn < 4; turn++) {
    t.same(write(2, 5000), ['1 is asked back', '2 is granted BR_W [5000, 5001)'], 'in turns')
    t.same(write(1, 5000), ['2 is asked back', '1 is granted BR_W [0, 16384)'], 'with what it has beside it')
  }
})

t.test('random writes of two movers leave each with a bounded number of pieces', async (t) => {
  const most = 512
  const movers = new Movers(most)
  movers.usedAtHome = true
  const random = new Random(1)
  const blocks = 100_000
  let asked = 0
  for (let i = 0; i < 4 * most; i++) {
    const [mover, start] = [1 + (i % 2), random.below(blocks)]
    asked += movers.wants(mover, 'BR_W', { start, end: start + 1 }).filter((line) => line.endsWith('asked back')).length
    if (!movers.holder(mover).allows(FILE, 'BR_W', start, start + 1)) t.fail(`write ${i} may not be done`)
  }
  const { held } = movers.table.describe(FILE)
  for (const mover of [1, 2]) {
    const pieces = held.filter((token) => token.mover === mover).length
    t.ok(pieces <= most && pieces > most / 2, `${pieces} pieces`)
    t.equal(movers.holder(mover).held(FILE)?.usable.length, pieces)
  }
  t.comment(`${asked} of ${4 * most} writes have something asked back`)
})

t.test('how tokens meet does not depend on who came first', async (t) => {
  const kinds = Object.keys(MEETINGS) as TokenKind[]
  const looks = MEETINGS.WF_X.BR_R
  t.equal(looks, 'apart', 'but for who only looks at a file that another mover has')
  const meetings = { ...MEETINGS, WF_X: { ...MEETINGS.WF_X, BR_R: 'never' } }
  for (const a of kinds) for (const b of kinds) t.equal(meetings[a][b], meetings[b][a], `${a} and ${b}`)
})

/** Who has all of the file, with these blocks dirty. */
function writer(blocks: readonly number[], growsFrom = Number.POSITIVE_INFINITY): Movers {
  const movers = new Movers()
  movers.wants(1, 'BR_W', { start: 0, end: 8 })
  movers.dirty.set(1, { blocks, growsFrom })
  return movers
}

t.test('a file of which nothing is dirty is given back as a whole', async (t) => {
  t.same(writer([]).wants(2, 'BR_R', { start: 5, end: 6 }), [
    '2 asks for BR_R [5, 6)',
    '1 is asked back',
    '1 releases WF_X',
    '2 is granted BR_R',
    '2 grants its client',
  ])
  t.same(
    writer([5]).wants(2, 'BR_R', { start: 5, end: 6 }).slice(2),
    ['1 releases WF_X', '2 is granted BR_R', '2 grants its client'],
    'and so it is when all that is dirty is waited for',
  )
})

t.test('what is clean is given back at once, what is dirty piece by piece', async (t) => {
  const clean = writer([0, 1, 2, 3, 7]).wants(2, 'WF_R', { start: 5, end: 6 })
  t.same(clean, [
    '2 asks for WF_R [5, 6)',
    '1 is asked back',
    '1 releases WF_X [4, 7)',
    '2 is granted BR_R [4, 7)',
    `1 releases BR_W [8, ${FILE_END})`,
    '1 releases BR_W [0, 2)',
    '2 grants its client',
    '1 releases BR_W [2, 4)',
    '1 releases BR_W [7, 8)',
  ])
  const dirty = writer([0, 1, 2, 3, 7]).wants(2, 'BR_W', { start: 7, end: 8 })
  t.equal(dirty.filter((line) => line === '1 is asked back').length, 1)
  const releases = dirty.filter((line) => line.startsWith('1 releases')).map((line) => line.slice(line.indexOf('[')))
  t.same(releases, ['[4, 7)', `[8, ${FILE_END})`, '[7, 8)', '[0, 2)', '[2, 4)'], 'what is waited for before the rest')
  t.ok(dirty.indexOf('2 grants its client') < dirty.indexOf('1 releases BR_W [0, 2)'), dirty.join('; '))
})

t.test('the end of a file is kept until its growth is committed', async (t) => {
  const trace = writer([3, 6, 7], 6).wants(2, 'BR_R', { start: 5, end: 6 })
  t.same(trace.slice(2), [
    '1 releases WF_X [0, 3)',
    '1 releases BR_W [4, 6)',
    '2 is granted BR_R [4, 6)',
    '1 releases BR_W [3, 4)',
    '2 grants its client',
    `1 releases BR_W [6, ${FILE_END})`,
  ])
})

t.test('who asks later for a piece has it before those that nobody waits for', async (t) => {
  const tokens = new HeldTokens()
  tokens.granted({ serial: 1, kind: 'WF_X', ...WHOLE }, [])
  t.same(tokens.revoked(1, { start: 0, end: 1 }), [])
  const ends = [0, 10, 20, 30, FILE_END]
  const pieces = ends.slice(1).map((end, i) => ({ start: ends[i], end, inTurn: true }))
  tokens.split(tokens.leaving[0], pieces)
  const next = (): number[] => tokens.takeDrainable().map(({ start }) => start)
  t.same([next(), next()], [[0], []], 'one after the other')
  t.same(tokens.revoked(1, { start: 25, end: 26 }), [], 'none of it is released before it is drained')
  tokens.left(tokens.leaving.find(({ draining }) => draining) as (typeof tokens.leaving)[0])
  t.same(next(), [20])
  t.same(
    tokens.all().map(({ kind }) => kind),
    ['BR_W', 'BR_W', 'BR_W'],
    'another primary is told of what is left',
  )
})

t.test('what is left of a file that is given back is joined to nothing', async (t) => {
  const movers = writer([0, 1, 2, 3])
  movers.table.request(FILE, 2, { id: 1, kind: 'BR_W', need: { start: 9, end: 10 }, exact: false }, false)
  const [{ serial }] = movers.table.describe(FILE).held
  movers.table.release(FILE, 1, serial, { start: 4, end: FILE_END })
  movers.table.takeEffects()
  movers.table.request(FILE, 1, { id: 2, kind: 'BR_W', need: { start: 4, end: 5 }, exact: true }, false)
  const granted = movers.table.takeEffects().find(({ type }) => type === 'grant')
  t.match(granted, { token: { kind: 'BR_W', start: 4, end: 5 } })
})
