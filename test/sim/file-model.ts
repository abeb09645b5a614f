/** A small file that is written and truncated, as one register of units of `UNIT_BYTES`. */
import type { Step } from './linear.ts'

export const UNIT_BYTES = 1024

/** The values of its units, as many as it has; 0: a hole. */
export type Units = readonly number[]

export function wrote(at: number, count: number, value: number): Step<Units> {
  return (units) => {
    const size = Math.max(units.length, at + count)
    return Array.from({ length: size }, (_, i) => (i >= at && i < at + count ? value : (units[i] ?? 0)))
  }
}

export function truncated(size: number): Step<Units> {
  return (units) => Array.from({ length: size }, (_, i) => units[i] ?? 0)
}

export function sized(size: number): Step<Units> {
  return (units) => (units.length === size ? units : null)
}

export function read(at: number, count: number, values: readonly number[], eof: boolean): Step<Units> {
  return (units) => {
    const there = units.slice(at, at + count)
    const isSo = there.length === values.length && there.every((value, i) => value === values[i])
    return isSo && eof === at + count >= units.length ? units : null
  }
}
