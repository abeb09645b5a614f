/**
 * Thrown by synchronous code that cannot go on before something has happened (a tree node or a file page must be read,
 * the log must have room). Nothing has been changed when it is thrown: the driver calls `wait` and runs the whole
 * operation again from its beginning when `resume` is called.
 *
 * This keeps every operation a plain synchronous function: on cached state it answers in the same tick, without a
 * promise, and a simulator can replay it.
 */
export class Suspend {
  readonly wait: (resume: () => void) => void

  constructor(wait: (resume: () => void) => void) {
    this.wait = wait
  }

  /** As `wait`; `resume` is called in a call of its own, and not inside another operation. */
  waitDeferred(defer: (task: () => void) => void, resume: () => void): void {
    this.wait(() => defer(resume))
  }
}

/** Waits for another mover, which may ask for what this one holds: nothing is kept from it meanwhile. */
export class SuspendForAnother extends Suspend {}
