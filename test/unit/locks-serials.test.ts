/** Serials of one reign mean nothing in the next one. */
import t from 'tap'
import type { Leaving } from '../../mover/locks/held-tokens.ts'
import { FILE_END } from '../../mover/locks/token.ts'
import { TokenHolder } from '../../mover/locks/token-holder.ts'
import { TokenTable } from '../../mover/locks/token-table.ts'

const FILE = 77
const WHOLE = { start: 0, end: FILE_END }

t.test(
  'what a dead primary has asked for is not given back to the next one under a serial that is another token now',
  async (t) => {
    let table = new TokenTable(0)
    const up: (() => void)[] = []
    const drains: Leaving[] = []
    const a: TokenHolder = new TokenHolder(
      {
        request: (ino, request) => up.push(() => table.request(ino, 1, request, false)),
        release: (ino, serial, span) => up.push(() => table.release(ino, 1, serial, span)),
        pieces: (_, part) => [{ start: part.start, end: part.end, inTurn: false }],
        drain: (_, part) => drains.push(part),
        forgotten: () => {},
      },
      false,
    )
    const carryOut = () => {
      for (const one of up.splice(0)) one()
    }
    const drain = () => {
      for (const part of drains.splice(0)) a.drained(FILE, part)
    }
    // It writes a block, and looks at the file.
    a.granted(FILE, 1, { serial: 10, kind: 'BR_W', start: 0, end: 1 }, [])
    a.granted(FILE, 2, { serial: 11, kind: 'WF_R', ...WHOLE }, [])
    a.keep(FILE) // a WRITE waits for free blocks
    a.retain(FILE) // the minimum hold
    a.revoked(FILE, 10, { start: 0, end: 1 })
    a.revoked(FILE, 11, WHOLE)
    a.ask(FILE, 'BR_W', { start: 5, end: 6 }, () => {}) // another WRITE, meanwhile: gives up WF_R first
    drain()
    a.letGo(FILE) // end of the hold
    up.length = 0 // the primary is dead
    table = new TokenTable(0)
    for (const token of a.held(FILE)?.all() ?? []) table.assert(FILE, 1, token)
    table.takeEffects()
    a.askAgain()
    carryOut()
    const [grant] = table.takeEffects().filter(({ type }) => type === 'grant')
    // What the first WRITE has waited for comes before the GRANT.
    a.runAgain([FILE], () => {})
    carryOut()
    if (grant.type === 'grant') a.granted(FILE, grant.id, grant.token, grant.replaces)
    table.request(FILE, 2, { id: 1, kind: 'BR_W', need: { start: 5, end: 6 }, exact: false }, false)
    const other = table.takeEffects().some((effect) => effect.type === 'grant' && effect.mover === 2)
    t.notOk(other && a.allows(FILE, 'BR_W', 5, 6), 'two movers may write to one block')
  },
)
