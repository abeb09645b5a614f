/** Some names in two directories as one register: what answers to operations on them say of what they lead to. */
import type { Step } from '../sim/linear.ts'

/** By name, the number of the file that it leads to; 0: none; negative: a file whose number nobody was told yet. */
export type Names = readonly number[]

export class NameModel {
  /** Files whose number their creator was told. */
  readonly #known = new Set<number>()
  #unknown = 0

  /** The name leads to this file, or to none (0). */
  looked(at: number, ino: number): Step<Names> {
    return (names) => this.#seen(names, at, ino)
  }

  /** A directory's names, from `first` on, lead to these. */
  listed(first: number, inos: readonly number[]): Step<Names> {
    return (names) => {
      let state: Names | null = names
      for (const [i, ino] of inos.entries()) if (state !== null) state = this.#seen(state, first + i, ino)
      return state
    }
  }

  /** A file was made; `ino` is null when the answer did not tell its number. `mayExist`: or it was there already. */
  created(at: number, ino: number | null, mayExist: boolean): Step<Names> {
    const made = ino ?? --this.#unknown
    if (!mayExist) this.#known.add(made)
    return (names) => {
      if (names[at] === 0) return replaced(names, at, made)
      if (!mayExist) return null
      return ino === null ? names : this.#seen(names, at, ino)
    }
  }

  /** The name was taken. */
  existed(at: number): Step<Names> {
    return (names) => (names[at] === 0 ? null : names)
  }

  missed(at: number): Step<Names> {
    return (names) => (names[at] === 0 ? names : null)
  }

  removed(at: number): Step<Names> {
    return (names) => (names[at] === 0 ? null : replaced(names, at, 0))
  }

  renamed(from: number, to: number): Step<Names> {
    return (names) => {
      if (names[from] === 0) return null
      // RFC 1813 §3.3.14: two names of one file, nothing is done.
      if (names[from] === names[to]) return names
      return replaced(replaced(names, to, names[from]), from, 0)
    }
  }

  linked(ino: number, at: number): Step<Names> {
    return (names) => (names[at] === 0 && names.includes(ino) ? replaced(names, at, ino) : null)
  }

  /** A file has so many names; with none it is gone. */
  counted(ino: number, nlink: number): Step<Names> {
    return (names) => (names.filter((other) => other === ino).length === nlink ? names : null)
  }

  #seen(names: Names, at: number, ino: number): Names | null {
    const there = names[at]
    if (there === ino) return names
    if (there >= 0 || ino === 0 || this.#known.has(ino) || names.includes(ino)) return null
    return names.map((other) => (other === there ? ino : other))
  }
}

function replaced(names: Names, at: number, ino: number): Names {
  return names.map((other, i) => (i === at ? ino : other))
}
