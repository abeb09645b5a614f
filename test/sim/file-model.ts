/** A small file that is written and truncated, as one register of units of `UNIT_BYTES`. */
import type { Step } from './linear.ts'

export const UNIT_BYTES = 1024
/** What a mover writes whole or not at all, as long as it is only the mover that dies. */
const PAGE_UNITS = 4

/** The values of its units, as many as it has; 0: a hole. */
export type Units = readonly number[]

export function wrote(at: number, count: number, value: number): Step<Units> {
  return (units) => {
    const size = Math.max(units.length, at + count)
    return Array.from({ length: size }, (_, i) => (i >= at && i < at + count ? value : (units[i] ?? 0)))
  }
}

/** A write that was carried out in part, by pages; and a part of it again when it was sent again. */
export function wroteInPart(at: number, count: number, value: number): Step<Units>[] {
  const steps: Step<Units>[] = []
  for (let first = at, end = 0; first < at + count; first = end) {
    end = Math.min(at + count, first - (first % PAGE_UNITS) + PAGE_UNITS)
    steps.push(wrote(first, end - first, value))
  }
  return steps
}

export function truncated(size: number): Step<Units> {
  return (units) => Array.from({ length: size }, (_, i) => units[i] ?? 0)
}

/** A write as those see it who see what is not durable yet. */
export interface Early {
  readonly at: number
  readonly count: number
  readonly value: number
  /** It may have been lost after that, and was carried out again. */
  isLost: boolean
}

/** `early`: what may have been seen before it was lost. */
export function sized(size: number, early: readonly Early[] = []): Step<Units> {
  return (units) => (sizes(units, early).includes(size) ? units : null)
}

/** `early`: what may have been seen before it was lost. */
export function read(
  at: number,
  count: number,
  values: readonly number[],
  eof: boolean,
  early: readonly Early[] = [],
): Step<Units> {
  return (units) =>
    sizes(units, early).some((size) => {
      const isSo = (value: number, i: number): boolean =>
        value === (units[at + i] ?? 0) || early.some((write) => write.isLost && covers(write, at + i, value))
      return (
        values.length === Math.max(0, Math.min(size, at + count) - at) &&
        eof === at + count >= size &&
        values.every(isSo)
      )
    })
      ? units
      : null
}

function covers(write: Early, unit: number, value: number): boolean {
  return write.value === value && unit >= write.at && unit < write.at + write.count
}

/** Which sizes may be seen. */
function sizes(units: Units, early: readonly Early[]): number[] {
  const longer = early.filter(({ isLost }) => isLost).map(({ at, count }) => at + count)
  return [units.length, ...longer.filter((size) => size > units.length)]
}
