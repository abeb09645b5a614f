/** What a run of tests came to. */
export interface Counts {
  passed: number
  failed: number
  skipped: number
}

/** The closing line that people and machines look for: `N passed, N failed`, and `, N skipped` when there are any. */
export function closingLine(counts: Counts): string {
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
  return `${counts.passed} passed, ${counts.failed} failed${skipped}`
}

interface Level {
  /** Test points seen directly below the point that has not come yet. */
  points: number
  failures: number
}

const POINT = /^( *)(not )?ok \d+(?: - (.*))?$/
/** A comment that tells which simulated worlds were played (`worldsPlayed` of test/sim/worlds.ts), at any depth. */
const WORLDS = /^ *# (\w+: \d+ worlds, seeds .*)$/
const INDENT = 4

/**
 * Counts the assertions of a TAP stream (version 14, children indented by four before their summary point) and hands
 * out readable lines: one for each test file, with the time that it took where that is said, before it one for each kind of
 * simulated worlds that it has played, and for a failure where it was with its diagnostics.
 *
 * A subtest's own point counts only when nothing below it says what failed: a file that dies or holds no test fails.
 */
export class TapCounter {
  readonly counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  readonly #print: (line: string) => void
  readonly #levels: Level[] = []
  #fileStart: Counts = { passed: 0, failed: 0, skipped: 0 }
  /** Depth of the failed point whose diagnostics are being shown; -1 when none. */
  #showing = -1
  #inDiagnostics = false

  constructor(print: (line: string) => void) {
    this.#print = print
  }

  /** Takes one line of TAP, without its line end. */
  line(text: string): void {
    if (this.#diagnostics(text)) return
    const worlds = WORLDS.exec(text)?.[1]
    if (worlds !== undefined) this.#print(`     ${worlds}`)
    const match = POINT.exec(text)
    if (match === null) return
    const [, indent = '', not, description = ''] = match
    this.#point(indent.length / INDENT, not === undefined, description)
  }

  /** YAML diagnostics (`---` to `...`) follow a point, indented by two more; true when the line was part of one. */
  #diagnostics(text: string): boolean {
    const bare = text.trim()
    if (!this.#inDiagnostics && bare === '---') this.#inDiagnostics = true
    else if (!this.#inDiagnostics) return false
    else if (bare === '...') this.#inDiagnostics = false
    else if (this.#showing >= 0) this.#print(`  ${text.slice(this.#showing * INDENT)}`)
    return true
  }

  #point(depth: number, ok: boolean, description: string): void {
    const below = this.#levels[depth + 1]
    const isSummary = below !== undefined && below.points > 0
    const { name, directive, ms } = splitDirective(description)
    const skipped = directive === 'SKIP' || directive === 'TODO'
    const alreadyCounted = isSummary && (ok || below.failures > 0)
    if (!alreadyCounted && skipped) this.counts.skipped++
    else if (!alreadyCounted && ok) this.counts.passed++
    else if (!alreadyCounted) this.counts.failed++

    const failed = !ok && !skipped
    this.#levels.length = depth + 1
    for (let at = 0; at <= depth; at++) this.#levels[at] ??= { points: 0, failures: 0 }
    const level = this.#levels[depth]
    if (level !== undefined) {
      level.points++
      if (failed) level.failures++
    }
    this.#showing = failed && !alreadyCounted ? depth : -1
    if (this.#showing >= 0) this.#print(`not ok: ${name}`)
    if (depth === 0) this.#file(name, ok, ms)
  }

  #file(name: string, ok: boolean, ms: number | null): void {
    const { passed, failed, skipped } = this.counts
    const start = this.#fileStart
    const delta = { passed: passed - start.passed, failed: failed - start.failed, skipped: skipped - start.skipped }
    this.#fileStart = { passed, failed, skipped }
    const took = ms === null ? '' : `, ${(ms / 1000).toFixed(1)} s`
    this.#print(`${ok ? 'ok  ' : 'FAIL'} ${name}: ${closingLine(delta)}${took}`)
  }
}

/** Takes `# SKIP reason`, `# TODO reason` and `# time=1.5ms` off a test point's description. */
function splitDirective(description: string): { name: string; directive: string; ms: number | null } {
  const match = /^(.*?)\s*# (?:(SKIP|TODO)|time=([\d.]+))(.*)$/i.exec(description)
  if (match === null) return { name: description, directive: '', ms: null }
  const [, name = '', directive = '', time] = match
  return { name, directive: directive.toUpperCase(), ms: time === undefined ? null : Number(time) }
}
