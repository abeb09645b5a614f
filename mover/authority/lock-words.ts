import {
  type client_lock,
  client_lock_kind,
  delegation_level,
  type given_delegation,
  lock_op_kind,
  lock_outcome_kind,
  lock_protocol,
  type delegation as WireDelegation,
  type lock_op as WireOp,
  type lock_outcome as WireOutcome,
  type lock_owner as WireOwner,
} from '../../protocol/moverlock/moverlock.gen.ts'
import {
  type ClientLock,
  type Delegation,
  type DelegationLevel,
  type GivenDelegation,
  type LockMode,
  type LockOp,
  type LockOutcome,
  type LockOwner,
  type LockProtocol,
  OPEN_DELETE,
  OPEN_READ,
  OPEN_WRITE,
  offsetOf,
  RANGE_END,
} from '../locks/client-lock.ts'
import { SessionError } from './session-error.ts'

/** Client locks as messages say them, and as the machines of `locks` know them. What comes from a peer is checked here. */

const PROTOCOLS = {
  nlm: lock_protocol.OF_NLM,
  nfs4: lock_protocol.OF_NFS4,
  smb: lock_protocol.OF_SMB,
} as const satisfies Record<LockProtocol, lock_protocol>
const LEVELS = {
  none: delegation_level.DECIDES_NOTHING,
  shared: delegation_level.DECIDES_SHARED,
  all: delegation_level.DECIDES_ALL,
} as const satisfies Record<DelegationLevel, delegation_level>
const MODES = {
  try: lock_op_kind.ASK_TRY,
  wait: lock_op_kind.ASK_WAIT,
  reclaim: lock_op_kind.ASK_RECLAIM,
} as const satisfies Record<LockMode, lock_op_kind>
const PROTOCOL_WORDS = inverse(PROTOCOLS)
const LEVEL_WORDS = inverse(LEVELS)
const MODE_WORDS = inverse(MODES)
const ALL_BITS = OPEN_READ | OPEN_WRITE | OPEN_DELETE

function inverse<W extends string, N extends number>(numbers: Readonly<Record<W, N>>): ReadonlyMap<number, W> {
  return new Map((Object.keys(numbers) as W[]).map((word) => [numbers[word], word]))
}

export function wireOwner({ protocol, client, owner }: LockOwner): WireOwner {
  return {
    protocol: PROTOCOLS[protocol],
    client: Buffer.from(client, 'latin1'),
    owner: Buffer.from(owner, 'latin1'),
  }
}

export function ownerOfWire({ protocol, client, owner }: WireOwner): LockOwner {
  return {
    protocol: PROTOCOL_WORDS.get(protocol) as LockProtocol,
    client: Buffer.from(client).toString('latin1'),
    owner: Buffer.from(owner).toString('latin1'),
  }
}

export function wireLock(lock: ClientLock): client_lock {
  const owner = wireOwner(lock.owner)
  if (lock.kind === 'open') {
    const { id, access, deny } = lock
    return { owner, what: { kind: client_lock_kind.OPEN_LOCK, open: { id, access, deny } } }
  }
  const to_end = lock.end === RANGE_END
  const range = {
    windows: lock.flavour === 'windows',
    exclusive: lock.isExclusive,
    start: BigInt(lock.start),
    end: to_end ? 0n : BigInt(lock.end),
    to_end,
  }
  return { owner, what: { kind: client_lock_kind.RANGE_LOCK, range } }
}

/** Throws `SessionError` for what no lock can be. */
export function lockOfWire({ owner: who, what }: client_lock): ClientLock {
  const owner = ownerOfWire(who)
  if (what.kind === client_lock_kind.OPEN_LOCK) {
    const { id, access, deny } = what.open
    if (access > ALL_BITS || deny > ALL_BITS) throw new SessionError(`an open of access ${access} that denies ${deny}`)
    return { kind: 'open', owner, id, access, deny }
  }
  const { windows, exclusive, start, end: before, to_end } = what.range
  const end = to_end ? RANGE_END : offsetOf(before)
  const isSound = start < end || (windows && start === before && !to_end)
  if (!isSound) throw new SessionError(`a lock of bytes ${start} to ${end}`)
  return {
    kind: 'range',
    owner,
    flavour: windows ? 'windows' : 'posix',
    start: offsetOf(start),
    end,
    isExclusive: exclusive,
  }
}

export function wireOp(op: LockOp): WireOp {
  switch (op.type) {
    case 'lock':
      return { kind: MODES[op.mode], what: wireLock(op.lock) }
    case 'test':
      return { kind: lock_op_kind.ASK_TEST, what: wireLock(op.lock) }
    case 'weaken':
      return { kind: lock_op_kind.ASK_WEAKEN, what: wireLock(op.lock) }
    case 'unlock':
      return { kind: lock_op_kind.ASK_UNLOCK, what: wireLock(op.lock) }
    case 'cancel':
      return { kind: lock_op_kind.ASK_CANCEL, cancel: { owner: wireOwner(op.owner), waiter: op.waiter } }
    case 'release':
      return { kind: lock_op_kind.ASK_FREE, owner: wireOwner(op.owner) }
  }
}

export function opOfWire(op: WireOp): LockOp {
  switch (op.kind) {
    case lock_op_kind.ASK_TEST:
      return { type: 'test', lock: lockOfWire(op.what) }
    case lock_op_kind.ASK_WEAKEN:
      return { type: 'weaken', lock: lockOfWire(op.what) }
    case lock_op_kind.ASK_UNLOCK:
      return { type: 'unlock', lock: lockOfWire(op.what) }
    case lock_op_kind.ASK_CANCEL:
      return { type: 'cancel', owner: ownerOfWire(op.cancel.owner), waiter: op.cancel.waiter }
    case lock_op_kind.ASK_FREE:
      return { type: 'release', owner: ownerOfWire(op.owner) }
    default:
      return { type: 'lock', mode: MODE_WORDS.get(op.kind) as LockMode, lock: lockOfWire(op.what) }
  }
}

export function wireDelegation({ serial, level }: Delegation): WireDelegation {
  return { serial, level: LEVELS[level] }
}

export function delegationOfWire({ serial, level }: WireDelegation): Delegation {
  return { serial, level: LEVEL_WORDS.get(level) as DelegationLevel }
}

export function wireGiven(given: GivenDelegation | null): given_delegation | null {
  return given === null ? null : { what: wireDelegation(given), brief: given.isBrief }
}

export function givenOfWire(given: given_delegation | null): GivenDelegation | null {
  return given === null ? null : { ...delegationOfWire(given.what), isBrief: given.brief }
}

/** Outcomes that say nothing but themselves. */
const PLAIN = {
  granted: lock_outcome_kind.IS_GRANTED,
  deadlock: lock_outcome_kind.IS_DEADLOCK,
  grace: lock_outcome_kind.IS_GRACE,
  noGrace: lock_outcome_kind.IS_NO_GRACE,
  limit: lock_outcome_kind.IS_LIMIT,
  notHeld: lock_outcome_kind.IS_NOT_HELD,
  gone: lock_outcome_kind.IS_GONE,
} as const satisfies Record<Exclude<LockOutcome['type'], 'denied' | 'waiting'>, lock_outcome_kind>
const PLAIN_WORDS = inverse(PLAIN)

export function wireOutcome(outcome: LockOutcome): WireOutcome {
  if (outcome.type === 'denied') {
    return { kind: lock_outcome_kind.IS_DENIED, met: { mover: outcome.mover, what: wireLock(outcome.lock) } }
  }
  if (outcome.type === 'waiting') return { kind: lock_outcome_kind.IS_WAITING, waiter: outcome.waiter }
  return { kind: PLAIN[outcome.type] }
}

export function outcomeOfWire(outcome: WireOutcome): LockOutcome {
  if (outcome.kind === lock_outcome_kind.IS_DENIED) {
    return { type: 'denied', mover: outcome.met.mover, lock: lockOfWire(outcome.met.what) }
  }
  if (outcome.kind === lock_outcome_kind.IS_WAITING) return { type: 'waiting', waiter: outcome.waiter }
  return { type: PLAIN_WORDS.get(outcome.kind) as keyof typeof PLAIN }
}
