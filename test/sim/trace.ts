interface Line {
  readonly ino: number
  /** What makes the text of what few ask for is kept instead of it. */
  readonly text: string | (() => string)
}

const KEPT = 4000

/** What has happened in a world, line by line: a digest of all of it, and the last lines for people. */
export class Trace {
  /** The same for the same seed. */
  digest = 0
  readonly #nowMs: () => number
  #lines: Line[] = []

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** `ino`: the file that it is about; 0: none, or all. */
  note(what: string, ino = 0): void {
    const text = `${this.#nowMs().toFixed(3)} ${what}`
    this.#digest(text)
    this.#keep({ ino, text })
  }

  /** A message about a file goes by; `describe` tells what it says when somebody looks. Its bytes are another's: see `sent`. */
  message(way: string, kind: number, ino: number, describe: () => string): void {
    const text = `${this.#nowMs().toFixed(3)} ${way} `
    this.#digest(text)
    this.#count(kind)
    this.#count(ino)
    this.#keep({ ino, text: () => text + describe() })
  }

  /** Bytes go by that `message` tells of. */
  sent(bytes: Uint8Array): void {
    for (const byte of bytes) this.#count(byte)
  }

  /** Bytes go by, which stay as they are; `describe` tells what they are when somebody looks. */
  bytes(way: string, bytes: Uint8Array, describe: (bytes: Uint8Array) => string): void {
    const text = `${this.#nowMs().toFixed(3)} ${way}: `
    this.#digest(text)
    this.sent(bytes)
    this.#keep({ ino: 0, text: () => text + describe(bytes) })
  }

  #digest(text: string): void {
    for (let i = 0; i < text.length; i++) this.#count(text.charCodeAt(i))
  }

  #count(value: number): void {
    this.digest = (Math.imul(this.digest, 31) + value) >>> 0
  }

  #keep(line: Line): void {
    this.#lines.push(line)
    if (this.#lines.length > 2 * KEPT) this.#lines = this.#lines.slice(KEPT)
  }

  /** The last `count` lines about one file and about none in particular; `ino` 0: about everything. */
  last(count: number, ino = 0): string {
    const wanted = this.#lines.filter((line) => ino === 0 || line.ino === 0 || line.ino === ino)
    return wanted
      .slice(-count)
      .map(({ text }) => (typeof text === 'string' ? text : text()))
      .join('\n')
  }
}
