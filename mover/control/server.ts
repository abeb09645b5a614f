import { once } from 'node:events'
import fs from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { withSocketPath } from '../host/socket-path.ts'

/** What a request asks for behind its `?`, by name. */
export type Query = Readonly<Record<string, string | undefined>>

/** Answers of GET by path: each is called for every request and gives plain data, or a promise, that becomes JSON. */
export type ControlRoutes = Readonly<Record<`/${string}`, (query: Query) => unknown>>

/** What is done on POST by path; answers as those of GET. */
export type ControlActions = ControlRoutes

/** The control interface of a process: HTTP with JSON over a Unix socket that only its owner may use. */
export interface ControlServer {
  close(): Promise<void>
}

/**
 * Serves `routes` and carries out `actions`. A socket that an earlier process left is replaced: the caller knows that none of them lives. Rejects
 * with Node's error when it cannot listen.
 */
export async function startControl(
  socketPath: string,
  routes: ControlRoutes,
  actions: ControlActions = {},
): Promise<ControlServer> {
  // An import would load what each of its exports needs, an HTTP client among them, in every process.
  const { createServer } = process.getBuiltinModule('node:http')
  let app: Promise<FastifyInstance> | null = null
  const server = createServer((request, response) => {
    app ??= makeApp(routes, actions)
    app.then(
      ({ routing }) => routing(request, response),
      (error: Error) => {
        // Who asks next may have more luck: descriptors may have run out.
        app = null
        response.writeHead(500).end(String(error))
      },
    )
  })
  fs.rmSync(socketPath, { force: true })
  await withSocketPath(socketPath, async (path) => {
    server.listen(path)
    await once(server, 'listening')
  })
  fs.chmodSync(socketPath, 0o600)
  return {
    async close() {
      server.close()
      server.closeAllConnections()
      // Who asked was told why there is none.
      await (await app?.catch(() => null))?.close()
      fs.rmSync(socketPath, { force: true })
    },
  }
}

/** Loading it is a fifth of what starting a process costs: only those do it that are asked something. */
async function makeApp(routes: ControlRoutes, actions: ControlActions): Promise<FastifyInstance> {
  const { default: fastify } = await import('fastify')
  const app = fastify({ logger: false, bodyLimit: 64 * 1024 })
  for (const [path, answer] of Object.entries(routes)) app.get(path, ({ query }) => answer(query as Query))
  for (const [path, act] of Object.entries(actions)) app.post(path, ({ query }) => act(query as Query))
  await app.ready()
  return app
}
