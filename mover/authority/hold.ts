import type { Environment } from '../environment.ts'
import { isWhole, overlap, type Span, type Token } from '../locks/token.ts'
import type { TokenHolder } from '../locks/token-holder.ts'
import type { TokenRequest } from '../locks/token-table.ts'

/** About two round trips between movers. */
export const HOLD_MS = 2
/** Files of which it is remembered that holding was of no use. */
const MOST_FILES = 1024
/** After so many holds of no use, one after the other, there are no longer pauses. */
const LONGEST_PAUSE = 6

/** What a token to write was granted for. */
interface Granted extends Span {
  readonly ms: number
}

/** How often, one after the other, a file was held and not used, and how many revocations are yet to go without. */
interface Wasted {
  count: number
  pause: number
}

/**
 * Keeps a right to write for `HOLD_MS` from its grant when it is asked back for somebody else: a mover whose clients write
 * again and again does many writes for one exchange of messages, and not one. Only what was needed counts, since the rest of
 * a token is in use by chance; and where the last hold has seen no write, the next revocations are not held.
 */
export class MinimumHold {
  readonly #env: Environment
  readonly #tokens: TokenHolder
  /** By file: the last request for a right to write. */
  readonly #asked = new Map<number, TokenRequest>()
  /** By file: of the last token to write. */
  readonly #granted = new Map<number, Granted>()
  /** By file: true when it has been used since it is held for that. */
  readonly #holding = new Map<number, boolean>()
  readonly #wasted = new Map<number, Wasted>()

  constructor(tokens: TokenHolder, env: Environment) {
    this.#tokens = tokens
    this.#env = env
  }

  /** Only what is asked for to write data counts. */
  asked(ino: number, request: TokenRequest): void {
    if (request.kind === 'BR_W') this.#asked.set(ino, request)
  }

  /** A request is answered; null: with no token. */
  answered(ino: number, id: number, token: Token | null): void {
    const asked = this.#asked.get(ino)
    if (asked?.id !== id) return
    this.#asked.delete(ino)
    if (token === null) return
    // All of a file goes whatever somebody else needs of it.
    const { start, end } = isWhole(token.kind) ? token : asked.need
    this.#granted.set(ino, { start, end, ms: this.#env.monotonicMs() })
  }

  /** The mover writes, as it may. */
  used(ino: number): void {
    if (this.#holding.size > 0 && this.#holding.has(ino)) this.#holding.set(ino, true)
  }

  /** The primary asks for a span; to be told before the holder is. */
  revoked(ino: number, span: Span): void {
    const granted = this.#granted.get(ino)
    if (granted === undefined || !overlap(granted, span)) return
    this.#granted.delete(ino)
    const leftMs = granted.ms + HOLD_MS - this.#env.monotonicMs()
    if (leftMs <= 0 || this.#holding.has(ino) || this.#pauses(ino)) return
    this.#holding.set(ino, false)
    this.#tokens.retain(ino)
    this.#env.timer(leftMs, () => {
      this.#note(ino, this.#holding.get(ino) === true)
      this.#holding.delete(ino)
      this.#tokens.letGo(ino)
    })
  }

  /** Nothing of the file is held, or asked for, any more. */
  forget(ino: number): void {
    this.#asked.delete(ino)
    this.#granted.delete(ino)
  }

  #pauses(ino: number): boolean {
    const wasted = this.#wasted.get(ino)
    if (wasted === undefined || wasted.pause === 0) return false
    wasted.pause--
    return true
  }

  #note(ino: number, wasOfUse: boolean): void {
    const count = wasOfUse ? 0 : (this.#wasted.get(ino)?.count ?? 0) + 1
    // The newest last.
    this.#wasted.delete(ino)
    if (count > 0) this.#wasted.set(ino, { count, pause: 2 ** Math.min(count, LONGEST_PAUSE) })
    if (this.#wasted.size > MOST_FILES) this.#wasted.delete(this.#wasted.keys().next().value as number)
  }
}
