/** How long load is played with faults. For longer: `SHARED_SEED=N SHARED_OPERATIONS=N SHARED_ROUNDS=N node <the test>`. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../crash/random.ts'

function setting(name: string, usual: number): number {
  const value = process.env[`SHARED_${name}`]
  return value === undefined ? usual : Number(value)
}

export const SEED = setting('SEED', 1)
/** Of each client in a round. */
export const OPERATIONS = setting('OPERATIONS', 60)
/** How often each fault is played. */
export const ROUNDS = setting('ROUNDS', 1)
/** Of each mover. */
export const CLIENTS = 3

/** A moment in the middle of a round's load, which lasts longer. */
export function aMoment(random: Random): Promise<void> {
  return sleep(random.below(150))
}
