/**
 * Sequences of device requests written as generators: `const data = yield* wait(step)`. Unlike promises they resume in
 * the very callback that completes a request, so a simulator that orders callbacks orders everything.
 */
export type Resume<T> = (error: Error | null, value?: T) => void

/** Starts something and calls `resume` once when it has ended, never before the step itself has returned. */
export type Step<T> = (resume: Resume<T>) => void

// biome-ignore lint/suspicious/noExplicitAny: what `yield` returns is typed by `wait`
export type Task<T> = Generator<Step<any>, T, any>

/** Waits inside a task for one step. Throws the step's error. */
export function* wait<T>(step: Step<T>): Task<T> {
  return (yield step) as T
}

/** Runs a task; `done` is called once with its error or its value. */
export function start<T>(task: Task<T>, done: (error: Error | null, value: T) => void): void {
  const advance = (error: Error | null, value: unknown): void => {
    let next: IteratorResult<Step<unknown>, T>
    try {
      next = error === null ? task.next(value) : task.throw(error)
    } catch (failure) {
      done(failure as Error, undefined as T)
      return
    }
    if (next.done) done(null, next.value)
    else next.value(advance as Resume<unknown>)
  }
  advance(null, undefined)
}

/** The same task; `spent` is told how long each of its runs, from one step to the next, has taken of `now`'s time. */
export function timed<T>(task: Task<T>, now: () => number, spent: (time: number) => void): Task<T> {
  const run = (advance: () => IteratorResult<Step<unknown>, T>): IteratorResult<Step<unknown>, T> => {
    const begin = now()
    try {
      return advance()
    } finally {
      spent(now() - begin)
    }
  }
  return {
    next: (value) => run(() => task.next(value)),
    throw: (error) => run(() => task.throw(error)),
    return: (value) => task.return(value),
    [Symbol.iterator]: () => task,
    [Symbol.dispose]: () => task[Symbol.dispose](),
  } as Task<T>
}

/** Runs steps side by side, at most `width` at a time; ends when all have ended; the first error wins. */
export function together(steps: readonly Step<unknown>[], width: number): Step<void> {
  return (resume) => {
    let next = 0
    let running = 0
    let failure: Error | null = null
    const more = (): void => {
      while (running < width && next < steps.length && failure === null) {
        running++
        steps[next++]((error) => {
          running--
          if (error !== null && failure === null) failure = error
          if (running === 0 && (next >= steps.length || failure !== null)) resume(failure)
          else more()
        })
      }
    }
    if (steps.length === 0) resume(null)
    else more()
  }
}

/** A task as a promise, for commands that are not on any hot path. */
export function promise<T>(task: Task<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    start(task, (error, value) => (error === null ? resolve(value) : reject(error)))
  })
}
