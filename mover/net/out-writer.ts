import { padded } from '../../protocol/xdr/reader.ts'
import { type Splice, XdrWriter } from '../../protocol/xdr/writer.ts'

/** Spliced data up to this size is copied: a write of its own costs more than the copy. */
const COPY_BYTES = 8192

/** A writer of outgoing messages: copies small splices into its own bytes and notes the large ones. */
export class OutWriter extends XdrWriter {
  /** Spliced data of more bytes than this is not copied. */
  copyBytes = COPY_BYTES

  override splice(segments: readonly Uint8Array[], segmentCount: number, byteCount: number): void {
    if (byteCount > this.copyBytes) {
      super.splice(segments, segmentCount, byteCount)
      return
    }
    const end = this.reserve(padded(byteCount)) + byteCount
    let at = end - byteCount
    for (let i = 0; i < segmentCount; i++) {
      this.bytes.set(segments[i], at)
      at += segments[i].length
    }
    if (at !== end) throw new RangeError(`splice of ${byteCount} bytes is ${byteCount - end + at} bytes long`)
    while (at < this.position) this.bytes[at++] = 0
  }

  /** Adds what another writer has written: its bytes, and its splices by reference. */
  append(bytes: Uint8Array, splices: readonly Splice[]): void {
    const at = this.reserve(bytes.length)
    this.bytes.set(bytes, at)
    for (const { position, segments, byteCount } of splices) {
      this.splices.push({ position: at + position, segments, byteCount })
      this.splicedBytes += byteCount
    }
  }
}
