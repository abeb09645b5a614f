import type { Environment, Timestamp } from '../../mover/environment.ts'
import type { TestEnvironment } from '../crash/test-environment.ts'

/**
 * A process of a simulated host: the environment of what runs in it. It can be stopped, which keeps what arrives and what
 * it is about to do for later, and it can die, at any of the steps that others see; nothing of it runs after that.
 */
export class Process implements Environment {
  readonly name: string
  /** Nothing of it is left: it was fenced. */
  isGone = false
  /** Called when it dies; `wasStopped` says that it was stopped then. */
  onDeath: ((wasStopped: boolean) => void)[] = []
  readonly #env: TestEnvironment
  #isDead = false
  #isStopped = false
  #kept: (() => void)[] = []
  #stepsLeft = Number.POSITIVE_INFINITY
  #atLastStep: () => void = () => {}

  constructor(name: string, env: TestEnvironment) {
    this.name = name
    this.#env = env
  }

  get isDead(): boolean {
    return this.#isDead
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Something comes from outside, or its time has come: runs it, later if the process is stopped, never if it is dead. */
  deliver(task: () => void): void {
    if (this.#isDead) return
    if (this.#isStopped) this.#kept.push(task)
    else task()
  }

  /** The process does something that others see: before this it may die, or be stopped. */
  emit(task: () => void): void {
    if (!this.#isDead && --this.#stepsLeft === 0) this.#atLastStep()
    this.deliver(task)
  }

  /** Calls `what` when so many more steps have been seen. */
  afterSteps(steps: number, what: () => void): void {
    this.#stepsLeft = steps
    this.#atLastStep = what
  }

  die(): void {
    if (this.#isDead) return
    const wasStopped = this.#isStopped
    this.#isDead = true
    this.#kept = []
    for (const told of this.onDeath) told(wasStopped)
  }

  /** SIGSTOP. */
  stop(): void {
    this.#isStopped = true
  }

  /** SIGCONT: what was kept comes in its order, in one go. */
  resume(): void {
    if (!this.#isStopped) return
    this.#isStopped = false
    const kept = this.#kept
    this.#kept = []
    for (const task of kept) this.deliver(task)
  }

  // Environment

  wallMs(): number {
    return this.#env.wallMs()
  }

  wallTime(out: Timestamp): void {
    this.#env.wallTime(out)
  }

  hostMs(): number {
    return this.#env.hostMs()
  }

  monotonicMs(): number {
    return this.#env.monotonicMs()
  }

  defer(task: () => void): void {
    this.#env.defer(() => this.deliver(task))
  }

  /** It never sleeps. */
  stayAwake(): void {}

  timer(delayMs: number, task: () => void): () => void {
    let isCancelled = false
    const cancel = this.#env.timer(delayMs, () =>
      this.deliver(() => {
        if (!isCancelled) task()
      }),
    )
    return () => {
      isCancelled = true
      cancel()
    }
  }

  randomBytes(count: number): Uint8Array {
    return this.#env.randomBytes(count)
  }
}
