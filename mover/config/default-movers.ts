import { createServer } from 'node:net'
import { DEFAULT_MOVER, type MoverConfig } from './schema.ts'

/** The movers of a configuration that names none, where every address of 127.0.0.0/8 is this machine's. */
export const DEFAULT_MOVERS: readonly MoverConfig[] = [
  DEFAULT_MOVER,
  { ...DEFAULT_MOVER, name: 'b', address: '127.0.0.2' },
]

/** How far the second mover's ports are from the first one's where both have one address. */
const PORT_STEP = 10

/** `DEFAULT_MOVERS`; where nobody can listen at the second address (macOS), b shares a's, with other ports. */
export async function defaultMovers(): Promise<readonly MoverConfig[]> {
  const [first, second] = DEFAULT_MOVERS
  if (await canListen(second.address)) return DEFAULT_MOVERS
  // Clients look for a portmapper at its one port only.
  return [first, { ...second, address: first.address, nfs: first.nfs + PORT_STEP, portmap: 0 }]
}

function canListen(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host: address, port: 0 }, () => server.close(() => resolve(true)))
  })
}
