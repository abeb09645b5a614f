const WORD = 4294967296

/** Writes a whole number below 2^53 as 64 bits, little-endian. */
export function put64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % WORD, true)
  view.setUint32(at + 4, Math.floor(value / WORD), true)
}

/** Reads 64 bits, little-endian; inexact from 2^53 on. */
export function get64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * WORD + view.getUint32(at, true)
}
