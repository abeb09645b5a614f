import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { MoverState } from '../../mover/host/managed-mover.ts'
import type { nfs_fh3 } from '../../protocol/nfs3/nfs3.gen.ts'
import { Random } from '../crash/random.ts'
import { Command, moverStates, until, workFolder, writeConfig } from '../unit/appliance.ts'
import { NfsClient } from './nfs-client.ts'
import type { Endpoint } from './shared-load.ts'

/** Longer than a busy machine holds a process up. */
export const LONG_LEASE = '20s'
export const SHORT_LEASE = '1s'

/** An appliance whose movers have addresses and ports of their own, which they keep. The first is the primary at first. */
export class Cluster {
  readonly state: string
  readonly config: string
  readonly endpoints: readonly Endpoint[]
  up: Command
  readonly #t: Test

  private constructor(t: Test, endpoints: readonly Endpoint[], lease: string, grace: string) {
    const folder = workFolder(t)
    const movers = endpoints.map(({ host, port }, i) => ({ name: nameOf(i), address: host, nfs: port, portmap: 0 }))
    this.#t = t
    this.endpoints = endpoints
    this.state = join(folder, 'state')
    this.config = writeConfig(folder, { movers, timing: { lease, grace } })
    this.up = new Command(t, 'up', '--config', this.config)
  }

  static async start(t: Test, movers: number, lease = LONG_LEASE, grace = '30s'): Promise<Cluster> {
    const endpoints: Endpoint[] = []
    for (let i = 0; i < movers; i++) endpoints.push(await freePort(`127.0.0.${i + 1}`))
    const cluster = new Cluster(t, endpoints, lease, grace)
    await cluster.up.serving()
    return cluster
  }

  /** A client of each mover, and the root of what they share. */
  async clients(): Promise<{ root: nfs_fh3; clients: NfsClient[] }> {
    const clients = this.endpoints.map(({ host, port }, i) => new NfsClient(host, port, new Random(i + 1)))
    this.#t.teardown(() => {
      for (const client of clients) client.close()
    })
    return { root: await clients[0].mount('/share'), clients }
  }

  movers(): Promise<MoverState[]> {
    return moverStates(this.state)
  }

  /** The number of the mover that is primary. */
  async primary(): Promise<number> {
    return (await this.movers()).findIndex(({ roles }) => roles.some(({ role }) => role === 'primary'))
  }

  /** Sends a signal to a mover's process; resolves with its id. */
  async signal(mover: number, name: NodeJS.Signals): Promise<number> {
    const pid = await until(`mover ${mover} has a process`, async () => (await this.movers())[mover].pid)
    process.kill(pid, name)
    return pid
  }

  /** Waits until all serve, and none of them is this process. */
  async serving(...not: number[]): Promise<void> {
    await until('all movers serve', async () =>
      (await this.movers()).every(({ state, pid }) => state === 'serving' && !not.includes(pid ?? 0)),
    )
  }

  /** Kills the supervisor, and starts the next one. */
  async restart(): Promise<void> {
    this.up.process.kill('SIGKILL')
    await this.up.ended
    this.up = new Command(this.#t, 'up', '--config', this.config)
    await this.up.serving()
  }

  /** Ends it, and checks the volume: '' when all is well. */
  async stop(): Promise<string> {
    this.up.process.kill('SIGTERM')
    const status = await this.up.ended
    if (status !== 0) return `up ended with ${status}: ${this.up.err}`
    const check = new Command(this.#t, 'check', 'share', '--config', this.config)
    return (await check.ended) === 0 ? '' : check.out + check.err
  }

  /** What the movers have complained about since the last `up`. */
  get complaints(): string[] {
    return this.up.err.split('\n').filter((line) => /"level":(40|50|60)/.test(line))
  }
}

function nameOf(mover: number): string {
  return String.fromCharCode('a'.charCodeAt(0) + mover)
}

export async function freePort(host: string): Promise<Endpoint> {
  const server = createServer().listen(0, host)
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return { host, port }
}
