import type { FoundFile } from './control/status.ts'
import type { Failure } from './failure.ts'
import type { Export } from './files/exports.ts'
import { newOperation, type Operation } from './files/service.ts'
import { Suspend } from './suspend.ts'
import type { Inode } from './volume/inode.ts'
import type { OpenedVolume } from './volumes.ts'

/** The number of a directory by its path from the volume's root, as the superuser finds it. */
export async function findDirectory(volume: OpenedVolume, path: string): Promise<number | Failure> {
  const { rootIno } = volume.service
  const names = namesIn(path)
  // It is always there, and need not be asked for.
  if (names.length === 0) return rootIno
  const inode = await walk(volume, rootIno, names)
  if (typeof inode === 'string') return inode
  return inode.type === 'directory' ? inode.ino : 'NOTDIR'
}

/**
 * The file that people mean by VOLUME:INODE, or by a path as clients have it: that of an export, and names below it. Null
 * when it would be of a volume whose primary is another mover, or of none.
 */
export async function findFile(
  file: string,
  exports: readonly Export[],
  volumes: readonly OpenedVolume[],
): Promise<FoundFile | null> {
  const found = file.startsWith('/') ? exportOf(file, exports) : numbered(file)
  const volume = volumes.find(({ name, service }) => name === found?.volume || service === found?.service)
  if (found === null || volume === undefined || volume.reign === null) return null
  const inode = await walk(volume, found.from, namesIn(found.path))
  if (typeof inode === 'string') return { problem: `there is no file ${file} (${inode})` }
  return { volume: volume.name, ino: inode.ino }
}

interface Place {
  volume?: string
  service?: Export['service']
  /** A file, or a directory with a path from it on. */
  from: number
  path: string
}

function exportOf(file: string, exports: readonly Export[]): Place | null {
  const above = exports.filter(({ path }) => `${file}/`.startsWith(path.endsWith('/') ? path : `${path}/`))
  const [nearest] = above.sort((a, b) => b.path.length - a.path.length)
  if (nearest === undefined) return null
  return { service: nearest.service, from: nearest.rootIno, path: file.slice(nearest.path.length) }
}

function numbered(file: string): Place {
  const colon = file.lastIndexOf(':')
  return { volume: file.slice(0, colon), from: Number(file.slice(colon + 1)), path: '' }
}

function namesIn(path: string): string[] {
  return path.split('/').filter((name) => name !== '')
}

/** What these names lead to from a directory on. Links are not followed. */
async function walk(volume: OpenedVolume, from: number, names: readonly string[]): Promise<Inode | Failure> {
  let inode = await whenItCan((op) => volume.inodeByNumber(op, from))
  for (const name of names) {
    if (typeof inode === 'string') return inode
    if (inode.type !== 'directory') return 'NOTDIR'
    const dir = inode
    inode = await whenItCan((op) => volume.service.lookup(op, dir, Buffer.from(name), from))
  }
  return inode
}

/** Runs an operation of the file service, as the superuser, again and again until it need not wait any more. */
async function whenItCan<T>(attempt: (op: Operation) => T): Promise<T> {
  const op = newOperation({ uid: 0, gid: 0, gids: [] }, true)
  for (;;) {
    try {
      op.forwarded?.rewind()
      return attempt(op)
    } catch (error) {
      if (!(error instanceof Suspend)) throw error
      await new Promise<void>((resolve) => error.wait(resolve))
    }
  }
}
