/** Of what others leave free, one may take one part in so many. */
const PARTS = 4

/**
 * True when one who has `own` places of `most` may have another, though others have so many. Nobody takes more than a part of
 * what the others have left: so there is room for somebody new, until very many have taken all that they may.
 */
export function hasShare(own: number, others: number, most: number): boolean {
  return own < (most - others) / PARTS
}
