/** As many threads as the tests' machine has cores for. */
export const LANES = 2

/** Calls `work` for each of `items`, in their order, two at once; `lane` says which of the two: 0 or 1. */
export async function twoAtOnce<T>(items: readonly T[], work: (item: T, lane: number) => Promise<void>): Promise<void> {
  const waiting = [...items]
  const run = async (lane: number): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item, lane)
  }
  await Promise.all(Array.from({ length: LANES }, (_, lane) => run(lane)))
}
