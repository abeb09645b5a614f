import type { Attempt, Id } from './failure-attempts.ts'
import { Violation } from './failure-checks.ts'

const ROOM = { bytes: 2 ** 20, attributes: true }

/** A page of a listing with attributes. */
export interface ListedPage {
  readonly names: readonly string[]
  readonly last: number
  readonly isEnd: boolean
}

/** Lists a directory behind a cookie: as much as there is at once. */
export function listing(dir: Id, cookie: number): Attempt<ListedPage> {
  return (service, op) => {
    op.intent = 'names'
    const inode = service.inode(op, dir.ino, dir.generation)
    if (typeof inode === 'string') return inode
    const names: string[] = []
    const gone: string[] = []
    let last = cookie
    const isEnd = service.readdir(op, inode, cookie, dir.ino, ROOM, (next, ino, all, start, end) => {
      const name = Buffer.from(all.subarray(start, end)).toString()
      const object = service.entry(op, inode, ino)
      if (typeof object === 'string' || object.ino !== ino) gone.push(name)
      names.push(name)
      last = next
      return true
    })
    if (gone.length > 0) throw new Violation(`${gone} are listed, and lead to nothing`)
    return typeof isEnd === 'string' ? isEnd : { names, last, isEnd }
  }
}
