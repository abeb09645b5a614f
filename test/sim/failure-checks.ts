/** What must hold in a world in which movers fail: at every moment, and when it is at rest. */

import { ALLOWS, cover, exclude, type Span, type Token, type TokenKind } from '../../mover/locks/token.ts'
import { PagePool } from '../../mover/store/page-pool.ts'
import { Suspend } from '../../mover/suspend.ts'
import { start } from '../../mover/task.ts'
import { type CheckMemory, checkDevice, type VolumeCheck } from '../../mover/volume/check/check.ts'
import { BLOCK_BYTES } from '../../mover/volume/layout.ts'
import { NodeMemory } from '../../mover/volume/tree/node-layout.ts'
import { WALK_SLOTS } from '../../mover/volume/tree/walk.ts'
import type { grant } from '../../protocol/moverlock/moverlock.gen.ts'
import { Arena } from '../crash/arena.ts'
import type { FaultDevice } from '../crash/fault-device.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import type { SimulatedHost } from './failure-host.ts'
import type { SimulatedMover } from './failure-mover.ts'

const MOST_STEPS = 200_000

/** Something is wrong, perhaps with one file. */
export class Violation extends Error {
  readonly ino: number

  constructor(message: string, ino = 0) {
    super(message)
    this.ino = ino
  }
}

/** Of two movers, dead ones of which something is left among them, no two may do what must not be done together. */
export function checkHolders(host: SimulatedHost, ino: number): void {
  const { primary } = host
  const holders = host.holders.map(({ name, authority }) => {
    const held = authority?.tokens.held(ino)
    return { name, tokens: held === undefined ? [] : [...held.usable, ...held.leaving] }
  })
  for (const [i, { name, tokens }] of holders.entries()) {
    for (const token of tokens) {
      for (const other of holders.slice(i + 1)) {
        const clash = other.tokens.find((one) => exclude(one, token))
        if (clash !== undefined) {
          throw new Violation(`${name} has ${shown(token)} and ${other.name} has ${shown(clash)}`, ino)
        }
      }
      if (primary !== null && mayAtHome(primary, ino, token)) {
        throw new Violation(`${name} has ${shown(token)} and the primary may do what conflicts with it`, ino)
      }
    }
  }
}

/**
 * Who is primary knows of all that movers hold, once it has taken over: it might give it to others else. Who reads all of a
 * file shows its attributes as they are.
 */
export function checkKnown({ primary, holders }: SimulatedHost, ino: number): void {
  const reign = primary?.reign ?? null
  if (primary === null || reign === null || !reign.isRecovered || primary.process.isDead) return
  const { held } = reign.authority.describe(ino)
  const change = primary.files?.context.inodes.peek(ino)?.change ?? 0
  for (const { name, incarnation, authority, held: files } of holders) {
    for (const token of authority?.tokens.held(ino)?.all() ?? []) {
      const known = held.filter(({ mover, kind }) => mover === incarnation.name && ALLOWS[kind][token.kind])
      if (!cover(known, token))
        throw new Violation(`${name} has ${shown(token)}, and its primary does not know that`, ino)
      const theirs = files?.inode(ino)?.change ?? 0
      if (token.kind === 'WF_R' && authority?.isReady === true && theirs < change)
        throw new Violation(`${name} has ${shown(token)}, and change number ${theirs} instead of ${change}`, ino)
    }
  }
}

/** A grant is known from all that its mover has of the file: its serial is the largest. */
export function checkSerial({ name, authority }: SimulatedMover, { ino, granted: { serial } }: grant): void {
  for (const token of authority?.tokens.held(ino)?.all() ?? []) {
    if (token.serial >= serial) throw new Violation(`${name} has serial ${token.serial}, and is granted ${serial}`, ino)
  }
}

/** True when the primary as such may do what a token excludes, of another mover or of what it is to its own clients. */
function mayAtHome({ reign, process }: SimulatedMover, ino: number, { kind, start, end }: Token): boolean {
  // It serves nobody before it knows what others hold.
  if (reign === null || !reign.isRecovered || process.isDead || start >= end) return false
  const { authority } = reign
  if (kind === 'BR_W' || kind === 'WF_X') return authority.mayRead(ino, start, start + 1)
  try {
    authority.need(ino, 'BR_W', start, Math.min(end, start + 1))
    return true
  } catch (error) {
    if (error instanceof Suspend) return false
    throw error
  }
}

function shown({ kind, start, end }: Span & { kind: TokenKind }): string {
  return `${kind} [${start}, ${end})`
}

/** Nobody writes where somebody else has reserved blocks. */
export function checkLanding(
  { primary }: SimulatedHost,
  mover: SimulatedMover,
  isPrimary: boolean,
  offset: number,
  length: number,
): void {
  for (const { name, reserved } of primary?.peers ?? []) {
    if ((name === mover.incarnation.name && !isPrimary) || reserved.count === 0) continue
    for (let block = offset / BLOCK_BYTES; block < (offset + length) / BLOCK_BYTES; block++) {
      if (!reserved.take(block, 1)) continue
      throw new Violation(`${mover.name} has written to block ${block}, which ${name} has reserved`)
    }
  }
}

const arena = new Arena(8192)
let memory: CheckMemory | null = null

/** What the device would be after a crash of all processes now is a whole volume. */
export function checkVolume(device: FaultDevice, seed: number): void {
  memory ??= { walk: new NodeMemory(new PagePool(WALK_SLOTS)), replay: new PagePool(2048) }
  const env = new TestEnvironment(seed)
  arena.reset()
  let found: VolumeCheck | null = null
  start(checkDevice({ device: device.survivingImage(env, { arena }), env, memory }), (error, result) => {
    if (error !== null) throw error
    found = result
  })
  env.runUntil(() => found !== null, MOST_STEPS)
  const { problems } = found as unknown as VolumeCheck
  if (problems.length > 0) throw new Violation(`check says: ${problems.slice(0, 10).join('; ')}`)
}
