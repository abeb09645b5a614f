/** A tree node that is not what its parent says it is. Thrown instead of serving from it. */
export class TreeCorruption extends Error {
  /** Block number of the node. */
  readonly address: number

  constructor(address: number, what: string) {
    super(`tree node at block ${address} is damaged: ${what}`)
    this.name = 'TreeCorruption'
    this.address = address
  }
}

/** No slot is left for a tree node: everything in memory is unwritten or in use by the running operation. */
export class NodeCacheFull extends Error {
  constructor(limitNodes: number, dirty: number, frozen: number) {
    super(
      `the metadata cache is full: ${limitNodes} nodes, ${dirty} changed and ${frozen} waiting to be written; ` +
        'a checkpoint must finish first',
    )
    this.name = 'NodeCacheFull'
  }
}
