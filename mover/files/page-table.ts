/** Blocks of one table: 64 KiB of a file. V8 allocates larger arrays outside its heap, which costs several times as much. */
const TABLE_BLOCKS = 16

interface Table {
  readonly index: number
  /** Slot + 1 of each block; 0 where there is none. */
  readonly slots: Int32Array
  count: number
}

/** The slots of a file's cached pages, by file block. In tables, so that of a run of blocks only the first is looked up. */
export class PageTable {
  readonly #tables = new Map<number, Table>()
  #last: Table | null = null

  get(block: number): number | undefined {
    const index = Math.floor(block / TABLE_BLOCKS)
    const table = this.#table(index)
    if (table === undefined) return undefined
    const slot = table.slots[block - index * TABLE_BLOCKS]
    return slot === 0 ? undefined : slot - 1
  }

  has(block: number): boolean {
    return this.get(block) !== undefined
  }

  set(block: number, slot: number): void {
    const index = Math.floor(block / TABLE_BLOCKS)
    let table = this.#table(index)
    if (table === undefined) {
      table = { index, slots: new Int32Array(TABLE_BLOCKS), count: 0 }
      this.#tables.set(index, table)
      this.#last = table
    }
    const at = block - index * TABLE_BLOCKS
    if (table.slots[at] === 0) table.count++
    table.slots[at] = slot + 1
  }

  delete(block: number): void {
    const index = Math.floor(block / TABLE_BLOCKS)
    const table = this.#table(index)
    const at = block - index * TABLE_BLOCKS
    if (table === undefined || table.slots[at] === 0) return
    table.slots[at] = 0
    table.count--
    if (table.count > 0) return
    this.#tables.delete(index)
    this.#last = null
  }

  /** True when there is no page. */
  get isEmpty(): boolean {
    return this.#tables.size === 0
  }

  /** Blocks of [first, end) and their slots, in no order; what is deleted meanwhile is not told any more. */
  *within(first: number, end: number): Generator<[block: number, slot: number]> {
    for (const { index, slots } of this.#tablesOf(first, end)) {
      const start = index * TABLE_BLOCKS
      const stop = Math.min(TABLE_BLOCKS, end - start)
      for (let at = Math.max(0, first - start); at < stop; at++) if (slots[at] !== 0) yield [start + at, slots[at] - 1]
    }
  }

  /** At least those tables that have some of these blocks: looked up one by one where they are few, else all. */
  #tablesOf(first: number, end: number): Iterable<Table> {
    const from = Math.floor(first / TABLE_BLOCKS)
    const to = Math.ceil(end / TABLE_BLOCKS)
    if (to - from >= this.#tables.size) return this.#tables.values()
    const tables: Table[] = []
    for (let index = from; index < to; index++) {
      const table = this.#tables.get(index)
      if (table !== undefined) tables.push(table)
    }
    return tables
  }

  #table(index: number): Table | undefined {
    if (this.#last !== null && this.#last.index === index) return this.#last
    const table = this.#tables.get(index)
    if (table !== undefined) this.#last = table
    return table
  }
}
