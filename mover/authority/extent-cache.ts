/** Where blocks of a file lie: `device` is the device block of the first one, 0 for a hole. Half-open, in blocks. */
interface Segment {
  start: number
  end: number
  device: number
}

/** Blocks of a file that lie together on the device. */
export interface KnownExtent {
  fileBlock: number
  deviceBlock: number
  length: number
}

/** The answer of `ExtentCache.find`; a reused object. */
export interface Found {
  /** Device block of the asked block, 0 if it is in a hole. */
  deviceBlock: number
  /** Blocks from there on of which the same is true. */
  length: number
}

/** What a secondary knows of where a file's blocks lie: as much as its tokens let it know, and no more. */
export class ExtentCache {
  /** In order, apart from each other; what lies between two is not known. */
  #segments: Segment[] = []

  /** Segments in memory. */
  get size(): number {
    return this.#segments.length
  }

  /** All of [first, end) is known from now on: these extents, in order, and holes between them. */
  learn(first: number, end: number, extents: readonly KnownExtent[]): void {
    const news: Segment[] = []
    let at = first
    for (const { fileBlock, deviceBlock, length } of extents) {
      const start = Math.max(fileBlock, at)
      const stop = Math.min(fileBlock + length, end)
      if (start >= stop) continue
      if (start > at) news.push({ start: at, end: start, device: 0 })
      news.push({ start, end: stop, device: deviceBlock + (start - fileBlock) })
      at = stop
    }
    if (at < end) news.push({ start: at, end, device: 0 })
    this.#replace(first, end, news)
  }

  /** Nothing of [first, end) is known any more. */
  forget(first: number, end: number): void {
    this.#replace(first, end, [])
  }

  /** Where a block lies and how many behind it lie likewise, at most `max`; false when that is not known. */
  find(block: number, max: number, out: Found): boolean {
    const segment = this.#segments[this.#indexBehind(block)]
    if (segment === undefined || segment.start > block) return false
    const { start, end, device } = segment
    out.deviceBlock = device === 0 ? 0 : device + (block - start)
    out.length = Math.min(max, end - block)
    return true
  }

  /** Index of the first segment that ends behind `block`. */
  #indexBehind(block: number): number {
    let low = 0
    let high = this.#segments.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#segments[middle].end > block) high = middle
      else low = middle + 1
    }
    return low
  }

  #replace(first: number, end: number, news: readonly Segment[]): void {
    if (first >= end) return
    const from = this.#indexBehind(first)
    let to = from
    while (to < this.#segments.length && this.#segments[to].start < end) to++
    const pieces: Segment[] = []
    const before = this.#segments[from]
    if (to > from && before.start < first) pieces.push({ ...before, end: first })
    pieces.push(...news)
    const last = this.#segments[to - 1]
    if (to > from && last.end > end) {
      const device = last.device === 0 ? 0 : last.device + (end - last.start)
      pieces.push({ start: end, end: last.end, device })
    }
    // Neighbours that continue each other become one, so that reads and writes of them are.
    if (this.#segments.length === 0) {
      this.#segments = joined(pieces)
      return
    }
    const around = [
      ...this.#segments.slice(Math.max(0, from - 1), from),
      ...pieces,
      ...this.#segments.slice(to, to + 1),
    ]
    const start = Math.max(0, from - 1)
    this.#segments.splice(start, Math.min(this.#segments.length, to + 1) - start, ...joined(around))
  }
}

function joined(segments: readonly Segment[]): Segment[] {
  const merged: Segment[] = []
  for (const segment of segments) {
    const previous = merged.at(-1)
    if (previous !== undefined && continues(previous, segment)) previous.end = segment.end
    else merged.push({ ...segment })
  }
  return merged
}

function continues(before: Segment, after: Segment): boolean {
  if (before.end !== after.start) return false
  if (before.device === 0 || after.device === 0) return before.device === after.device
  return before.device + (before.end - before.start) === after.device
}
