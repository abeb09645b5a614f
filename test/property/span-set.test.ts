/** Sets of blocks, and the tokens that are looked up in them, against lists that are searched. */
import fc from 'fast-check'
import t from 'tap'
import { HeldTokens } from '../../mover/locks/held-tokens.ts'
import { SpanSet } from '../../mover/locks/span-set.ts'
import { ALLOWS, common, cover, isWhole, type Span, type Token, touches, without } from '../../mover/locks/token.ts'

const MOST_BLOCKS = 12
const KINDS = ['WF_R', 'BR_R', 'BR_W', 'WF_X'] as const
const RUNS = { numRuns: 400 }

const spans = fc
  .tuple(fc.nat(MOST_BLOCKS), fc.nat(4))
  .map(([start, length]): Span => ({ start, end: Math.min(MOST_BLOCKS, start + length) }))
const filled = spans.filter(({ start, end }) => start < end)
const wanted = Array.from({ length: MOST_BLOCKS }, (_, start) =>
  Array.from({ length: MOST_BLOCKS - start }, (_, length) => ({ start, end: start + length + 1 })),
).flat()
/** Of an empty span only its place is asked for. */
const places = Array.from({ length: MOST_BLOCKS + 1 }, (_, at) => ({ start: at, end: at }))

t.test('a set of spans has the blocks that were added and not removed since', async () => {
  const steps = fc.array(fc.tuple(fc.boolean(), filled), { maxLength: 30 })
  fc.assert(
    fc.property(steps, (list) => {
      const set = new SpanSet()
      const blocks = new Set<number>()
      for (const [isAdded, span] of list) {
        if (isAdded) set.add(span)
        else set.remove(span)
        for (let block = span.start; block < span.end; block++) {
          if (isAdded) blocks.add(block)
          else blocks.delete(block)
        }
      }
      for (const { start, end } of wanted) {
        let isThere = true
        for (let block = start; block < end; block++) isThere &&= blocks.has(block)
        if (set.has(start, end) !== isThere) throw new Error(`[${start}, ${end}): ${!isThere}`)
      }
      const runs = [...blocks].filter((block) => !blocks.has(block - 1)).length
      if (set.size !== runs) throw new Error(`${set.size} spans instead of ${runs}`)
    }),
    RUNS,
  )
})

t.test('tokens allow together what each of them does, piece by piece', async () => {
  const step = fc.oneof(
    fc.record({ grant: fc.constantFrom(...KINDS), span: spans }),
    fc.record({ revoke: fc.nat(20), span: spans }),
    fc.record({ leave: fc.constantFrom(...KINDS) }),
    fc.record({ replace: fc.nat(20), grant: fc.constantFrom(...KINDS), span: spans }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (list) => {
      const held = new HeldTokens()
      let tokens: Token[] = []
      let serial = 0
      for (const one of list) {
        if ('leave' in one) {
          held.leave([one.leave])
          tokens = tokens.filter(({ kind }) => kind !== one.leave)
        } else if ('revoke' in one) {
          held.revoked(one.revoke, one.span)
          tokens = tokens.flatMap((token) => {
            if (token.serial !== one.revoke || !touches(token, one.span)) return [token]
            return without(token, isWhole(token.kind) ? token : common(token, one.span))
          })
        } else {
          const whole = { start: 0, end: MOST_BLOCKS }
          const token = { serial: ++serial, kind: one.grant, ...(isWhole(one.grant) ? whole : one.span) }
          const replaces = 'replace' in one ? [one.replace] : []
          held.granted(token, replaces)
          tokens = [...tokens.filter(({ serial }) => !replaces.includes(serial)), token]
        }
        for (const kind of KINDS) {
          const allowing = tokens.filter((token) => ALLOWS[token.kind][kind])
          for (const span of [...wanted, ...places]) {
            const isAllowed = cover(allowing, span)
            if (held.allows(kind, span.start, span.end) === isAllowed) continue
            throw new Error(`${kind} [${span.start}, ${span.end}): ${!isAllowed}`)
          }
        }
      }
    }),
    RUNS,
  )
})
