import fs, { constants } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** What writing says where the file system has no room. */
const NO_ROOM = ['ENOSPC', 'EDQUOT']

/**
 * Writes `data` as the whole content of `path`, durably: after a crash there is the old content or the new. Nobody is held
 * up meanwhile, however slow the disk is.
 */
export async function replaceFile(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  const folder = dirname(path)
  const draft = join(folder, `.${basename(path)}.${process.pid}`)
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW
  const file = await fs.promises.open(draft, flags, mode)
  try {
    await fs.promises.writeFile(file, data)
    await file.sync()
    await fs.promises.rename(draft, path)
  } catch (error) {
    await fs.promises.rm(draft, { force: true })
    throw error
  } finally {
    await file.close()
  }
  await syncFolder(folder)
}

/**
 * Writes a value as JSON, for its owner only: as `replaceFile` does, or, where the file system is full, within the blocks
 * that the file has; a crash meanwhile may leave a mixture. A volume whose image lies beside it must be readable also then.
 */
export async function writeJson(path: string, value: unknown): Promise<void> {
  const data = Buffer.from(`${JSON.stringify(value, null, 2)}\n`)
  try {
    await replaceFile(path, data, 0o600).catch((error: NodeJS.ErrnoException) => {
      if (!NO_ROOM.includes(error.code ?? '')) throw error
      return overwriteFile(path, data)
    })
  } catch (error) {
    throw new Error(`cannot write ${path}: ${(error as Error).message}`, { cause: error })
  }
}

/** A value that `writeJson` wrote; null when there is no such file. `isRight` false: throws an Error that says `damaged`. */
export function readJson<T>(path: string, isRight: (value: unknown) => value is T, damaged: string): T | null {
  let text: string
  try {
    text = fs.readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  if (!isRight(value)) throw new Error(`${path}: damaged; ${damaged}`)
  return value
}

async function overwriteFile(path: string, data: Uint8Array): Promise<void> {
  const file = await fs.promises.open(path, constants.O_WRONLY | constants.O_NOFOLLOW)
  try {
    if ((await file.write(data, 0, data.length, 0)).bytesWritten !== data.length)
      throw new Error('not written as a whole')
    await file.truncate(data.length)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await fs.promises.open(path, constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
