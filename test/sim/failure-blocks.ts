/** Whose the blocks of the device are: in a world in which movers fail, at any moment and when all is at rest. */

import type { VolumeFiles } from '../../mover/files/volume-files.ts'
import { ALLOWS, cover, exclude, type TokenKind } from '../../mover/locks/token.ts'
import { Suspend } from '../../mover/suspend.ts'
import { BLOCK_BYTES, CHUNK_TYPE } from '../../mover/volume/layout.ts'
import type { TestEnvironment } from '../crash/test-environment.ts'
import { Violation } from './failure-checks.ts'
import type { SimulatedHost } from './failure-host.ts'
import type { SimulatedMover } from './failure-mover.ts'
import type { Flight } from './shared-store.ts'

const MOST_STEPS = 200_000
/** Blocks of a file that are looked at: more than any has. */
const FILE_BLOCKS = 16_384

/** A run of device blocks, and whose it is: a file's, from its block `at` on, or reserved for a mover. */
interface Owned {
  readonly start: number
  readonly end: number
  readonly ino: number
  readonly at: number
  readonly mover: string
}

/** Runs that may not overlap. */
class Owners {
  readonly runs: Owned[] = []
  blocks = 0

  own(run: Owned): void {
    this.runs.push(run)
    this.blocks += run.end - run.start
  }

  /** All are known: looks for a block that has two owners. */
  sort(): void {
    this.runs.sort((a, b) => a.start - b.start)
    for (const [i, run] of this.runs.entries()) {
      const next = this.runs[i + 1]
      if (next === undefined || run.end <= next.start) continue
      throw new Violation(`block ${next.start} belongs to ${described(run)} and to ${described(next)}`, run.ino)
    }
  }

  of(block: number): Owned | null {
    return this.runs.find(({ start, end }) => start <= block && block < end) ?? null
  }
}

function described({ ino, mover }: Owned): string {
  return mover === '' ? `inode ${ino}` : `what ${mover} has reserved`
}

/** Reserved blocks of those that the primary knows. */
function ownReserved({ peers }: SimulatedMover, owners: Owners): void {
  for (const { name, reserved } of peers) {
    for (const { start, length } of reserved.runs()) {
      owners.own({ start, end: start + length, ino: 0, at: 0, mover: name })
    }
  }
}

/** Blocks of a file. Throws Suspend when memory does not tell, having added nothing. */
function ownBlocksOf({ volume }: VolumeFiles, ino: number, owners: Owners): void {
  const stretch = { deviceBlock: 0, length: 0 }
  const runs: Owned[] = []
  volume.begin()
  for (let block = 0; block < FILE_BLOCKS; block += stretch.length) {
    volume.mapBlock(ino, block, FILE_BLOCKS - block, stretch)
    const { deviceBlock: start, length } = stretch
    if (start !== 0) runs.push({ start, end: start + length, ino, at: block, mover: '' })
  }
  for (const run of runs) owners.own(run)
}

/**
 * At any moment: no data block has two owners, and one that a request is under way to is its file's, of which the mover may
 * read or write that block, or reserved for that mover; it is not free. Movers that have died count, until nothing is left.
 * `inos`: all files that have blocks. Returns whether it could be known.
 */
export function checkOwners(host: SimulatedHost, inos: readonly number[]): boolean {
  const { primary } = host
  const [files, reign] = [primary?.files ?? null, primary?.reign ?? null]
  if (primary === null || files === null || reign?.isRecovered !== true || primary.process.isDead) return false
  const owners = new Owners()
  try {
    for (const ino of inos) ownBlocksOf(files, ino, owners)
  } catch (error) {
    if (!(error instanceof Suspend)) throw error
    return false
  }
  ownReserved(primary, owners)
  owners.sort()
  for (const { mover } of host.slots) {
    if (mover === null) continue
    const { name, incarnation, flights } = mover
    for (const flight of flights.asSecondary) checkFlight(primary, owners, flight, incarnation.name, name)
    for (const flight of flights.asPrimary) checkFlight(primary, owners, flight, '', `primary ${name}`)
  }
  return true
}

/** `name`: of the mover; empty: it is the primary as such. `shown`: for people. */
function checkFlight(primary: SimulatedMover, owners: Owners, flight: Flight, name: string, shown: string): void {
  const { isWrite, offset, length } = flight
  const { volume } = primary.files as VolumeFiles
  const who = `a ${isWrite ? 'write' : 'read'} of ${shown} is under way to block`
  for (let block = offset / BLOCK_BYTES; block < (offset + length) / BLOCK_BYTES; block++) {
    const { space } = volume
    if (space.typeOf(space.chunkOf(block)) !== CHUNK_TYPE.data) {
      if (name !== '') throw new Violation(`${who} ${block}, which is not for data`)
      continue
    }
    const owner = owners.of(block)
    if (owner === null) {
      if (isFree(volume, block)) throw new Violation(`${who} ${block}, which is free`)
    } else if (owner.mover !== '') {
      if (owner.mover !== name) throw new Violation(`${who} ${block}, which ${owner.mover} has reserved`)
    } else {
      const at = owner.at + block - owner.start
      const why = whyNot(primary, owner.ino, name, isWrite, at)
      if (why !== null) throw new Violation(`${who} ${block}, the file's ${at}: ${why}`, owner.ino)
    }
  }
}

/** Why a mover must not read or write a file's block, as its primary knows it; null: it may. */
function whyNot(primary: SimulatedMover, ino: number, name: string, isWrite: boolean, at: number): string | null {
  const { held } = (primary.reign as NonNullable<SimulatedMover['reign']>).authority.describe(ino)
  const kind: TokenKind = isWrite ? 'BR_W' : 'BR_R'
  const need = { kind, start: at, end: at + 1 }
  if (name === '') {
    const other = held.find((token) => token.mover !== '' && exclude(token, need))
    return other === undefined ? null : `${other.mover} has ${other.kind} of it`
  }
  const own = held.some((token) => token.mover === name && ALLOWS[token.kind][kind] && cover([token], need))
  return own ? null : 'its mover has nothing of it'
}

/** Whether a data block may be handed out. */
function isFree({ space }: VolumeFiles['volume'], block: number): boolean {
  if (!space.takeData(block, 1)) return false
  space.returnData(block, 1)
  return true
}

/** At rest: each data block belongs to one file, or is reserved for one mover that lives, or is free. */
export function checkBlocks(host: SimulatedHost, inos: readonly number[], env: TestEnvironment): void {
  const { primary, holders } = host
  const files = primary?.files ?? null
  if (primary === null || files === null) throw new Violation('there is no primary')
  const owners = new Owners()
  for (const ino of inos) waitFor(() => ownBlocksOf(files, ino, owners), env)
  const inFiles = owners.blocks
  ownReserved(primary, owners)
  owners.sort()
  const reserved = owners.blocks - inFiles
  const known = holders.reduce((sum, { held }) => sum + (held?.volume.space.unpromised ?? 0), 0)
  if (known !== reserved) throw new Violation(`${reserved} blocks are reserved, and movers know of ${known}`)
  checkFree(files, owners.blocks)
}

/** Does something, again as often as it has to wait. */
function waitFor(task: () => void, env: TestEnvironment): void {
  let isWaiting = false
  const attempt = (): void => {
    isWaiting = false
    try {
      task()
    } catch (error) {
      if (!(error instanceof Suspend)) throw error
      isWaiting = true
      error.wait(attempt)
    }
  }
  attempt()
  env.runUntil(() => !isWaiting, MOST_STEPS)
}

/** All blocks of data chunks that have no owner are free. */
function checkFree({ volume }: VolumeFiles, ownedBlocks: number): void {
  const { space } = volume
  let blocks = 0
  for (let chunk = 0; chunk < space.geometry.chunkCount; chunk++) {
    if (space.typeOf(chunk) === CHUNK_TYPE.data) blocks += space.usable(chunk)
  }
  const free = space.dataFree + space.pendingBlocks
  if (space.reservedBlocks !== 0) throw new Violation(`${space.reservedBlocks} blocks stay promised`)
  if (free + ownedBlocks !== blocks) {
    throw new Violation(`of ${blocks} data blocks ${ownedBlocks} have an owner, and ${free} are free`)
  }
}
