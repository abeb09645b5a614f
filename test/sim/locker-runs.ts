import { playWorlds } from './failure-runs.ts'
import type { FailureOptions } from './failure-world.ts'

/** Worlds of a usual run. */
export const LOCKER_SEEDS = 8

/** Nobody but clients that lock; much happens at once, or there is time between what happens. */
export function lockerOptions(seed: number): FailureOptions {
  return {
    seed,
    movers: 2 + (seed % 3),
    files: 0,
    clients: 0,
    operations: 150,
    isTight: seed % 5 === 1,
    leftFree: null,
    lists: false,
    strays: false,
    stalls: false,
    locks: { clients: 2 + (seed % 4), files: 1 + (seed % 2), pauseMs: [40, 600, 3000][seed % 3] ?? 0 },
  }
}

export function playLockers(first: number, last: number): ReturnType<typeof playWorlds> {
  return playWorlds(lockerOptions, first, last)
}
