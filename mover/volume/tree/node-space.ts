/** Where the tree gets and returns the blocks of its nodes. Addresses are block numbers, 1 to 2^48 - 1. */
export interface NodeSpace {
  /** A free block. Never fails: whoever changes a tree has made sure of room before (`NODES_PER_PUT`). */
  allocate(): number
  /** The block leaves the current tree, but an earlier checkpoint may still reach it. */
  drop(address: number): void
  /** The block leaves the current tree and was never written: no checkpoint reaches it, it may be reused at once. */
  dropUnwritten(address: number): void
}
