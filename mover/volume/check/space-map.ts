import { crc32 } from 'node:zlib'
import type { BlockDevice, DeviceError } from '../../store/device.ts'
import { type Step, type Task, together, wait } from '../../task.ts'
import { setBits, testBit } from '../chunk-bitmap.ts'
import { readBlocks } from '../device-io.ts'
import {
  BLOCK_BYTES,
  bitmapBlock,
  bitmapBlocks,
  CHUNK_ENTRY_BYTES,
  CHUNK_TYPE,
  chunkLength,
  chunkOverhead,
  type Geometry,
  logChunks,
} from '../layout.ts'
import type { Superblock } from '../superblock.ts'
import { blockRange, type Findings } from './findings.ts'

const NO_SLOT = 255
const CHUNK_NAMES = ['data', 'metadata', 'log']
/** Blocks of bitmaps that are read at the same time. */
const WINDOW_BLOCKS = 256
const READS_AT_ONCE = 24

/** What the device says of free space, beside what the check has found to be in use. */
export class SpaceMap {
  readonly geometry: Geometry
  /** Type of each chunk as a CHUNK_TYPE. */
  readonly type: Uint8Array
  /** Bitmaps of the device; null where a chunk has none, and is wholly free. */
  readonly #image: (Uint32Array | null)[]
  /** Chunks of which the device's word is not to be had. */
  readonly #unknown: Uint8Array
  readonly #used: (Uint32Array | null)[]
  /** Blocks that files and tree own. */
  usedBlocks = 0

  constructor(geometry: Geometry) {
    const n = geometry.chunkCount
    this.geometry = geometry
    this.type = new Uint8Array(n)
    this.#image = new Array(n).fill(null)
    this.#unknown = new Uint8Array(n)
    this.#used = new Array(n).fill(null)
  }

  /** Takes a chunk's bitmap as read from the device. */
  install(chunk: number, bytes: Uint8Array): void {
    const image = new Uint32Array(this.geometry.chunkBlocks / 32)
    new Uint8Array(image.buffer).set(bytes.subarray(0, image.byteLength))
    this.#image[chunk] = image
  }

  /** Nothing is known of this chunk, or (no argument) of any. */
  forget(chunk?: number): void {
    if (chunk === undefined) this.#unknown.fill(1)
    else this.#unknown[chunk] = 1
  }

  /** Name of the type of the chunk in which `block` lies; null when it is not known. */
  typeAt(block: number): string | null {
    const chunk = this.chunkOf(block)
    return this.#unknown[chunk] === 1 ? null : CHUNK_NAMES[this.type[chunk]]
  }

  chunkOf(block: number): number {
    return Math.floor(block / this.geometry.chunkBlocks)
  }

  /** True when these blocks lie in chunks, each of them in one that exists. */
  isInside(start: number, length: number): boolean {
    const { geometry } = this
    if (start < 0 || length < 1 || !Number.isSafeInteger(start + length)) return false
    const last = this.chunkOf(start + length - 1)
    if (last >= geometry.chunkCount) return false
    return start + length <= last * geometry.chunkBlocks + chunkLength(geometry, last)
  }

  /** Something owns these blocks, which lie inside of the chunks; false when something else does already. */
  use(start: number, length: number): boolean {
    const { chunkBlocks } = this.geometry
    let fresh = 0
    for (let block = start; block < start + length; ) {
      const bit = block % chunkBlocks
      const count = Math.min(start + length - block, chunkBlocks - bit)
      fresh += setBits(this.#usedOf(this.chunkOf(block)), bit, count)
      block += count
    }
    this.usedBlocks += fresh
    return fresh === length
  }

  /** Calls `differs` for each run of blocks on which the device and what was found do not agree. */
  compare(differs: (start: number, length: number, isUsed: boolean) => void): void {
    const { geometry } = this
    for (let chunk = 0; chunk < geometry.chunkCount; chunk++) {
      const image = this.#image[chunk]
      const used = this.#used[chunk]
      if (this.#unknown[chunk] === 1 || (image === null && used === null)) continue
      this.#compareChunk(chunk, image ?? this.#blank(chunk), used ?? this.#blank(chunk), differs)
    }
  }

  #compareChunk(
    chunk: number,
    image: Uint32Array,
    used: Uint32Array,
    differs: (start: number, length: number, isUsed: boolean) => void,
  ): void {
    const first = chunk * this.geometry.chunkBlocks
    let start = -1
    let isUsed = false
    const end = (bit: number): void => {
      if (start >= 0) differs(first + start, bit - start, isUsed)
      start = -1
    }
    for (let word = 0; word < image.length; word++) {
      if (image[word] === used[word]) {
        end(word * 32)
        continue
      }
      for (let bit = word * 32; bit < word * 32 + 32; bit++) {
        const now = testBit(used, bit)
        if (testBit(image, bit) === now) end(bit)
        else if (start < 0 || now !== isUsed) {
          end(bit)
          start = bit
          isUsed = now
        }
      }
    }
    end(image.length * 32)
  }

  #usedOf(chunk: number): Uint32Array {
    const words = this.#used[chunk] ?? this.#blank(chunk)
    this.#used[chunk] = words
    return words
  }

  /** A bitmap in which only the volume's own tables are in use. */
  #blank(chunk: number): Uint32Array {
    const words = new Uint32Array(this.geometry.chunkBlocks / 32)
    setBits(words, 0, chunkOverhead(this.geometry, chunk))
    return words
  }
}

/** Reads the chunk table and the bitmaps that it names, and checks each. */
export function* loadSpaceMap(device: BlockDevice, superblock: Superblock, findings: Findings): Task<SpaceMap> {
  const g = superblock.geometry
  const space = new SpaceMap(g)
  const tableBlock = g.tableBlock + superblock.tableSlot * g.tableBlocksPerSlot
  let table: Uint8Array
  try {
    table = yield* readBlocks(device, tableBlock, g.tableBlocksPerSlot)
  } catch (error) {
    findings.problem(`the chunk table at block ${tableBlock} cannot be read: ${(error as Error).message}`)
    space.forget()
    return space
  }
  if (crc32(table) !== superblock.tableChecksum) {
    findings.problem(
      `the chunk table (${blockRange(tableBlock, g.tableBlocksPerSlot)}) has another checksum than the superblock says`,
    )
    space.forget()
    return space
  }
  yield* loadBitmaps(device, space, checkTable(space, table, findings), findings)
  return space
}

interface BitmapPlace {
  chunk: number
  block: number
  checksum: number
}

/** Takes the chunks' types; returns where bitmaps lie. */
function checkTable(space: SpaceMap, table: Uint8Array, findings: Findings): BitmapPlace[] {
  const { geometry } = space
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength)
  const log = logChunks(geometry)
  const places: BitmapPlace[] = []
  for (let chunk = 0; chunk < geometry.chunkCount; chunk++) {
    const at = chunk * CHUNK_ENTRY_BYTES
    const type = table[at]
    const slot = table[at + 1]
    if (type > CHUNK_TYPE.log || (slot > 1 && slot !== NO_SLOT)) {
      findings.problem(`the chunk table says that chunk ${chunk} is of type ${type} with its bitmap in slot ${slot}`)
      space.forget(chunk)
      continue
    }
    space.type[chunk] = type
    const isLog = chunk >= log.first && chunk < log.end
    if (isLog !== (type === CHUNK_TYPE.log)) {
      const where = isLog ? 'the log lies in it' : 'the log does not lie in it'
      findings.problem(`chunk ${chunk} is a ${CHUNK_NAMES[type]} chunk, and ${where}`)
    } else if (isLog && slot !== NO_SLOT) findings.problem(`chunk ${chunk} is a log chunk, and has a bitmap`)
    if (slot === NO_SLOT) continue
    places.push({ chunk, block: bitmapBlock(geometry, chunk, slot), checksum: view.getUint32(at + 8, true) })
  }
  return places
}

function* loadBitmaps(
  device: BlockDevice,
  space: SpaceMap,
  places: readonly BitmapPlace[],
  findings: Findings,
): Task<void> {
  const blocks = bitmapBlocks(space.geometry)
  const perWindow = Math.max(1, Math.floor(WINDOW_BLOCKS / blocks))
  const pages = device.allocatePages(Math.max(1, Math.min(perWindow, places.length) * blocks))
  for (let first = 0; first < places.length; first += perWindow) {
    const window = places.slice(first, first + perWindow)
    const failures: (DeviceError | null)[] = []
    const part = (i: number): Uint8Array => pages.subarray(i * blocks * BLOCK_BYTES, (i + 1) * blocks * BLOCK_BYTES)
    const steps: Step<void>[] = window.map(({ block }, i) => (resume) => {
      device.read(block * BLOCK_BYTES, part(i), (error) => {
        failures[i] = error
        resume(null)
      })
    })
    yield* wait(together(steps, READS_AT_ONCE))
    for (const [i, { chunk, block, checksum }] of window.entries()) {
      const bytes = part(i)
      const failure = failures[i]
      if (failure === null && crc32(bytes) === checksum) {
        space.install(chunk, bytes)
        continue
      }
      const what =
        failure === null ? 'has another checksum than the chunk table says' : `cannot be read: ${failure.message}`
      findings.problem(`the bitmap of chunk ${chunk} at block ${block} ${what}`)
      space.forget(chunk)
    }
  }
}
