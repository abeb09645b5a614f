/** Lines kept of each kind; what comes behind them is counted only. */
const MAX_LINES = 1000

/** What a check finds: one sentence each, no sentence twice. */
export class Findings {
  /** What is wrong. */
  readonly problems: string[] = []
  /** What is unusual and has an innocent explanation, such as a crash. */
  readonly notes: string[] = []
  /** Problems in all, those over the limit of lines included. */
  problemCount = 0
  readonly #told = new Set<string>()
  #prefix = ''

  /** What is told from here on happened at this stage; a sentence told at an earlier stage is not told again. */
  set stage(prefix: string) {
    this.#prefix = prefix
  }

  problem(sentence: string): void {
    if (this.#told.has(sentence)) return
    this.problemCount++
    if (this.problems.length >= MAX_LINES) return
    this.#told.add(sentence)
    this.problems.push(this.#prefix + sentence)
  }

  note(sentence: string): void {
    if (this.#told.has(sentence) || this.notes.length >= MAX_LINES) return
    this.#told.add(sentence)
    this.notes.push(this.#prefix + sentence)
  }

  /** Says how much was left out; call once, last. */
  close(): void {
    const left = this.problemCount - this.problems.length
    if (left > 0) this.problems.push(`and ${left} more problems`)
  }
}

/** "1 block", "2 blocks". */
export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}

/** "block 7" or "blocks 7 to 9"; with a verb for one and one for more, that too. */
export function blockRange(start: number, length: number, one = '', more = ''): string {
  const verb = length === 1 ? one : more
  const range = length === 1 ? `block ${start}` : `blocks ${start} to ${start + length - 1}`
  return verb === '' ? range : `${range} ${verb}`
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** A name for people: in quotes, its bytes in hexadecimal where they are not UTF-8. */
export function showName(name: Uint8Array): string {
  try {
    return JSON.stringify(decoder.decode(name))
  } catch {
    return `0x${Array.from(name, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
  }
}
