import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** What fits into `sun_path` with its ending zero byte, on Linux. */
const MAX_SOCKET_PATH_BYTES = 107

/**
 * Runs `use` with a path that names the Unix socket `path` and is short enough for the kernel: a long one is reached
 * through a descriptor of its folder. The path means nothing after the promise has settled.
 */
export async function withSocketPath<T>(path: string, use: (path: string) => Promise<T>): Promise<T> {
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return use(path)
  const fd = fs.openSync(dirname(path), 'r')
  try {
    return await use(join('/proc/self/fd', String(fd), basename(path)))
  } finally {
    fs.closeSync(fd)
  }
}
