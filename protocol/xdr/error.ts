/** Bytes that are not what RFC 4506 and the type at hand allow, or a value that does not fit its wire form. */
export class XdrError extends Error {
  override readonly name = 'XdrError'
}
