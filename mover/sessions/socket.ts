/**
 * The sockets of sessions: a primary listens on a Unix socket in the state folder's `run`, a secondary connects to it.
 * Whoever can reach the socket is trusted: the folder and it are its owner's alone.
 */
import fs from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import type { Environment } from '../environment.ts'
import { withSocketPath } from '../host/socket-path.ts'
import { readInto, receiveBuffer } from '../net/receive.ts'
import { SocketStream, type StreamLimits } from './stream.ts'

const RETRY_MS = 5
/** What connecting says while the primary does not listen yet, or has more to accept than it can. */
const NOT_YET = ['ENOENT', 'ECONNREFUSED', 'EAGAIN']

/** For all streams: what a read has brought is used up, or copied, before the next one. */
let sharedBuffer: Uint8Array | null = null

function buffer(): Uint8Array {
  sharedBuffer ??= receiveBuffer()
  return sharedBuffer
}

export interface SessionListener {
  /** Stops listening and ends the streams that are left. */
  close(): Promise<void>
}

/**
 * Listens at `path`; `onStream` gets each stream before it has brought anything. A socket that an earlier process left is
 * replaced: the caller knows that nobody listens there. Rejects with Node's error when it cannot listen.
 */
export async function listenSessions(
  path: string,
  env: Environment,
  onStream: (stream: SocketStream) => void,
  limits: StreamLimits = {},
): Promise<SessionListener> {
  const streams = new Set<SocketStream>()
  const server = createServer({ allowHalfOpen: true }, (accepted) => {
    let stream: SocketStream | null = null
    const reading = readInto(accepted, buffer, (bytes, count) => stream?.received(bytes, count))
    const socket = reading ?? accepted
    const made = new SocketStream(socket, env, limits)
    stream = made
    if (reading === null) socket.on('data', (bytes: Buffer) => made.received(bytes, bytes.length))
    streams.add(made)
    socket.once('close', () => streams.delete(made))
    onStream(made)
  })
  fs.rmSync(path, { force: true })
  await withSocketPath(path, (short) => {
    return new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(short, resolve)
    })
  })
  // A connection that cannot be accepted is over for the mover that made it, which says so.
  server.on('error', () => {})
  fs.chmodSync(path, 0o600)
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const stream of [...streams]) stream.cutOff('this mover ends')
      await closed
      fs.rmSync(path, { force: true })
    },
  }
}

/**
 * Connects to the socket at `path`, again and again until somebody listens there or `signal` says that it is in vain.
 * Rejects with the signal's reason, or with Node's error.
 */
export async function connectSession(
  path: string,
  env: Environment,
  signal: AbortSignal,
  limits: StreamLimits = {},
): Promise<SocketStream> {
  for (;;) {
    signal.throwIfAborted()
    try {
      return await withSocketPath(path, (short) => connectOnce(short, env, limits))
    } catch (error) {
      if (!NOT_YET.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
    await new Promise<void>((resolve) => void env.timer(RETRY_MS, resolve))
  }
}

function connectOnce(path: string, env: Environment, limits: StreamLimits): Promise<SocketStream> {
  return new Promise((resolve, reject) => {
    let stream: SocketStream | null = null
    const callback = (count: number, bytes: Uint8Array): boolean => {
      stream?.received(bytes, count)
      return true
    }
    const socket: Socket = connect({ path, onread: { buffer, callback } })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      stream = new SocketStream(socket, env, limits)
      resolve(stream)
    })
  })
}
