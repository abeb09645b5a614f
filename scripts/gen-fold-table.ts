/**
 * Prints mover/volume/fold-table.ts from this Node's Unicode tables. Run once for a new fold version; volumes carry the
 * version they were made with, so an existing table is never changed.
 */
const runs: number[][] = []
for (let point = 0; point <= 0xffff; point++) {
  if (point >= 0xd800 && point <= 0xdfff) continue
  const text = String.fromCodePoint(point).toUpperCase()
  const upper = [...text].length === 1 ? (text.codePointAt(0) as number) : point
  if (upper === point || upper > 0xffff) continue
  const delta = upper - point
  const last = runs.at(-1)
  if (last !== undefined && last[3] === delta) {
    const gap = point - last[1]
    if (last[0] === last[1] && (gap === 1 || gap === 2)) last[2] = gap
    if (gap === last[2]) {
      last[1] = point
      continue
    }
  }
  runs.push([point, point, 1, delta])
}
const body = runs.map((run) => `  [${run.map((n, i) => (i < 2 ? `0x${n.toString(16)}` : n)).join(', ')}],`).join('\n')
console.log(`/**
 * Fold table, version 1: simple upper-case mappings of the Basic Multilingual Plane, frozen. Rows are runs
 * [first, last, step, delta]: every step-th code point from first to last folds to itself plus delta.
 * Made by scripts/gen-fold-table.ts; never changed, since the name index of every volume depends on it.
 */
const RUNS: readonly (readonly [number, number, number, number])[] = [
${body}
]

const TABLE = Uint16Array.from({ length: 0x10000 }, (_, point) => point)
for (const [first, last, step, delta] of RUNS) {
  for (let point = first; point <= last; point += step) TABLE[point] = point + delta
}

/** The code point that \`point\` folds to: its simple upper case. */
export function foldCodePoint(point: number): number {
  return point > 0xffff ? point : TABLE[point]
}`)
