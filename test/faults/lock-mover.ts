import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { loadConfig } from '../../mover/config/load.ts'
import { UNLIMITED } from '../../mover/lease.ts'
import { Mover } from '../../mover/mover.ts'
import { RealEnvironment } from '../../mover/real-environment.ts'
import { socketClient } from '../../mover/rpc/client/rpc-client.ts'
import { createImage } from '../../mover/store/image.ts'
import { claimVolume } from '../../mover/supervisor.ts'
import { VolumeSet } from '../../mover/volume-set.ts'
import { makeVolume } from '../../mover/volumes.ts'
import { createmode3, nfsstat3 } from '../../protocol/nfs3/nfs3.gen.ts'
import { Random } from '../crash/random.ts'
import { workFolder, writeConfig } from '../unit/appliance.ts'
import { bytes, nothingSet } from '../unit/nfs3-client.ts'
import { memoryLogger } from '../unit/rpc-support.ts'
import { freePort } from './cluster.ts'
import { ManualClock } from './loopback.ts'
import { NfsClient } from './nfs-client.ts'

export const MOVER_HOST = '127.0.0.1'
const SELF = { name: 'a', incarnation: '0'.repeat(32) }

/**
 * A whole mover in this process, the primary of a volume on a real image, over real sockets; its clients' portmappers are
 * looked for at a port of the test's. What the mover and its callbacks wait for passes when the test says so.
 */
export class LockMover {
  readonly clock = new ManualClock()
  readonly lines: { level: number; msg: string; client?: string }[]
  readonly mover: Mover
  /** Of NFS, MOUNT, NLM and NSM. */
  readonly port: number
  /** Where clients' portmappers are looked for. */
  readonly portmapPort: number
  readonly nfs: NfsClient
  readonly root: Uint8Array

  private constructor(parts: Pick<LockMover, 'lines' | 'mover' | 'port' | 'portmapPort' | 'nfs' | 'root' | 'clock'>) {
    this.clock = parts.clock
    this.lines = parts.lines
    this.mover = parts.mover
    this.port = parts.port
    this.portmapPort = parts.portmapPort
    this.nfs = parts.nfs
    this.root = parts.root
  }

  static async start(t: Test): Promise<LockMover> {
    const folder = workFolder(t)
    const { port } = await freePort(MOVER_HOST)
    const { port: portmapPort } = await freePort(MOVER_HOST)
    const movers = [{ name: SELF.name, address: MOVER_HOST, nfs: port, portmap: 0 }]
    const config = loadConfig(writeConfig(folder, { movers }), folder)
    const [volume] = config.volumes
    fs.mkdirSync(join(config.stateDir, 'run'), { recursive: true })
    createImage(volume.device, 64 * 2 ** 20)
    const claim = await claimVolume(volume)
    const claimed = { config: volume, fd: claim.fd }
    await makeVolume(claimed, { force: false })
    const { logger, lines } = memoryLogger()
    const clock = new ManualClock()
    const volumes = new VolumeSet({
      volumes: [{ claimed, role: { volume: volume.name, role: 'primary', primary: SELF.name, term: 1 } }],
      self: SELF,
      movers: [SELF],
      names: [SELF.name],
      holders: [],
      stateDir: config.stateDir,
      cacheBytes: config.cache.perMoverBytes,
      leaseMs: config.timing.leaseMs,
      graceMs: config.timing.graceMs,
      lease: UNLIMITED,
      environment: new RealEnvironment(),
      logger,
      onFatal: (reason) => t.fail(reason),
      onSilent: () => {},
      onStuck: () => {},
    })
    await volumes.open()
    const mover = new Mover({
      mover: config.movers[0],
      config,
      volumes: volumes.volumes,
      handleKey: randomBytes(32),
      state: 7,
      lease: UNLIMITED,
      client: socketClient(clock, SELF.name, portmapPort),
      environment: clock,
      logger,
    })
    await mover.listen()
    const nfs = new NfsClient(MOVER_HOST, port, new Random(1))
    t.teardown(async () => {
      nfs.close()
      await mover.close()
      await volumes.leavePrimaries()
      await volumes.close()
      claim.release()
    })
    const { data: root } = await nfs.mount('/share')
    return new LockMover({ clock, lines, mover, port, portmapPort, nfs, root })
  }

  /** Makes a file; its handle. */
  async file(name: string): Promise<Uint8Array> {
    const how = { mode: createmode3.GUARDED, obj_attributes: nothingSet() } as const
    const made = await this.nfs.call('NFSPROC3_CREATE', { where: { dir: { data: this.root }, name: bytes(name) }, how })
    if (made.status !== nfsstat3.NFS3_OK || !made.resok.obj.handle_follows) throw new Error(`CREATE: ${made.status}`)
    return made.resok.obj.handle.data.slice()
  }

  /** What is remembered of clients. */
  get remembered(): Record<string, number> {
    return this.mover.status().locks
  }

  /** Locks that clients hold, in words: `client owner bytes`. */
  get held(): Promise<string[]> {
    return this.mover
      .locks()
      .then(({ held }) => held.map(({ client, owner, bytes }) => `${client} ${owner} ${bytes?.join('-') ?? 'open'}`))
  }

  /** What people have been told to worry about. */
  get complaints(): string[] {
    return this.lines.filter(({ level }) => level >= 40).map(({ msg }) => msg)
  }
}
