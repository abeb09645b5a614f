import { createHash } from 'node:crypto'

/** Largest export id: it travels in file handles as 32 bits. */
export const MAX_EXPORT_ID = 2 ** 32 - 1

/**
 * The id of an export that the configuration gives none: derived from its path alone, so that file handles stay valid
 * when exports are reordered, added or removed. Never 0.
 */
export function exportIdOf(path: string): number {
  const id = createHash('sha256').update('export:').update(path).digest().readUInt32BE(0)
  return id === 0 ? 1 : id
}
