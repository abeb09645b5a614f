import type { ShownEvent } from '../../mover/cli/trace-merger.ts'

/** An event at a mover, in words, as tests of the protocol expect it; `client` gives a client its name. */
export function inWords(
  { from, what, to, kind, token, blocks, under, status }: ShownEvent,
  client = (address: string): string | undefined => address,
): string {
  if (what === 'answered') {
    const rights = under?.length === 0 ? '' : ` under ${under}`
    return `${from} answers ${client(to)}: ${kind} ${status}${rights}`
  }
  const span = blocks === undefined ? '' : blocks === null ? ' whole file' : ` ${blocks[0]} to ${blocks[1]}`
  return `${from} -> ${to} ${kind} ${token ?? ''}${span}`
}

/** Those of `lines` that are said in this order, whatever is said between them. */
export function inOrder(said: readonly string[], lines: readonly string[]): string[] {
  let at = 0
  return lines.filter((line) => {
    const found = said.indexOf(line, at)
    if (found >= 0) at = found + 1
    return found >= 0
  })
}
