import { BLOCK_BYTES } from '../../mover/volume/layout.ts'
import { REPLAY_KEEP_SEC } from '../../mover/volume/replay-table.ts'
import type { FaultDevice } from './fault-device.ts'
import type { FoundFile } from './file-history.ts'
import type { FoundExtent, FoundInode, FoundVolume } from './found-volume.ts'
import { clientKey, difference, entryKey, type Model, objectKey, type State } from './model.ts'
import { SECTOR_BYTES, SECTORS_PER_BLOCK } from './sparse-image.ts'

export interface Comparison {
  /** Number of the last logged operation that has survived. */
  readonly index: number
  /** Empty when the volume is what a crash may leave. */
  readonly problems: readonly string[]
  readonly files: ReadonlyMap<number, FoundFile>
}

/**
 * Compares a volume that was recovered after a crash with what the model says that it may be: everything that must
 * survive, then the first so many of the operations under way, wholly; and of every file the bytes and attributes that
 * go with it. `nowSec` is the time of the recovery, seconds since 1970.
 */
export function compare(found: FoundVolume, device: FaultDevice, model: Model, nowSec: number): Comparison {
  const states = statesOf(found)
  const files = filesOf(found, device)
  let best: Comparison | null = null
  for (const index of survivors(states, model)) {
    const problems = fileProblems(files, model, index)
    problems.push(...replayProblems(found, model, index, nowSec))
    if (best === null || problems.length <= best.problems.length) best = { index, problems, files }
    if (problems.length === 0) break
  }
  return best ?? { index: model.durableIndex, problems: mismatches(states, model), files }
}

/** Numbers of the logged operations after which the names and attributes are as they were found, latest first. */
function survivors(states: ReadonlyMap<string, State>, model: Model): number[] {
  const wrong = new Set<string>()
  for (const [key, state] of states) if (difference(state, model.durable.get(key)) !== null) wrong.add(key)
  for (const key of model.durable.keys()) if (!states.has(key)) wrong.add(key)
  const indexes = wrong.size === 0 ? [model.durableIndex] : []
  for (const operation of model.pending) {
    for (const [key, state] of operation.changes) {
      if (difference(states.get(key), state ?? undefined) === null) wrong.delete(key)
      else wrong.add(key)
    }
    if (wrong.size === 0) indexes.push(operation.index)
  }
  return indexes.reverse()
}

/** What differs from the model, said of the number of surviving operations with which the fewest things differ. */
function mismatches(states: ReadonlyMap<string, State>, model: Model): string[] {
  const expected = new Map(model.durable)
  let best = differences(states, expected)
  let after = `operation ${model.durableIndex}`
  for (const operation of model.pending) {
    for (const [key, state] of operation.changes) {
      if (state === null) expected.delete(key)
      else expected.set(key, state)
    }
    const list = differences(states, expected)
    if (list.length >= best.length) continue
    best = list
    after = `operation ${operation.index} (${operation.text})`
  }
  const under = model.pending.map((operation) => `${operation.index} ${operation.text}`).join('; ')
  return [...best.map((text) => `as of ${after}, ${text}`), `operations under way: ${under || 'none'}`]
}

function differences(states: ReadonlyMap<string, State>, expected: ReadonlyMap<string, State>): string[] {
  const list: string[] = []
  for (const key of new Set([...states.keys(), ...expected.keys()])) {
    const text = difference(states.get(key), expected.get(key))
    if (text !== null) list.push(`${key} ${text}`)
  }
  return list
}

function fileProblems(files: ReadonlyMap<number, FoundFile>, model: Model, index: number): string[] {
  const problems: string[] = []
  for (const [ino, file] of files) {
    const problem = model.files.get(ino)?.refuse(file, index) ?? null
    if (problem !== null) problems.push(`file ${ino} ${problem}`)
  }
  return problems
}

/** Calls that were carried out are remembered with what they made, and no others. */
function replayProblems(found: FoundVolume, model: Model, index: number, nowSec: number): string[] {
  const problems: string[] = []
  const known = [
    ...model.replays,
    ...model.pending.flatMap(({ replay, index: at }) => (replay !== null && at <= index ? [replay] : [])),
  ]
  for (const { tag, timeSec, objectIno } of known) {
    const entry = found.replays.find(tag, timeSec)
    if (nowSec - timeSec > REPLAY_KEEP_SEC) continue
    if (entry === null) problems.push(`call ${tag.xid} is not remembered`)
    else if (entry.objectIno !== objectIno)
      problems.push(`call ${tag.xid} is remembered with inode ${entry.objectIno}, not ${objectIno}`)
  }
  for (const { replay, index: at } of model.pending) {
    if (replay === null || at <= index || found.replays.find(replay.tag, replay.timeSec) === null) continue
    problems.push(`call ${replay.tag.xid} is remembered, but its change is lost`)
  }
  return problems
}

/** A found volume in the model's words. */
export function statesOf(found: FoundVolume): Map<string, State> {
  const states = new Map<string, State>()
  for (const inode of found.inodes.values()) {
    const {
      ino,
      generation,
      type,
      mode,
      nlink,
      uid,
      gid,
      rdevMajor,
      rdevMinor,
      verifier,
      lockers,
      change,
      atime,
      mtime,
      ctime,
    } = inode
    const nextCookie = type === 'directory' ? inode.nextCookie : 0
    const target = found.targets.get(ino) ?? ''
    states.set(objectKey(ino), {
      kind: 'object',
      ...{ ino, generation, type, mode, nlink, uid, gid, rdevMajor, rdevMinor, target, verifier, nextCookie },
      ...{ change, atime, mtime, ctime, lockers },
    })
  }
  for (const [id, value] of found.clients) states.set(clientKey(id), { kind: 'client', value })
  for (const { dir, cookie, ino, name } of found.entries)
    states.set(entryKey(dir, name), { kind: 'entry', ino, cookie })
  return states
}

/** Every file of a found volume; bytes are read from `device` when they are asked for. */
export function filesOf(found: FoundVolume, device: FaultDevice): Map<number, FoundFile> {
  const files = new Map<number, FoundFile>()
  for (const inode of found.inodes.values()) {
    if (inode.type === 'file') files.set(inode.ino, fileOf(inode, found.extents.get(inode.ino) ?? [], device))
  }
  return files
}

function fileOf(inode: FoundInode, extents: readonly FoundExtent[], device: FaultDevice): FoundFile {
  const blocks = new Map<number, Uint8Array | null>()
  const read = (fileBlock: number): Uint8Array | null => {
    const extent = extents.find(({ fileBlock: first, length }) => fileBlock >= first && fileBlock < first + length)
    if (extent === undefined) return null
    return device.peek((extent.deviceBlock + fileBlock - extent.fileBlock) * BLOCK_BYTES, BLOCK_BYTES)
  }
  const { size, change, mtime, ctime } = inode
  return {
    ...{ size, change, mtime, ctime },
    sector(index) {
      const fileBlock = Math.floor(index / SECTORS_PER_BLOCK)
      let block = blocks.get(fileBlock)
      if (block === undefined) {
        block = read(fileBlock)
        blocks.set(fileBlock, block)
      }
      const at = (index % SECTORS_PER_BLOCK) * SECTOR_BYTES
      return block?.subarray(at, at + SECTOR_BYTES) ?? null
    },
  }
}
