import { crc32 } from 'node:zlib'
import { BLOCK_BYTES, bitmapBlock, CHUNK_TYPE } from '../../mover/volume/layout.ts'
import { BATCH_HEADER_BYTES, readBatchHeader, sealBatch } from '../../mover/volume/log-batch.ts'
import { segmentsOf } from '../../mover/volume/log-reader.ts'
import { encodeSuperblock } from '../../mover/volume/superblock.ts'
import { newDevice } from './volume-busy.ts'
import { closed, extentsOf, nodesOf, type Spoiling, spoilSuperblock, superblockOf } from './volume-spoil.ts'

/** Superblocks, tables, bitmaps, nodes and log batches that are not what they should be. */
export const SPOILED_BLOCKS: readonly Spoiling[] = [
  {
    name: 'a bitmap has a block too many and one too few',
    open: (busy, c) => {
      const { space } = busy.volume
      const run = space.allocateData(2, 0)
      if (run === null) throw new Error('no block is free')
      space.own(run.start, run.length)
      const [{ start }] = extentsOf(busy.env, newDevice(busy.env, undefined, closed), c.small)
      space.disown(start, 1, 1)
    },
    problems: (c) => [
      /blocks \d+ to \d+ of chunk \d+ are marked as used, and nothing uses them/,
      new RegExp(`block \\d+ of chunk \\d+ belongs to inode ${c.small} \\(file block 0\\), and is marked as free`),
    ],
  },
  {
    name: 'a chunk has the wrong type',
    device: (device, env, c) => {
      const { geometry: g, tableSlot } = superblockOf(device)
      const at = (g.tableBlock + tableSlot * g.tableBlocksPerSlot) * BLOCK_BYTES
      const table = device.peek(at, g.tableBlocksPerSlot * BLOCK_BYTES)
      const chunk = Math.floor(extentsOf(env, device, c.small)[0].start / g.chunkBlocks)
      table[chunk * 16] = CHUNK_TYPE.meta
      table[0] = CHUNK_TYPE.data
      table[16] = CHUNK_TYPE.data
      table[16 * 20] = CHUNK_TYPE.log
      device.poke(at, table)
      spoilSuperblock(device, (superblock) => (superblock.tableChecksum = crc32(table)))
    },
    problems: () => [
      /inode \d+ has file block \d+ at device blocks? .*, in chunk \d+, which is a metadata chunk/,
      /chunk 1 is a data chunk, and the log lies in it/,
      /chunk 20 is a log chunk, and the log does not lie in it/,
      /tree node at block \d+ lies in chunk 0, which is a data chunk/,
      /the replay records at block \d+ lie in a data chunk/,
    ],
  },
  {
    name: 'a bitmap is damaged',
    device: (device) => {
      const { geometry: g, tableSlot } = superblockOf(device)
      const table = device.peek((g.tableBlock + tableSlot * g.tableBlocksPerSlot) * BLOCK_BYTES, BLOCK_BYTES)
      device.poke(bitmapBlock(g, 0, table[1]) * BLOCK_BYTES + 100, Uint8Array.of(0xaa))
    },
    problems: () => [/the bitmap of chunk 0 at block \d+ has another checksum than the chunk table says/],
  },
  {
    name: 'the chunk table is damaged',
    device: (device) => {
      const { geometry: g, tableSlot } = superblockOf(device)
      device.poke((g.tableBlock + tableSlot * g.tableBlocksPerSlot) * BLOCK_BYTES + 5, Uint8Array.of(1))
    },
    problems: () => [/the chunk table \(blocks \d+ to \d+\) has another checksum than the superblock says/],
  },
  {
    name: 'a tree node is damaged',
    device: (device, env) => {
      const leaf = nodesOf(env, device).filter(({ level }) => level === 0)[5]
      device.poke(leaf.address * BLOCK_BYTES + 2000, Uint8Array.of(1, 2, 3))
    },
    problems: () => [/tree node at block \d+ is damaged: its checksum/],
  },
  {
    name: 'the counters of the superblock are wrong',
    device: (device) =>
      spoilSuperblock(device, (superblock) => {
        superblock.inodeCount += 5
        superblock.nextIno = 100
      }),
    problems: () => [
      /the superblock counts \d+ inodes, and there are \d+/,
      /the superblock would make inode 100 next, and inode 312 is in use/,
    ],
  },
  {
    name: 'the superblock describes an impossible layout',
    device: (device) =>
      spoilSuperblock(device, (superblock) => {
        superblock.geometry.chunkCount += 1
        superblock.geometry.logSegmentBlocks = 5000
      }),
    problems: () => [
      /the superblock at block \d+ describes another layout than the newest one/,
      /an impossible layout: 65 chunks where 64 fit/,
      /an impossible layout: a log of 16 segments of 5000 blocks at block \d+/,
    ],
  },
  {
    name: 'the superblock has impossible tables',
    device: (device) =>
      spoilSuperblock(device, (superblock) => {
        superblock.trees.push({ id: 9, root: 1 })
        superblock.ownerBlock = 9999
        superblock.log.segment = superblock.segments.findIndex(({ term }) => term !== superblock.term)
        superblock.reigns = [{ term: 1e6, firstSegment: 3, predecessorLsn: 0, predecessorChecksum: 0 }]
      }),
    problems: () => [
      /there is a tree 9, which this program does not know/,
      /the owner block is block 9999/,
      /replay starts in log segment \d+, which does not belong to term \d+/,
      /term 1000000 began in log segment 3, which is not its own/,
      /term 1000000 began behind record 0, before the checkpoint at \d+/,
      /the log is damaged: the log ends at record \d+, but term 1000000 began behind record 0/,
    ],
  },
  {
    name: 'the superblock leaves no log segment for a new reign',
    device: (device) =>
      spoilSuperblock(device, ({ segments, term }) => {
        for (const [index, segment] of segments.entries()) {
          if (segment.term === 0) segments[index] = { term, sequence: 100 + index }
        }
      }),
    problems: () => [/the superblock says that no log segment is left for a new reign/],
  },
  {
    name: 'superblocks are of another volume, in the wrong slot, lost, or differ',
    device: (device) => {
      const superblock = superblockOf(device)
      const { generation } = superblock
      const block = new Uint8Array(BLOCK_BYTES)
      const end = superblock.geometry.deviceBlocks - 2
      const put = (at: number): void => {
        encodeSuperblock(superblock, block)
        device.poke(at * BLOCK_BYTES, block)
      }
      superblock.label = 'other'
      put(end + (generation % 2))
      superblock.generation = generation - 4
      put(end + ((generation + 1) % 2))
      superblock.generation = generation - 3
      superblock.uuid[3] ^= 1
      put((generation + 1) % 2)
    },
    problems: () => [
      /the two superblocks of generation \d+ \(blocks \d+ and \d+\) differ/,
      /block \d+ holds the superblock of generation \d+, which belongs into the other slot/,
      /block \d+ holds the superblock of another volume/,
      /both superblocks in slot \d are older than generation \d+: a write of them has been lost/,
    ],
  },
  {
    name: 'superblocks disagree on the secret of the name hashes',
    device: (device) => {
      const superblock = superblockOf(device)
      superblock.generation -= 1
      superblock.nameSecret[15] ^= 1
      const block = new Uint8Array(BLOCK_BYTES)
      encodeSuperblock(superblock, block)
      const slot = superblock.generation % 2
      const { deviceBlocks } = superblock.geometry
      for (const at of [slot, deviceBlocks - 2 + slot]) device.poke(at * BLOCK_BYTES, block)
    },
    problems: () => [/the superblock at block \d+ has another secret for the hashes of names than the newest one/],
  },
  {
    name: 'names are hashed in a way that this program does not know',
    device: (device) =>
      spoilSuperblock(device, (superblock) => {
        superblock.nameFold = 1
      }),
    problems: () => [/the superblock says that names are hashed by version 1, and this program knows 2 only/],
  },
  {
    name: 'replay records are damaged',
    device: (device) => device.poke(superblockOf(device).replayBlock * BLOCK_BYTES + 50, Uint8Array.of(9)),
    problems: () => [
      /the replay records at block \d+ are damaged/,
      // What lies behind it in the chain is not reached.
      /blocks \d+ to \d+ of chunk \d+ are marked as used, and nothing uses them/,
    ],
  },
  {
    name: 'a log batch is lost',
    unclosed: true,
    device: (device) => {
      const { uuid, geometry: g, reigns } = superblockOf(device)
      const [{ term, firstSegment }] = reigns.slice(-1)
      const at = (g.logBlock + firstSegment * g.logSegmentBlocks) * BLOCK_BYTES
      for (let block = 1; ; block++) {
        const header = readBatchHeader(device.peek(at + block * BLOCK_BYTES, BLOCK_BYTES), uuid)
        if (header === null || header.term !== term) continue
        device.poke(at + block * BLOCK_BYTES + BATCH_HEADER_BYTES + 20, Uint8Array.of(1, 2, 3))
        return
      }
    },
    problems: () => [
      /the log is damaged: it ends at record \d+, and record \d+ of the same term is still there at block/,
    ],
  },
  {
    name: 'a later term began behind what the log holds',
    unclosed: true,
    device: (device) =>
      spoilSuperblock(device, (superblock) => {
        const [reign] = superblock.reigns.slice(-1)
        const free = superblock.segments.findIndex(({ term }) => term === 0)
        superblock.segments[free] = { term: reign.term + 1, sequence: 0 }
        superblock.reigns.push({
          term: reign.term + 1,
          firstSegment: free,
          predecessorLsn: 1_000_000,
          predecessorChecksum: 0,
        })
      }),
    problems: () => [/the log is damaged: the log ends at record \d+, but term \d+ began behind record 1000000/],
  },
  {
    name: 'a log record is of an unknown type, or cannot be applied',
    device: (device) => {
      // As if the last reign had logged on behind its checkpoint.
      const superblock = superblockOf(device)
      const { uuid, geometry: g, log, lsn, term } = superblock
      const batch = new Uint8Array(BLOCK_BYTES)
      const view = new DataView(batch.buffer)
      view.setUint32(BATCH_HEADER_BYTES, 0, true)
      batch[BATCH_HEADER_BYTES + 4] = 77
      const header = {
        term,
        firstLsn: lsn + 1,
        count: 1,
        bytes: BATCH_HEADER_BYTES + 8,
        previousChecksum: log.checksum,
        durableLsn: lsn,
      }
      sealBatch(batch, new DataView(batch.buffer, batch.byteOffset, batch.byteLength), uuid, header)
      if (!segmentsOf(superblock, term).includes(log.segment)) throw new Error('replay starts elsewhere')
      device.poke((g.logBlock + log.segment * g.logSegmentBlocks + log.offset) * BLOCK_BYTES, batch)
    },
    problems: () => [/log record \d+ has the unknown type 77/],
  },
  {
    name: 'a log record names what does not exist',
    device: (device) => {
      const superblock = superblockOf(device)
      const { uuid, geometry: g, log, lsn, term } = superblock
      const batch = new Uint8Array(BLOCK_BYTES)
      const view = new DataView(batch.buffer)
      view.setUint32(BATCH_HEADER_BYTES, 10, true)
      batch[BATCH_HEADER_BYTES + 4] = 8
      view.setUint32(BATCH_HEADER_BYTES + 8, 66_666, true)
      const header = {
        term,
        firstLsn: lsn + 1,
        count: 1,
        bytes: BATCH_HEADER_BYTES + 20,
        previousChecksum: log.checksum,
        durableLsn: lsn,
      }
      sealBatch(batch, new DataView(batch.buffer, batch.byteOffset, batch.byteLength), uuid, header)
      device.poke((g.logBlock + log.segment * g.logSegmentBlocks + log.offset) * BLOCK_BYTES, batch)
    },
    problems: () => [/the log cannot be replayed: a log record names inode 66666, which does not exist/],
  },
]
