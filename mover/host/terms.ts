import { readJson, writeJson } from './durable-file.ts'

/**
 * Counts the reigns of each volume's primaries, durably: a term is written down before anybody is told of it, so that no
 * two reigns ever have the same one, also when the first of them never got as far as the volume itself.
 */
export class TermCounter {
  readonly #path: string
  readonly #terms: Map<string, number>

  /** Takes up what was written at `path`. Throws when it is not ours. */
  constructor(path: string) {
    this.#path = path
    const written = readJson(path, areTerms, 'remove it: the volumes know their last terms too')
    this.#terms = new Map(Object.entries(written ?? {}))
  }

  /** The last term of a volume that was given out; 0 when there was none. */
  of(volume: string): number {
    return this.#terms.get(volume) ?? 0
  }

  /** The volume has had this term. */
  atLeast(volume: string, term: number): void {
    this.#terms.set(volume, Math.max(this.of(volume), term))
  }

  /** Begins a new term of each of the volumes, one call after the other. When it rejects, none has begun. */
  async raise(volumes: readonly string[]): Promise<void> {
    const raised = new Map(this.#terms)
    for (const volume of volumes) raised.set(volume, this.of(volume) + 1)
    await writeJson(this.#path, Object.fromEntries(raised))
    for (const volume of volumes) this.atLeast(volume, raised.get(volume) ?? 0)
  }
}

function areTerms(value: unknown): value is Record<string, number> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((term) => Number.isSafeInteger(term) && term >= 0)
}
