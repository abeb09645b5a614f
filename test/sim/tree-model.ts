/** A few directories as one register: what answers to operations on their names, and listings of them, say of what is in them. */
import type { Step } from './linear.ts'

/** An entry of a directory, as a listing shows it. */
export interface Listed {
  readonly cookie: number
  readonly ino: number
  readonly name: string
}

/** A directory's entries by cookie, and the cookie of its next one: cookies are given in the order of making. */
interface Directory {
  readonly next: number
  readonly entries: readonly Listed[]
}

/** By the numbers that the directories have here. */
export type Tree = readonly Directory[]

/** A place in the tree: a directory, and a name in it. */
export interface Place {
  readonly dir: number
  readonly name: string
}

const FIRST_COOKIE = 3

export class TreeModel {
  readonly #root: number
  readonly #inos: readonly number[]

  /** Inode numbers of the directories, and of the one that those are in which are in none of them. */
  constructor(root: number, inos: readonly number[]) {
    this.#root = root
    this.#inos = inos
  }

  /** Nothing but the last directory, in the first one under `name`. */
  first(name: string): Tree {
    const nothing: Directory = { next: FIRST_COOKIE, entries: [] }
    const last = this.#inos.at(-1) as number
    return added(
      this.#inos.map(() => nothing),
      { dir: 0, name },
      last,
    )
  }

  made(at: Place, ino: number): Step<Tree> {
    return (tree) => (found(tree, at) === 0 ? added(tree, at, ino) : null)
  }

  /** The name was taken. */
  existed(at: Place): Step<Tree> {
    return (tree) => (found(tree, at) === 0 ? null : tree)
  }

  missed(at: Place): Step<Tree> {
    return this.looked(at, 0)
  }

  /** The name leads to this object, or to none (0). */
  looked(at: Place, ino: number): Step<Tree> {
    return (tree) => (found(tree, at) === ino ? tree : null)
  }

  removed(at: Place): Step<Tree> {
    return (tree) => (found(tree, at) === 0 ? null : without(tree, at))
  }

  renamed(from: Place, to: Place): Step<Tree> {
    return (tree) => {
      const ino = found(tree, from)
      if (ino === 0) return null
      // RFC 1813 §3.3.14: two names of one object, nothing is done.
      return found(tree, to) === ino ? tree : added(without(without(tree, to), from), to, ino)
    }
  }

  linked(ino: number, at: Place): Step<Tree> {
    return (tree) => (found(tree, at) === 0 && namesOf(tree, ino) > 0 ? added(tree, at, ino) : null)
  }

  /** The object has so many names; with none it is gone. */
  counted(ino: number, names: number): Step<Tree> {
    return (tree) => (namesOf(tree, ino) === names ? tree : null)
  }

  /** The object is there. */
  present(ino: number): Step<Tree> {
    return (tree) => (namesOf(tree, ino) > 0 ? tree : null)
  }

  /** A page of a listing: what lies behind a cookie, and whether that is all. `parent`: what `..` of this listing is, if it is fixed. */
  listed(dir: number, cookie: number, page: readonly Listed[], isEnd: boolean, fixedParent: number | null): Step<Tree> {
    return (tree) => {
      const ino = this.#inos[dir] as number
      const parent = fixedParent ?? this.#parentOf(tree, ino)
      const all = [
        { cookie: 1, ino, name: '.' },
        { cookie: 2, ino: parent, name: '..' },
        ...(tree[dir] as Directory).entries,
      ].filter((entry) => entry.cookie > cookie)
      const isSo = page.every((shown, i) => {
        const there = all[i]
        return shown.cookie === there?.cookie && shown.ino === there.ino && shown.name === there.name
      })
      return isSo && isEnd === (page.length === all.length) ? tree : null
    }
  }

  #parentOf(tree: Tree, ino: number): number {
    return this.#inos[tree.findIndex(({ entries }) => entries.some((entry) => entry.ino === ino))] ?? this.#root
  }
}

function found(tree: Tree, { dir, name }: Place): number {
  return tree[dir]?.entries.find((entry) => entry.name === name)?.ino ?? 0
}

function namesOf(tree: Tree, ino: number): number {
  return tree.reduce((sum, { entries }) => sum + entries.filter((entry) => entry.ino === ino).length, 0)
}

function added(tree: Tree, { dir, name }: Place, ino: number): Tree {
  return tree.map((one, i) => {
    if (i !== dir) return one
    return { next: one.next + 1, entries: [...one.entries, { cookie: one.next, ino, name }] }
  })
}

function without(tree: Tree, { dir, name }: Place): Tree {
  return tree.map((one, i) =>
    i === dir ? { next: one.next, entries: one.entries.filter((entry) => entry.name !== name) } : one,
  )
}
