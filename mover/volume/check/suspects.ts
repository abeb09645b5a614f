import type { Run } from '../layout.ts'

/** Things of one kind that are explained at most. */
const MOST = 1000

/** What the first pass found not to agree without knowing why: the second pass names who is concerned. */
export class Suspects {
  /** Inodes whose parent pointers are not those of the entries that name them. */
  readonly links = new Set<number>()
  /** Directories whose entries are not those of their name index. */
  readonly directories = new Set<number>()
  /** Blocks with more than one owner. */
  readonly shared: Run[] = []
  /** Blocks with an owner that their bitmap says are free. */
  readonly unmarked: Run[] = []

  get isEmpty(): boolean {
    return this.links.size + this.directories.size + this.shared.length + this.unmarked.length === 0
  }

  addLink(ino: number): void {
    if (this.links.size < MOST) this.links.add(ino)
  }

  addDirectory(ino: number): void {
    if (this.directories.size < MOST) this.directories.add(ino)
  }

  addShared(run: Run): void {
    if (this.shared.length < MOST) this.shared.push(run)
  }

  addUnmarked(run: Run): void {
    if (this.unmarked.length < MOST) this.unmarked.push(run)
  }
}
