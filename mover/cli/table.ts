/** Lines of a table with two spaces between its columns; numbers stand on the right of theirs. */
export function formatTable(rows: readonly (readonly (string | number)[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, String(cell).length)
  }
  return rows.map((row) => {
    const cells = row.map((cell, at) => {
      return typeof cell === 'number' ? String(cell).padStart(widths[at]) : cell.padEnd(widths[at])
    })
    return cells.join('  ').trimEnd()
  })
}
