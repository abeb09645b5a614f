/** Record marking (RFC 5531 §11): on a byte stream each fragment of a message has a header of four bytes. */

/** Bytes of a fragment's header. */
export const FRAGMENT_HEADER_BYTES = 4

/** The longest fragment that a header can announce. */
export const MAX_FRAGMENT_BYTES = 0x7fffffff

const LAST_FRAGMENT = 0x80000000

/** The header, as an unsigned 32-bit number, of a fragment of `length` bytes. */
export function fragmentHeader(length: number, last: boolean): number {
  if (!(length >= 0 && length <= MAX_FRAGMENT_BYTES)) throw new RangeError(`fragment of ${length} bytes`)
  return last ? length + LAST_FRAGMENT : length
}

/** The bytes that follow a fragment's header. */
export function fragmentLength(header: number): number {
  return header >= LAST_FRAGMENT ? header - LAST_FRAGMENT : header
}

/** Whether a fragment is the last one of its message. */
export function isLastFragment(header: number): boolean {
  return header >= LAST_FRAGMENT
}
