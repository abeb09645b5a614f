import type { Environment } from '../environment.ts'
import type { BlockDevice } from '../store/device.ts'
import { type Step, type Task, together, wait } from '../task.ts'
import { writeSuperblock } from './device-io.ts'
import { BLOCK_BYTES, firstBlocks, geometryFor, OWNER_BLOCK } from './layout.ts'
import { NAME_FOLD_VERSION, NAME_SECRET_BYTES } from './names.ts'
import { type OpenOptions, openVolume, retry } from './open.ts'
import { Space } from './space.ts'
import type { Superblock } from './superblock.ts'
import { ORDINARY } from './volume.ts'

const BLOCKS_PER_WRITE = 64

/** Inode number of a volume's root directory. */
export const ROOT_INO = 2

/**
 * Makes an empty volume on a device whose former contents are given up: zeros over old superblocks and all else that a
 * later write must not need an allocation below for (`firstBlocks`), then chunk table, superblock, root directory.
 */
export function* makeVolume(options: OpenOptions & { label: string }): Task<void> {
  const { device, env } = options
  const geometry = geometryFor(device.sizeBytes)
  const zeros = device.allocatePages(BLOCKS_PER_WRITE)
  yield* zero(device, zeros, firstBlocks(geometry))
  yield* wait((resume) => device.flush(resume))
  const frozen = Space.fresh(geometry).freeze()
  const table = device.allocatePages(geometry.tableBlocksPerSlot)
  table.set(frozen.table)
  yield* wait((resume) =>
    device.write(
      (geometry.tableBlock + frozen.tableSlot * geometry.tableBlocksPerSlot) * BLOCK_BYTES,
      [table],
      'data',
      resume,
    ),
  )
  yield* wait((resume) => device.flush(resume))
  const superblock: Superblock = {
    generation: 1,
    uuid: newUuid(env),
    label: options.label,
    compat: 0,
    geometry,
    tableSlot: frozen.tableSlot,
    tableChecksum: frozen.tableChecksum,
    nameFold: NAME_FOLD_VERSION,
    nameSecret: env.randomBytes(NAME_SECRET_BYTES),
    epoch: 0,
    lsn: 0,
    term: 0,
    log: { segment: 0, offset: 0, checksum: 0 },
    nextIno: ROOT_INO + 1,
    inodeCount: 0,
    replayBlock: 0,
    replayCount: 0,
    trees: [],
    ownerBlock: OWNER_BLOCK,
    reigns: [],
    segments: Array.from({ length: geometry.logSegmentCount }, () => ({ term: 0, sequence: 0 })),
  }
  yield* writeSuperblock(device, superblock, device.allocatePages(1))
  const volume = yield* openVolume(options)
  const time = { sec: 0, nsec: 0 }
  env.wallTime(time)
  const generation = new DataView(env.randomBytes(4).buffer).getUint32(0)
  const root = { ino: ROOT_INO, generation, mode: 0o755, uid: 0, gid: 0, time }
  const lsn = yield* retry(volume, () => volume.submit('createRoot', root, ORDINARY))
  if (typeof lsn === 'string') throw volume.failure ?? new Error(`cannot make the root directory: ${lsn}`)
  yield* volume.close()
}

function* zero(device: BlockDevice, zeros: Uint8Array, ranges: { start: number; length: number }[]): Task<void> {
  const steps: Step<unknown>[] = []
  for (const { start, length } of ranges) {
    for (let at = 0; at < length; at += BLOCKS_PER_WRITE) {
      const bytes = zeros.subarray(0, Math.min(BLOCKS_PER_WRITE, length - at) * BLOCK_BYTES)
      steps.push((resume) => device.write((start + at) * BLOCK_BYTES, [bytes], 'data', resume))
    }
  }
  yield* wait(together(steps, 8))
}

/** A random UUID, version 4. */
function newUuid(env: Environment): Uint8Array {
  const uuid = env.randomBytes(16)
  uuid[6] = (uuid[6] & 0x0f) | 0x40
  uuid[8] = (uuid[8] & 0x3f) | 0x80
  return uuid
}
