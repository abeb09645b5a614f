/** The unit of every device request and of every cache slot. */
export const PAGE_BYTES = 4096

/** The largest `WebAssembly.Memory`: 65,536 of its own pages of 64 KiB. */
const MAX_POOL_BYTES = 4 * 1024 ** 3
const WASM_PAGE_BYTES = 65_536

/** The part of the WebAssembly interface that is used (its types come with a browser's library only). */
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer }
}

/** Buffers made here. Their first byte is page-aligned, which nothing in an `ArrayBuffer` itself tells. */
const alignedBuffers = new WeakSet<ArrayBufferLike>()

function allocateAligned(byteLength: number): ArrayBuffer {
  const wasmPages = Math.ceil(byteLength / WASM_PAGE_BYTES)
  let buffer: ArrayBuffer
  try {
    buffer = new WebAssembly.Memory({ initial: wasmPages, maximum: wasmPages }).buffer
  } catch (error) {
    throw new RangeError(
      `cannot allocate ${byteLength} bytes of page-aligned memory (${error instanceof Error ? error.message : error}): ` +
        'the address space or the container memory limit is used up; set a smaller cache',
    )
  }
  alignedBuffers.add(buffer)
  return buffer
}

function checkPageCount(what: string, count: number): void {
  if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`${what}: ${count} pages of 4096 bytes asked for`)
  if (count * PAGE_BYTES > MAX_POOL_BYTES) {
    throw new RangeError(
      `${what}: ${count} pages are ${count * PAGE_BYTES} bytes, more than the 4 GiB that one pool can hold; set a smaller cache`,
    )
  }
}

/**
 * Page-aligned memory in slots of 4096 bytes: the only memory in Node that O_DIRECT always takes is that of a
 * `WebAssembly.Memory`. It starts zeroed, is touched lazily by the kernel and is never returned while the pool lives.
 */
export class PagePool {
  readonly slotCount: number
  readonly buffer: ArrayBuffer
  /** The whole pool, `slotCount` × 4096 bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>
  private readonly views: (Uint8Array<ArrayBuffer> | undefined)[]

  /** Throws RangeError above 4 GiB (1,048,576 slots) or when the memory is not to be had. */
  constructor(slotCount: number) {
    checkPageCount('PagePool', slotCount)
    this.slotCount = slotCount
    this.buffer = allocateAligned(slotCount * PAGE_BYTES)
    this.bytes = new Uint8Array(this.buffer, 0, slotCount * PAGE_BYTES)
    this.views = new Array(slotCount)
  }

  /** The 4096 bytes of slot `index`: always the same view object, made at its first use. */
  slot(index: number): Uint8Array<ArrayBuffer> {
    return this.views[index] ?? this.makeView(index)
  }

  /** A new view of `count` slots from `first` on. */
  run(first: number, count: number): Uint8Array<ArrayBuffer> {
    if (
      !Number.isInteger(first) ||
      !Number.isInteger(count) ||
      first < 0 ||
      count < 1 ||
      first + count > this.slotCount
    ) {
      throw new RangeError(`PagePool: slots ${first} to ${first + count} of ${this.slotCount}`)
    }
    return new Uint8Array(this.buffer, first * PAGE_BYTES, count * PAGE_BYTES)
  }

  private makeView(index: number): Uint8Array<ArrayBuffer> {
    if (!Number.isInteger(index) || index < 0 || index >= this.slotCount) {
      throw new RangeError(`PagePool: slot ${index} of ${this.slotCount}`)
    }
    const view = new Uint8Array(this.buffer, index * PAGE_BYTES, PAGE_BYTES)
    this.views[index] = view
    return view
  }
}

/**
 * A standalone page-aligned, zeroed buffer of `count` × 4096 bytes. Each costs an address range of several GiB (though
 * no memory), so that a process can hold about 16,000 of them: for buffers that live long, not one per request.
 */
export function allocatePages(count: number): Uint8Array<ArrayBuffer> {
  checkPageCount('allocatePages', count)
  return new Uint8Array(allocateAligned(count * PAGE_BYTES), 0, count * PAGE_BYTES)
}

/** True when `bytes` starts on a page boundary of memory that `PagePool` or `allocatePages` made. */
export function isPageAligned(bytes: Uint8Array): boolean {
  return bytes.byteOffset % PAGE_BYTES === 0 && alignedBuffers.has(bytes.buffer)
}
