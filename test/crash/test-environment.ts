import type { Environment, Timestamp } from '../../mover/environment.ts'
import { Random } from './random.ts'

/** An entry of the event queue. `work` (device completions) keeps `runUntilIdle` going, a timer does not. */
interface QueuedEvent {
  readonly atMs: number
  readonly order: number
  readonly work: boolean
  /** Null once it was cancelled. */
  task: (() => void) | null
}

/** 2026-01-01T00:00:00Z. */
const START_WALL_MS = 1_767_225_600_000

/** Chance that another completion is handled before the deferred tasks, as one poll of the event loop may bring several. */
const BATCH_CHANCE = 0.25

/**
 * A world of its own: virtual clock, event queue and randomness, all from one seed. Nothing happens but in `step`,
 * `runUntilIdle`, `runUntil` and `advance`; what a task throws leaves them with the seed and the step in its message.
 */
export class TestEnvironment implements Environment {
  isAwaited: (() => boolean) | null = null
  readonly seed: number
  /** For the order and the delays of events. Draw test data from a fork or from a generator of your own. */
  readonly random: Random
  /** Events handled so far. */
  stepCount = 0
  private readonly byteRandom: Random
  private readonly heap: QueuedEvent[] = []
  private deferred: (() => void)[] = []
  private deferredHead = 0
  private nowMs = 0
  private wallOffsetMs = START_WALL_MS
  private nextOrder = 0
  private pendingWork = 0
  private isHalted = false

  constructor(seed: number) {
    this.seed = seed
    this.random = new Random(seed)
    this.byteRandom = this.random.fork()
  }

  wallMs(): number {
    return Math.floor(this.wallOffsetMs + this.nowMs)
  }

  wallTime(out: Timestamp): void {
    const ms = this.wallOffsetMs + this.nowMs
    out.sec = Math.floor(ms / 1000)
    out.nsec = Math.floor((ms - out.sec * 1000) * 1e6)
  }

  monotonicMs(): number {
    return this.nowMs
  }

  hostMs(): number {
    return this.nowMs
  }

  defer(task: () => void): void {
    this.deferred.push(task)
  }

  /** It never sleeps; `isAwaited` says whether what was last stayed awake for is still to come. */
  stayAwake(isWaiting: () => boolean): void {
    this.isAwaited = isWaiting
  }

  timer(delayMs: number, task: () => void): () => void {
    const event = this.enqueue(delayMs, task, false)
    return () => {
      event.task = null
    }
  }

  randomBytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count)
    this.byteRandom.fill(bytes)
    return bytes
  }

  /** Something that is under way and will end by itself, such as a device request. It counts as work for `runUntilIdle`. */
  work(delayMs: number, task: () => void): void {
    this.pendingWork++
    this.enqueue(delayMs, task, true)
  }

  /** Moves the wall clock, not the monotonic one. */
  jumpWallClock(deltaMs: number): void {
    this.wallOffsetMs += deltaMs
  }

  /** The process of this world is dead: no event runs any more. What the running task still does has not happened. */
  halt(): void {
    this.isHalted = true
  }

  get halted(): boolean {
    return this.isHalted
  }

  /** True when no task is deferred and no work is under way; timers may be waiting. */
  get idle(): boolean {
    return this.deferredHead === this.deferred.length && this.pendingWork === 0
  }

  /** Handles one event, moving the clock to it; false when there is none, or when the world is halted. */
  step(): boolean {
    if (this.isHalted) return false
    if (this.deferredHead < this.deferred.length) {
      const batch = this.heap.length > 0 && this.heap[0].work && this.random.chance(BATCH_CHANCE)
      if (!batch) {
        this.run(this.takeDeferred())
        return true
      }
    }
    const event = this.takeEvent()
    if (event === null) return false
    if (event.atMs > this.nowMs) this.nowMs = event.atMs
    if (event.work) this.pendingWork--
    this.run(event.task as () => void)
    return true
  }

  /** Steps until nothing is deferred or under way (or the world is halted). Returns the steps taken. */
  runUntilIdle(maxSteps = 1_000_000): number {
    let steps = 0
    while (!this.idle && !this.isHalted) {
      if (steps === maxSteps) throw this.failure(`not idle after ${maxSteps} steps`)
      this.step()
      steps++
    }
    return steps
  }

  /** Steps, timers included, until `condition` holds (or the world is halted). Throws when nothing is left to happen. */
  runUntil(condition: () => boolean, maxSteps = 1_000_000): number {
    let steps = 0
    while (!condition() && !this.isHalted) {
      if (steps === maxSteps) throw this.failure(`condition does not hold after ${maxSteps} steps`)
      if (!this.step() && !this.isHalted) throw this.failure('condition does not hold and nothing is left to happen')
      steps++
    }
    return steps
  }

  /** Runs everything that falls due in the next `ms` milliseconds, and leaves the clock there. */
  advance(ms: number, maxSteps = 1_000_000): void {
    const until = this.nowMs + ms
    for (let steps = 0; !this.isHalted; steps++) {
      this.dropCancelled()
      const due = this.heap.length > 0 && this.heap[0].atMs <= until
      if (!due && this.deferredHead === this.deferred.length) break
      if (steps === maxSteps) throw this.failure(`more than ${maxSteps} steps in ${ms} ms`)
      if (due) this.step()
      else this.run(this.takeDeferred())
    }
    if (!this.isHalted) this.nowMs = until
  }

  /** An error that says how to get here again. */
  failure(message: string): Error {
    return new Error(`${message} (${this.where()})`)
  }

  private where(): string {
    return `seed ${this.seed}, step ${this.stepCount}, ${this.nowMs.toFixed(3)} ms`
  }

  private run(task: () => void): void {
    this.stepCount++
    try {
      task()
    } catch (error) {
      if (error instanceof Error && !error.message.includes('(seed ')) error.message += ` (${this.where()})`
      throw error
    }
  }

  private takeDeferred(): () => void {
    const task = this.deferred[this.deferredHead++] as () => void
    if (this.deferredHead === this.deferred.length) {
      this.deferred = []
      this.deferredHead = 0
    }
    return task
  }

  private enqueue(delayMs: number, task: () => void, work: boolean): QueuedEvent {
    const event = { atMs: this.nowMs + Math.max(0, delayMs), order: this.nextOrder++, work, task }
    const heap = this.heap
    let index = heap.push(event) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(event, heap[parent])) break
      heap[index] = heap[parent]
      index = parent
    }
    heap[index] = event
    return event
  }

  private dropCancelled(): void {
    while (this.heap.length > 0 && this.heap[0].task === null) this.popHeap()
  }

  private takeEvent(): QueuedEvent | null {
    this.dropCancelled()
    return this.heap.length > 0 ? this.popHeap() : null
  }

  private popHeap(): QueuedEvent {
    const heap = this.heap
    const top = heap[0]
    const last = heap.pop() as QueuedEvent
    if (heap.length === 0) return top
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++
      if (!isBefore(heap[child], last)) break
      heap[index] = heap[child]
      index = child
    }
    heap[index] = last
    return top
  }
}

function isBefore(a: QueuedEvent, b: QueuedEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
