import {
  type answer,
  client_lock_kind,
  type delegation,
  type lock_op,
  lock_op_kind,
  lock_outcome_kind,
  type message,
  message_kind,
  operation_kind,
  type token,
  type written,
} from '../../protocol/moverlock/moverlock.gen.ts'
import { FILE_END, isWhole, type Span } from '../locks/token.ts'
import type { TraceDetails, TracedBlocks, TracedToken } from '../trace-event.ts'
import { failureWord, TOKEN_KINDS } from './codes.ts'
import { delegationOfWire } from './lock-words.ts'

/** What a message tells of files. */
export interface Told {
  /** Files and directories that it is about. */
  inos: number[]
  details: TraceDetails
  /** The id under which it will be answered, in a message that does not name the file again. */
  asks?: number
  /** The id of what it answers. */
  answers?: number
  /** Serials of tokens that are no more. */
  replaces?: readonly number[]
}

type KindName = keyof typeof message_kind
type Tell = { [K in KindName]: (message: Extract<message, { kind: (typeof message_kind)[K] }>) => Told }

/** By kind of message; the others are not about files. */
const TELL: Partial<Tell> = {
  LOCK: ({ lock: { ino, kind, need } }) => {
    const token = TOKEN_KINDS[kind]
    const whole = isWhole(token)
    return { inos: [ino], details: { token, blocks: shown(need, whole), ...(whole ? { need: shown(need) } : {}) } }
  },
  RELEASE: ({ release: { ino, serial, blocks, changes } }) => ({
    inos: [ino],
    details: { serial, blocks: shown(blocks), ...telling(changes) },
  }),
  GRANT: ({ grant: { ino, granted, replaces } }) => ({ inos: [ino], details: tokenOf(granted), replaces }),
  DENIED: ({ denied: { ino, why } }) => ({ inos: [ino], details: { status: failureWord(why) ?? 'OK' } }),
  REVOKE: ({ revoke: { ino, serial, blocks } }) => ({ inos: [ino], details: { serial, blocks: shown(blocks) } }),
  MAP: ({ map: { ino, id, first } }) => ({ inos: [ino], details: { blocks: [first, null] }, asks: id }),
  MAPPED: ({ mapped: { id, map } }) => ({ inos: [], details: { count: map.extents.length }, answers: id }),
  COMMIT: ({ commit: { id, ino, runs } }) => {
    const count = runs.reduce((sum, { length }) => sum + length, 0)
    return { inos: [ino], details: { count, tellsChanges: true }, asks: id }
  },
  COMMITTED: ({ committed: { id, status } }) => ({
    inos: [],
    details: { status: failureWord(status) ?? 'OK' },
    answers: id,
  }),
  ASSERT: ({ assertion: { ino, tokens, changes } }) => ({
    inos: [ino],
    details: { holds: tokens.map(tokenOf), ...telling(changes) },
  }),
  KNOWN: ({ known: { ino } }) => ({ inos: [ino], details: {} }),
  GLIMPSE: ({ glimpse: { ino } }) => ({ inos: [ino], details: {} }),
  GLIMPSED: ({ glimpsed: { ino, changes } }) => ({ inos: [ino], details: telling(changes) }),
  CALL: ({ call: { id, what } }) => {
    const { inos, names } = named(what)
    return { inos, details: { operation: OPERATIONS[what.kind], names }, asks: id }
  },
  LOCK_ASK: ({ lock_ask: { ino, id, what } }) => ({
    inos: [ino],
    details: { operation: LOCK_OPS[what.kind], ...lockedBytes(what) },
    asks: id,
  }),
  LOCK_ANSWER: ({ lock_answer: { ino, id, outcome, given } }) => ({
    inos: [ino],
    details: { status: LOCK_OUTCOMES[outcome.kind], ...delegated(given?.what ?? null) },
    answers: id,
  }),
  LOCK_DEMOTE: ({ lock_demotion: { ino, given, locks } }) => ({
    inos: [ino],
    details: { count: locks.length, ...delegated(given) },
  }),
  LOCK_ASSERT: ({ lock_assertion: { ino, held, locks } }) => ({
    inos: [ino],
    details: { count: locks.length, ...delegated(held) },
  }),
  LOCK_BACK: ({ lock_back: { ino, id } }) => ({ inos: [ino], details: {}, answers: id }),
  LOCK_GRANT: ({ lock_grant: { ino, given } }) => ({ inos: [ino], details: delegated(given?.what ?? null) }),
  LOCK_RECALL: ({ lock_recall: { ino, to } }) => ({ inos: [ino], details: delegated(to) }),
  LOCK_DROP: ({ lock_drop: { ino } }) => ({ inos: [ino], details: {} }),
  ANSWER: ({ answer }) => ({
    inos: shownIn(answer),
    details: { status: failureWord(answer.status) ?? 'OK' },
    answers: answer.id,
  }),
}

/** Names of the kinds of messages, by number. */
export const MESSAGE_KINDS: readonly string[] = namesOf(message_kind)
const OPERATIONS: readonly string[] = namesOf(operation_kind)
const TELL_BY_KIND = MESSAGE_KINDS.map((name) => TELL[name as KindName] as ((message: never) => Told) | undefined)

/** Null for what is not about files. */
export function toldBy(message: message): Told | null {
  return TELL_BY_KIND[message.kind]?.(message as never) ?? null
}

const LOCK_OPS = namesOf(lock_op_kind).map((name) => name.slice('ASK_'.length))
const LOCK_OUTCOMES = namesOf(lock_outcome_kind).map((name) => name.slice('IS_'.length))

function delegated(given: delegation | null): TraceDetails {
  return given === null ? {} : { serial: given.serial, decides: delegationOfWire(given).level }
}

function lockedBytes(op: lock_op): TraceDetails {
  if (op.kind === lock_op_kind.ASK_CANCEL || op.kind === lock_op_kind.ASK_FREE) return {}
  const { what } = op.what
  if (what.kind === client_lock_kind.OPEN_LOCK) return { lock: 'open' }
  const { exclusive, start, end, to_end } = what.range
  const last = to_end ? 'the end' : String(end - 1n)
  return { lock: `${exclusive ? 'exclusive' : 'shared'} bytes ${start} to ${last}` }
}

/** Names by number. */
function namesOf(numbers: Readonly<Record<string, number>>): string[] {
  const names: string[] = []
  for (const [name, number] of Object.entries(numbers)) names[number] = name
  return names
}

function shown({ start, end }: Span, whole = start === 0 && end === FILE_END): TracedBlocks {
  return whole ? null : [start, end === FILE_END ? null : end]
}

function tokenOf({ serial, kind, blocks }: token): TracedToken {
  return { token: TOKEN_KINDS[kind], serial, blocks: shown(blocks) }
}

function telling(changes: written | null): TraceDetails {
  return changes === null ? {} : { tellsChanges: true }
}

/** Numbers and names of the objects in the arguments of an operation, wherever they stand. */
function named(args: object): { inos: number[]; names: string[] } {
  const inos: number[] = []
  const names: string[] = []
  for (const [key, value] of Object.entries(args)) {
    if (key === 'ino') inos.push(value)
    else if (key === 'what' && value instanceof Uint8Array) names.push(Buffer.from(value).toString())
    else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
      const within = named(value)
      inos.push(...within.inos)
      names.push(...within.names)
    }
  }
  return { inos, names }
}

function shownIn({ before, after }: answer): number[] {
  return [...before, ...after].map(({ ino }) => ino)
}
