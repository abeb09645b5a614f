import { withSocketPath } from '../host/socket-path.ts'

/** A status with thousands of connections is far below this. */
const MAX_ANSWER_BYTES = 64 * 2 ** 20
const ANSWER_LIMIT_MS = 5000

/** Nobody listens at a control socket: no socket, or one that its process left behind. */
export class NobodyThere extends Error {}

/**
 * Asks a control interface. Throws `NobodyThere` when no process serves the socket, else an Error that says why there is
 * no answer, within `limitMs`.
 */
export function getControl(socketPath: string, path: string, limitMs?: number): Promise<unknown> {
  return askControl(socketPath, path, 'GET', limitMs)
}

/** As `getControl`, of something that is to be done. */
export function postControl(socketPath: string, path: string, limitMs?: number): Promise<unknown> {
  return askControl(socketPath, path, 'POST', limitMs)
}

function askControl(socketPath: string, path: string, method: 'GET' | 'POST', limitMs?: number): Promise<unknown> {
  return withSocketPath(socketPath, (short) => ask(short, path, method, limitMs)).catch(
    (error: NodeJS.ErrnoException) => {
      const { code } = error
      if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR') throw new NobodyThere(socketPath)
      throw new Error(`${socketPath}: ${error.message}`)
    },
  )
}

function ask(socketPath: string, path: string, method: 'GET' | 'POST', limitMs = ANSWER_LIMIT_MS): Promise<unknown> {
  // An import would load what each of its exports needs, another HTTP client among them, whenever a command starts.
  const { request } = process.getBuiltinModule('node:http')
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(limitMs)
    const outgoing = request({ socketPath, path, method, signal }, (response) => {
      const chunks: Buffer[] = []
      let length = 0
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        length += chunk.length
        if (length > MAX_ANSWER_BYTES) outgoing.destroy(new Error('the answer is too long'))
      })
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        if (response.statusCode !== 200) return reject(new Error(`answered ${response.statusCode}: ${text}`))
        try {
          resolve(JSON.parse(text))
        } catch {
          reject(new Error('the answer is not JSON'))
        }
      })
    })
    outgoing.on('error', (error) => {
      reject(signal.aborted ? new Error(`no answer within ${limitMs} ms`) : error)
    })
    outgoing.end()
  })
}
