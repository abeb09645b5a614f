/** What is written at once, and never torn. */
export const SECTOR_BYTES = 512

/** The values of sectors; each must be one write's. */
export function valuesOf(bytes: Buffer): number[] {
  const values: number[] = []
  for (let at = 0; at < bytes.length; at += SECTOR_BYTES) {
    const value = bytes.readUInt32LE(at)
    for (let i = 4; i < SECTOR_BYTES && at + i < bytes.length; i += 4) {
      if (bytes.readUInt32LE(at + i) !== value) throw new Error(`a sector is a mixture of writes ${value} and others`)
    }
    values.push(value)
  }
  return values
}
