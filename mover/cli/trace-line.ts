import type { TracedBlocks } from '../trace-event.ts'
import type { Notice, ShownEvent } from './trace-merger.ts'

/** Blocks as people are told of them. */
export function describeBlocks(blocks: TracedBlocks): string {
  if (blocks === null) return 'whole file'
  const [first, end] = blocks
  if (end === null) return `${first} to the end`
  return end === first ? 'none' : `${first} to ${end - 1}`
}

/** One line for people. */
export function traceLine(shown: Notice | ShownEvent): string {
  if ('notice' in shown) return `mover ${shown.mover} ${shown.notice}`
  const words = shown.what === 'sent' ? message(shown) : answer(shown)
  return `${timeOfDay(new Date(shown.wallMs))}  ${words}`
}

function message(event: ShownEvent): string {
  const {
    from,
    to,
    kind,
    operation,
    names = [],
    token,
    blocks,
    need,
    holds,
    count,
    serial,
    tellsChanges,
    status,
    lock,
    decides,
  } = event
  const parts = [
    kind,
    operation,
    ...names.map((name) => JSON.stringify(name)),
    token,
    place(blocks),
    need === undefined ? undefined : `for ${place(need)}`,
    holds?.map((held) => `${held.token} ${place(held.blocks)} serial ${held.serial}`).join(', '),
    lock,
    count === undefined ? undefined : `${count} ${COUNTED[kind] ?? 'block'}${count === 1 ? '' : 's'}`,
    serial === undefined ? undefined : `serial ${serial}`,
    tellsChanges === true ? 'with changes' : undefined,
    decides === undefined ? undefined : DECIDES[decides],
    status,
    `[frame ${event.frame}]`,
  ]
  return `${from} -> ${to}  ${parts.filter((part) => part !== undefined).join(' ')}`
}

/** What messages of a kind count, where it is not blocks. */
const COUNTED: Readonly<Record<string, string>> = { MAPPED: 'extent', LOCK_DEMOTE: 'lock', LOCK_ASSERT: 'lock' }
const DECIDES = { none: 'no locks delegated', shared: 'shared locks delegated', all: 'all locks delegated' }

function place(blocks: TracedBlocks | undefined): string | undefined {
  if (blocks === undefined) return undefined
  return blocks === null ? 'whole file' : `blocks ${describeBlocks(blocks)}`
}

/** What a client that changes something is told is an acknowledgement. */
const LOOKS = [
  'GETATTR',
  'LOOKUP',
  'ACCESS',
  'READLINK',
  'READ',
  'READDIR',
  'READDIRPLUS',
  'FSSTAT',
  'FSINFO',
  'PATHCONF',
]

function answer({ from, to, kind, bytes, status, under = [] }: ShownEvent): string {
  const range = bytes === undefined ? '' : ` of bytes ${bytes[0]} to ${bytes[1] - 1}`
  const done = status !== 'OK' ? `refused: ${status}` : LOOKS.includes(kind) ? 'answered' : 'acknowledged'
  const rights = under.length === 0 ? '' : ` under ${under.join(' and ')}`
  return `${from}: client ${to}'s ${kind}${range} ${done}${rights}`
}

function timeOfDay(time: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0')
  const ms = String(time.getMilliseconds()).padStart(3, '0')
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${ms}`
}
