import type { Environment } from './environment.ts'

/** A work in steps: each yields how much of it has been done since the last one; what comes of it is returned. */
export type Steps<T> = Generator<number, T, void>

/** So much is done in one turn of the event loop, and what the last step of it was more. */
export const MOST_A_TURN = 1000

/** Does a work by and by: whatever else there is to do has its turn in between. Rejects with what a step throws. */
export function inTurns<T>(environment: Pick<Environment, 'defer'>, steps: Steps<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const turn = (): void => {
      try {
        for (let worked = 0; worked < MOST_A_TURN; ) {
          const step = steps.next()
          if (step.done === true) {
            resolve(step.value)
            return
          }
          worked += step.value
        }
        environment.defer(turn)
      } catch (error) {
        reject(error)
      }
    }
    turn()
  })
}
