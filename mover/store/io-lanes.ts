/** Something that waits for a thread of the pool. `next` belongs to the lane while the task is queued. */
export interface LaneTask {
  next: LaneTask | null
  start(): void
}

/** Lets at most `limit` tasks run at once; the others wait in the order they came. Queueing allocates nothing. */
export class IoLane {
  readonly limit: number
  private running = 0
  private waiting = 0
  private head: LaneTask | null = null
  private tail: LaneTask | null = null

  constructor(limit: number) {
    if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`a lane for ${limit} requests`)
    this.limit = limit
  }

  /** Tasks under way. */
  get runningCount(): number {
    return this.running
  }

  /** Tasks that wait for their turn. */
  get waitingCount(): number {
    return this.waiting
  }

  /** Starts `task` at once or when it is its turn. Each task must call `release` once when it has ended. */
  submit(task: LaneTask): void {
    if (this.running < this.limit) {
      this.running++
      task.start()
      return
    }
    task.next = null
    if (this.tail === null) this.head = task
    else this.tail.next = task
    this.tail = task
    this.waiting++
  }

  /** One task has ended: its place goes to the longest waiting one. */
  release(): void {
    const task = this.head
    if (task === null) {
      this.running--
      return
    }
    this.head = task.next
    if (this.head === null) this.tail = null
    task.next = null
    this.waiting--
    task.start()
  }
}

/**
 * The shares of libuv's thread pool (32 threads, UV_THREADPOOL_SIZE) that device requests may take, so that data can
 * fill neither the log's way to the disk nor that of a flush. One for all devices of a process: they share the pool.
 */
export class IoLanes {
  /** Reads, and writes of file data and tree nodes. */
  readonly data = new IoLane(24)
  readonly log = new IoLane(4)
  readonly flush = new IoLane(2)
}
