/** Blocks are the unit of requests, sectors that of tearing. */
export const BLOCK_BYTES = 4096
export const SECTOR_BYTES = 512
export const SECTORS_PER_BLOCK = BLOCK_BYTES / SECTOR_BYTES

/** What was never written. Shared: nobody may write into a block that an image holds. */
export const ZERO_BLOCK = new Uint8Array(BLOCK_BYTES)

const FANOUT = 64

interface TreeNode {
  /** The image that may change this node in place; others copy it. */
  owner: object
  readonly slots: (TreeNode | Uint8Array | undefined)[]
}

/**
 * The content of a disk as a persistent radix tree of immutable 4096-byte blocks: `clone` costs nothing, a write after
 * it copies the 64-way nodes on its path only, and holes cost nothing, so that a TiB is as cheap as a MiB.
 */
export class SparseImage {
  readonly blockCount: number
  private readonly topSpan: number
  private root: TreeNode
  private owner: object = {}

  constructor(blockCount: number) {
    this.blockCount = blockCount
    let span = 1
    while (span * FANOUT < blockCount) span *= FANOUT
    this.topSpan = span
    this.root = { owner: this.owner, slots: new Array(FANOUT) }
  }

  /** The block's bytes, not to be written into. */
  get(block: number): Uint8Array {
    let slots = this.root.slots
    let rest = block
    for (let span = this.topSpan; span > 1; span /= FANOUT) {
      const slot = Math.floor(rest / span)
      const node = slots[slot] as TreeNode | undefined
      if (node === undefined) return ZERO_BLOCK
      rest -= slot * span
      slots = node.slots
    }
    return (slots[rest] as Uint8Array | undefined) ?? ZERO_BLOCK
  }

  /** Puts `bytes` (4096, from now on immutable) at `block`. */
  set(block: number, bytes: Uint8Array): void {
    if (this.root.owner !== this.owner) this.root = this.ownCopy(this.root)
    let slots = this.root.slots
    let rest = block
    for (let span = this.topSpan; span > 1; span /= FANOUT) {
      const slot = Math.floor(rest / span)
      let node = slots[slot] as TreeNode | undefined
      if (node === undefined) {
        node = { owner: this.owner, slots: new Array(FANOUT) }
        slots[slot] = node
      } else if (node.owner !== this.owner) {
        node = this.ownCopy(node)
        slots[slot] = node
      }
      rest -= slot * span
      slots = node.slots
    }
    slots[rest] = bytes
  }

  clone(): SparseImage {
    const copy = new SparseImage(this.blockCount)
    copy.root = this.root
    // Neither side owns the shared nodes any more.
    this.owner = {}
    return copy
  }

  /** Calls `visit` for each block that was ever set, in ascending order. */
  forEachBlock(visit: (block: number, bytes: Uint8Array) => void): void {
    const walk = (node: TreeNode, first: number, span: number): void => {
      for (let slot = 0; slot < FANOUT; slot++) {
        const child = node.slots[slot]
        if (child === undefined) continue
        const at = first + slot * span
        if (child instanceof Uint8Array) visit(at, child)
        else walk(child, at, span / FANOUT)
      }
    }
    walk(this.root, 0, this.topSpan)
  }

  private ownCopy(node: TreeNode): TreeNode {
    return { owner: this.owner, slots: node.slots.slice() }
  }
}
