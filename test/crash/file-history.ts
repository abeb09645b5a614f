import { SECTOR_BYTES } from './sparse-image.ts'

/** A sector's content from `time` on; null: zeros. Never written into. */
interface Version {
  readonly time: number
  readonly bytes: Uint8Array | null
}

interface SizeAt {
  readonly time: number
  readonly size: number
}

/** What a client may be shown of a file besides its bytes. Times are nanoseconds since 1970. */
export interface Shown {
  readonly change: number
  readonly mtime: bigint
  readonly ctime: bigint
}

/** Attributes from `time` on; those of a recovery have times that only that recovery knows. */
interface ShownAt {
  readonly time: number
  readonly change: number
  readonly times: { readonly mtime: bigint; readonly ctime: bigint } | null
}

/** A change of size that has a log record of its own. */
interface Resize {
  readonly time: number
  readonly size: number
  /** Number of the logged operation. */
  readonly index: number
}

/** A file as it was found after a crash. */
export interface FoundFile extends Shown {
  readonly size: number
  /** The sector's bytes; null when it lies in a hole. */
  sector(index: number): Uint8Array | null
}

const ZEROS = new Uint8Array(SECTOR_BYTES)
/** What the change number of a file that was being written grows by in a crash. */
const JUMP = 2 ** 32

/**
 * Everything that a file's bytes and size have been since they were last known to be durable, by sector, and which of it
 * a crash may leave. Time counts operations.
 */
export class FileHistory {
  size: number
  /** Newest attributes that some reply has shown. */
  exposed: Shown
  /** True once a client has set the mtime: it may go back then. */
  mtimeWasSet = false
  readonly #sectors = new Map<number, Version[]>()
  /** Sectors of which more than one version may be on the device. */
  readonly #uncertain = new Set<number>()
  #sizes: SizeAt[]
  #resizes: Resize[] = []
  #shown: ShownAt[]

  constructor(time: number, size: number, shown: Shown) {
    this.size = size
    this.#sizes = [{ time, size }]
    this.exposed = { change: 0, mtime: 0n, ctime: 0n }
    this.#shown = [shownAt(time, shown)]
  }

  /** Highest change number that this file ever had. */
  get lastChange(): number {
    return Math.max(this.exposed.change, this.#shown.at(-1)?.change ?? 0)
  }

  write(time: number, offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length
    for (let sector = Math.floor(offset / SECTOR_BYTES); sector * SECTOR_BYTES < end; sector++) {
      const start = sector * SECTOR_BYTES
      const from = Math.max(offset, start)
      const to = Math.min(end, start + SECTOR_BYTES)
      if (to - from === SECTOR_BYTES) {
        this.#push(sector, time, bytes.subarray(from - offset, to - offset))
        continue
      }
      const fresh = (this.#newest(sector) ?? ZEROS).slice()
      fresh.set(bytes.subarray(from - offset, to - offset), from - start)
      this.#push(sector, time, fresh)
    }
    if (end > this.size) this.#setSize(time, end)
  }

  /** A logged change of size; what lies behind the new end is zero from now on. */
  resize(time: number, size: number, index: number): void {
    for (const sector of this.#sectors.keys()) {
      const end = size - sector * SECTOR_BYTES
      if (end >= SECTOR_BYTES) continue
      const newest = this.#newest(sector)
      if (newest === null) continue
      if (end <= 0) this.#push(sector, time, null)
      else {
        const kept = newest.slice()
        kept.fill(0, end)
        this.#push(sector, time, kept)
      }
    }
    this.#resizes.push({ time, size, index })
    this.#setSize(time, size)
  }

  /** The file's attributes as they are from now on. */
  show(time: number, shown: Shown): void {
    const last = this.#shown.at(-1)
    if (last?.change === shown.change && last.times?.mtime === shown.mtime && last.times.ctime === shown.ctime) return
    this.#shown.push(shownAt(time, shown))
  }

  /** The file had this change number from `time` on, and times that nobody was shown. */
  passed(time: number, change: number): void {
    this.#shown.push({ time, change, times: null })
  }

  /** A reply that shows `shown` has left. */
  expose(shown: Shown): void {
    if (shown.change >= this.exposed.change) this.exposed = shown
  }

  /** Bytes [offset, end) as they are now; `end` is at most the size. */
  read(offset: number, end: number): Uint8Array {
    const out = new Uint8Array(Math.max(0, end - offset))
    for (let at = offset; at < end; ) {
      const sector = Math.floor(at / SECTOR_BYTES)
      const stop = Math.min(end, (sector + 1) * SECTOR_BYTES)
      const bytes = this.#newest(sector)
      if (bytes !== null) out.set(bytes.subarray(at - sector * SECTOR_BYTES, stop - sector * SECTOR_BYTES), at - offset)
      at = stop
    }
    return out
  }

  /** Everything up to `time` is durable, the size too. */
  syncAll(time: number): void {
    for (const sector of [...this.#uncertain]) this.#settle(sector, time)
    this.#dropSizesBefore(time)
  }

  /** The bytes of [offset, end) are durable as of `time`. */
  syncRange(time: number, offset: number, end: number): void {
    for (let sector = Math.floor(offset / SECTOR_BYTES); sector * SECTOR_BYTES < end; sector++)
      this.#settle(sector, time)
    this.#sizes = this.#sizes.filter(
      (entry, i) => i === this.#sizes.length - 1 || entry.time > time || entry.size >= end,
    )
  }

  /** Logged operations up to number `index` are durable. */
  logged(index: number): void {
    let count = 0
    for (const resize of this.#resizes) {
      if (resize.index > index) break
      count++
      for (const sector of [...this.#uncertain]) this.#keep(sector, afterResize(this.#versions(sector), sector, resize))
      this.#dropSizesBefore(resize.time)
    }
    if (count > 0) this.#resizes.splice(0, count)
  }

  /** Why `found` cannot be what a crash has left when logged operations up to `index` survived; null when it can. */
  refuse(found: FoundFile, index: number): string | null {
    const applied = this.#resizes.filter((resize) => resize.index <= index)
    const lost = this.#resizes.find((resize) => resize.index > index)
    return this.#refuseSize(found, applied, lost) ?? this.#refuseShown(found) ?? this.#refuseSectors(found, applied)
  }

  /** The crash has happened, and left `found`: the history starts anew. */
  restart(time: number, found: FoundFile): void {
    const same = this.#shown.find((shown) => shown.change === found.change)
    this.#sectors.clear()
    this.#uncertain.clear()
    for (let sector = 0; sector * SECTOR_BYTES < found.size; sector++) {
      let bytes = found.sector(sector)
      if (bytes === null) continue
      const end = found.size - sector * SECTOR_BYTES
      if (end < SECTOR_BYTES) {
        bytes = bytes.slice()
        bytes.fill(0, end)
      }
      this.#sectors.set(sector, [{ time, bytes }])
    }
    this.size = found.size
    this.#sizes = [{ time, size: found.size }]
    this.#resizes = []
    this.#shown = [{ time, change: found.change, times: same?.times ?? null }]
  }

  #refuseSize(found: FoundFile, applied: readonly Resize[], lost: Resize | undefined): string | null {
    const least = applied.at(-1)?.time ?? 0
    const allowed = this.#sizes.filter((entry, i) => {
      const next = this.#sizes[i + 1]
      return (next === undefined || next.time > least) && (lost === undefined || entry.time < lost.time)
    })
    if (allowed.some((entry) => entry.size === found.size)) return null
    return `has ${found.size} bytes instead of ${allowed.map((entry) => entry.size).join(' or ')}`
  }

  #refuseShown(found: FoundFile): string | null {
    const { exposed } = this
    if (found.change < exposed.change)
      return `change number ${found.change} is below ${exposed.change}, which was shown`
    if (found.ctime < exposed.ctime) return `ctime ${found.ctime} is before ${exposed.ctime}, which was shown`
    if (!this.mtimeWasSet && found.mtime < exposed.mtime)
      return `mtime ${found.mtime} is before ${exposed.mtime}, which was shown`
    const same = this.#shown.findLast((shown) => shown.change === found.change)
    if (same === undefined) {
      const last = this.#shown.at(-1)
      if (last === undefined || found.change >= last.change - JUMP / 2 + JUMP) return null
      return `change number ${found.change} never was, the last was ${last.change}`
    }
    const { times } = same
    if (times !== null && (found.ctime !== times.ctime || found.mtime !== times.mtime)) {
      return `change number ${found.change} had mtime ${times.mtime}, ctime ${times.ctime}, not ${found.mtime}, ${found.ctime}`
    }
    // The same change number never names two contents.
    const wrong = this.#firstSector(found, (versions, equals) => equals(versionAt(versions, same.time)))
    if (wrong < 0 && found.size === sizeAt(this.#sizes, same.time)) return null
    return wrong < 0
      ? `change number ${found.change} now names ${found.size} bytes`
      : `change number ${found.change} now names another content, at byte ${wrong * SECTOR_BYTES}`
  }

  #refuseSectors(found: FoundFile, applied: readonly Resize[]): string | null {
    const wrong = this.#firstSector(found, (versions, equals, sector) => {
      let allowed = versions
      if (versions.length > 1) for (const resize of applied) allowed = afterResize(allowed, sector, resize)
      return allowed.some((version) => equals(version.bytes))
    })
    if (wrong < 0) return null
    const allowed = this.#versions(wrong)
      .map((v) => `${describeSector(v.bytes)} (${v.time})`)
      .join(' or ')
    return `has wrong bytes at ${wrong * SECTOR_BYTES}: ${describeSector(found.sector(wrong))} instead of ${allowed}`
  }

  /** The first sector of the file that `isRight` does not like; -1 when it likes all. */
  #firstSector(
    found: FoundFile,
    isRight: (versions: readonly Version[], equals: (bytes: Uint8Array | null) => boolean, sector: number) => boolean,
  ): number {
    for (let sector = 0; sector * SECTOR_BYTES < found.size; sector++) {
      const visible = Math.min(SECTOR_BYTES, found.size - sector * SECTOR_BYTES)
      const bytes = found.sector(sector)
      const equals = (expected: Uint8Array | null): boolean => equalBytes(bytes, expected, visible)
      if (!isRight(this.#versions(sector), equals, sector)) return sector
    }
    return -1
  }

  #setSize(time: number, size: number): void {
    this.size = size
    this.#sizes.push({ time, size })
  }

  #dropSizesBefore(time: number): void {
    let keep = 0
    while (keep + 1 < this.#sizes.length && this.#sizes[keep + 1].time <= time) keep++
    if (keep > 0) this.#sizes.splice(0, keep)
  }

  #newest(sector: number): Uint8Array | null {
    return this.#sectors.get(sector)?.at(-1)?.bytes ?? null
  }

  #push(sector: number, time: number, bytes: Uint8Array | null): void {
    const versions = this.#sectors.get(sector)
    if (versions === undefined)
      this.#sectors.set(sector, [
        { time: 0, bytes: null },
        { time, bytes },
      ])
    else versions.push({ time, bytes })
    this.#uncertain.add(sector)
  }

  #versions(sector: number): readonly Version[] {
    return this.#sectors.get(sector) ?? NEVER
  }

  /** Forgets the versions that were replaced before or at `time`. */
  #settle(sector: number, time: number): void {
    if (this.#uncertain.has(sector)) this.#keep(sector, since(this.#versions(sector), time))
  }

  #keep(sector: number, versions: readonly Version[]): void {
    this.#sectors.set(sector, [...versions])
    if (versions.length === 1) this.#uncertain.delete(sector)
  }
}

/** The version that was current at `time`, and those that came later. */
function since(versions: readonly Version[], time: number): readonly Version[] {
  let first = 0
  while (first + 1 < versions.length && versions[first + 1].time <= time) first++
  return first === 0 ? versions : versions.slice(first)
}

/** What a sector may hold once a change of size is durable: nothing older behind the new end. */
function afterResize(versions: readonly Version[], sector: number, { time, size }: Resize): readonly Version[] {
  const end = size - sector * SECTOR_BYTES
  if (end >= SECTOR_BYTES) return versions
  if (end <= 0) return since(versions, time)
  return versions.map((version) => {
    if (version.time >= time || version.bytes === null) return version
    const bytes = version.bytes.slice()
    bytes.fill(0, end)
    return { time: version.time, bytes }
  })
}

function shownAt(time: number, { change, mtime, ctime }: Shown): ShownAt {
  return { time, change, times: { mtime, ctime } }
}

const NEVER: readonly Version[] = [{ time: 0, bytes: null }]

function versionAt(versions: readonly Version[], time: number): Uint8Array | null {
  return (versions.findLast((version) => version.time <= time) ?? versions[0]).bytes
}

function sizeAt(sizes: readonly SizeAt[], time: number): number {
  return (sizes.findLast((entry) => entry.time <= time) ?? sizes[0]).size
}

/** True when two sectors (null: zeros) have the same first `length` bytes. */
function equalBytes(a: Uint8Array | null, b: Uint8Array | null, length: number): boolean {
  if (a === b) return true
  return Buffer.compare((a ?? ZEROS).subarray(0, length), (b ?? ZEROS).subarray(0, length)) === 0
}

/** The first words of a sector that tell where its bytes come from. */
function describeSector(bytes: Uint8Array | null): string {
  if (bytes === null) return 'zeros'
  const parts: string[] = []
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    const text = describeWord(bytes, at)
    if (text !== parts.at(-1)) parts.push(text)
    if (parts.length > 3) break
  }
  return `[${parts.join(', ')}]`
}

function describeWord(bytes: Uint8Array, at: number): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8)
  if (view.getUint32(0) === 0 && view.getUint32(4) === 0) return 'zeros'
  return `inode ${view.getUint16(0)} write ${view.getUint32(2) >>> 8}`
}

/**
 * The bytes of write number `write` to inode `ino` at `offset`: each 8 bytes of the file name inode (2 bytes), write
 * (3 bytes) and place (3 bytes), so that nothing can be taken for another file's bytes, or for those of another write.
 */
export function pattern(ino: number, write: number, offset: number, length: number): Uint8Array {
  const first = Math.floor(offset / 8)
  const last = Math.ceil((offset + length) / 8)
  const bytes = new Uint8Array((last - first) * 8)
  const view = new DataView(bytes.buffer)
  const high = ino * 65_536 + Math.floor(write / 256)
  const low = (write % 256) * 0x1000000
  for (let word = first; word < last; word++) {
    view.setUint32((word - first) * 8, high)
    view.setUint32((word - first) * 8 + 4, low + (word % 0x1000000))
  }
  return bytes.subarray(offset - first * 8, offset - first * 8 + length)
}
