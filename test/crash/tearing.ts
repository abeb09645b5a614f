import type { Random } from './random.ts'
import { BLOCK_BYTES, SECTOR_BYTES, SECTORS_PER_BLOCK } from './sparse-image.ts'

/** How a crash image treats what is not durable; `mixed` draws one of the others. */
export type CrashMode = 'mixed' | 'loseAll' | 'keepAll' | 'wholeWrites' | 'tearSectors'

/** What happens to the sectors of one write in one crash image. */
export type Fate = 'keep' | 'lose' | 'tear'

/** One crash image's way of dealing out fates. */
export interface FateDealer {
  readonly mode: Exclude<CrashMode, 'mixed'>
  readonly keepChance: number
}

/** A content that a block was given, with the fate of the write that gave it. */
export interface FatedBlock {
  readonly bytes: Uint8Array
  readonly fate: Fate
}

const MODES = ['loseAll', 'keepAll', 'wholeWrites', 'wholeWrites', 'tearSectors', 'tearSectors'] as const
/** Few, half or most of the writes survive: a single lost write among many is as telling as a single survivor. */
const KEEP_CHANCES = [0.1, 0.5, 0.9] as const

export function drawDealer(mode: CrashMode, random: Random): FateDealer {
  return { mode: mode === 'mixed' ? random.pick(MODES) : mode, keepChance: random.pick(KEEP_CHANCES) }
}

export function drawFate(dealer: FateDealer, random: Random): Fate {
  if (dealer.mode === 'loseAll') return 'lose'
  if (dealer.mode === 'keepAll') return 'keep'
  if (dealer.mode === 'tearSectors' && random.chance(0.5)) return 'tear'
  return random.chance(dealer.keepChance) ? 'keep' : 'lose'
}

/**
 * What a block holds after the crash: each sector has the newest of the `versions` (oldest first) that survives there,
 * or the old content. Returns null when nothing survives; never writes into its arguments.
 */
export function mixSectors(old: Uint8Array, versions: readonly FatedBlock[], random: Random): Uint8Array | null {
  let base = old
  let from = versions.length
  while (from > 0) {
    from--
    if (versions[from].fate !== 'keep') continue
    base = versions[from].bytes
    break
  }
  let mixed: Uint8Array | null = null
  for (let i = from; i < versions.length; i++) {
    if (versions[i].fate !== 'tear') continue
    mixed ??= base.slice()
    copySectors(mixed, versions[i].bytes, random)
  }
  return mixed ?? (base === old ? null : base)
}

/** A block caught between two contents: each sector is one or the other. */
export function tear(old: Uint8Array, fresh: Uint8Array, random: Random): Uint8Array {
  const mixed = old.slice()
  copySectors(mixed, fresh, random)
  return mixed
}

function copySectors(target: Uint8Array, source: Uint8Array, random: Random): void {
  const mask = random.u32() >>> 24
  for (let sector = 0; sector < SECTORS_PER_BLOCK; sector++) {
    if (((mask >>> sector) & 1) === 0) continue
    const at = sector * SECTOR_BYTES
    target.set(source.subarray(at, at + SECTOR_BYTES), at)
  }
}

/** One copy of `buffers`, one after the other; `length` is their total. Its blocks become immutable parts of images. */
export function gather(buffers: readonly Uint8Array[], length: number): Uint8Array {
  const copy = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
  let at = 0
  for (const buffer of buffers) {
    copy.set(buffer, at)
    at += buffer.length
  }
  return copy
}

/** View of the `index`-th block of a gathered write. */
export function blockAt(copy: Uint8Array, index: number): Uint8Array {
  return copy.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES)
}
