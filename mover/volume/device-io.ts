import { type BlockDevice, DeviceError } from '../store/device.ts'
import { type Step, type Task, together, wait } from '../task.ts'
import { BLOCK_BYTES, type Geometry } from './layout.ts'
import { NAME_FOLD_VERSION } from './names.ts'
import { decodeSuperblock, encodeSuperblock, type Superblock, SuperblockError } from './superblock.ts'

/** Reads `count` blocks from `block` on. */
export function* readBlocks(device: BlockDevice, block: number, count: number): Task<Uint8Array> {
  const bytes = device.allocatePages(count)
  yield* wait((resume) => device.read(block * BLOCK_BYTES, bytes, resume))
  return bytes
}

/** Blocks of the four superblock slots: both slots at the front, both at the end. */
function slotBlocks(deviceBlocks: number, slot: number): [number, number] {
  return [slot, deviceBlocks - 2 + slot]
}

/** Writes the superblock into the slot of its generation, at both ends; durable after a flush. */
export function* writeSuperblockCopies(device: BlockDevice, superblock: Superblock, page: Uint8Array): Task<void> {
  encodeSuperblock(superblock, page)
  const [front, end] = slotBlocks(superblock.geometry.deviceBlocks, superblock.generation % 2)
  yield* wait(
    together(
      [
        (resume) => device.write(front * BLOCK_BYTES, [page], 'log', resume),
        (resume) => device.write(end * BLOCK_BYTES, [page], 'log', resume),
      ],
      2,
    ),
  )
}

/** Writes the superblock as `writeSuperblockCopies` does, and flushes (by `flush`, if others share it). */
export function* writeSuperblock(
  device: BlockDevice,
  superblock: Superblock,
  page: Uint8Array,
  flush: Step<unknown> = (resume) => device.flush(resume),
): Task<void> {
  yield* writeSuperblockCopies(device, superblock, page)
  yield* wait(flush)
}

/** Runs a task that writes. Returns the error when the device has no room or fails, null when all is written. */
export function* tryWrite(task: Task<void>): Task<DeviceError | null> {
  try {
    yield* task
    return null
  } catch (error) {
    if (error instanceof DeviceError && error.code !== 'FENCED') return error
    throw error
  }
}

/**
 * Finds the newest valid superblock among the copies at the front and at the end of the device.
 * Throws SuperblockError when there is none, or none that this program can serve.
 */
export function* findSuperblock(device: BlockDevice): Task<Superblock> {
  const deviceBlocks = Math.floor(device.sizeBytes / BLOCK_BYTES)
  if (deviceBlocks < 4) throw new SuperblockError(`${device.name} is too small to hold a volume`)
  const found: Superblock[] = []
  const front = yield* readBlocks(device, 0, 2)
  take(front, found)
  const atEnd = found.length > 0 ? found[0].geometry.deviceBlocks : deviceBlocks
  if (atEnd <= deviceBlocks) take(yield* readBlocks(device, atEnd - 2, 2), found)
  let newest = found[0]
  for (const superblock of found) if (superblock.generation > newest.generation) newest = superblock
  if (newest === undefined)
    throw new SuperblockError(`${device.name} holds no Lockkeeper volume (lockkeeper mkfs makes one)`)
  if (newest.geometry.deviceBlocks > deviceBlocks) {
    throw new SuperblockError(
      `${device.name} has ${deviceBlocks} blocks, but the volume on it was made for ${newest.geometry.deviceBlocks}`,
    )
  }
  if (newest.nameFold !== NAME_FOLD_VERSION) {
    throw new SuperblockError(
      `the volume on ${device.name} hashes names by version ${newest.nameFold}, this program by version ${NAME_FOLD_VERSION}: ` +
        'serve it with the program that made it, or make it anew (lockkeeper mkfs --force)',
    )
  }
  checkGeometry(newest.geometry, device.name)
  return newest
}

function take(bytes: Uint8Array, found: Superblock[]): void {
  for (const at of [0, BLOCK_BYTES]) {
    const superblock = decodeSuperblock(bytes.subarray(at, at + BLOCK_BYTES))
    if (superblock !== null) found.push(superblock)
  }
}

function checkGeometry(g: Geometry, name: string): void {
  const logEnd = g.logBlock + g.logSegmentBlocks * g.logSegmentCount
  const sound =
    g.chunkBlocks >= 256 &&
    Number.isInteger(Math.log2(g.chunkBlocks)) &&
    g.chunkCount >= 1 &&
    (g.chunkCount - 1) * g.chunkBlocks < g.deviceBlocks - 2 &&
    g.tableBlock >= 2 &&
    g.tableBlock + 2 * g.tableBlocksPerSlot <= g.systemBlocks &&
    g.systemBlocks < g.chunkBlocks &&
    g.chunkCount * 16 <= g.tableBlocksPerSlot * BLOCK_BYTES &&
    g.logSegmentCount >= 4 &&
    g.logSegmentCount <= 128 &&
    logEnd <= g.deviceBlocks - 2
  if (!sound) throw new SuperblockError(`the superblock of ${name} describes an impossible layout`)
}
