import type { Logger } from 'pino'
import type { Config, ExportConfig, MoverConfig } from './config/schema.ts'
import type {
  FoundFile,
  LockBroken,
  LockFound,
  MoverClients,
  MoverLocks,
  MoverStatus,
  MoverTrace,
} from './control/status.ts'
import type { Environment } from './environment.ts'
import { parseAddressSet } from './files/cidr.ts'
import { Export, ExportTable } from './files/exports.ts'
import { findDirectory, findFile } from './find.ts'
import type { ServingState, UnservedExport } from './host/channel.ts'
import type { Lease } from './lease.ts'
import { countClients, type FoundLock, findLock, listLocks } from './lock-list.ts'
import { ExportMountBackend } from './mount/export-backend.ts'
import { MountList } from './mount/mount-list.ts'
import { mountPrograms } from './mount/program.ts'
import { DatagramServer } from './net/datagram.ts'
import { limitsFor } from './net/limits.ts'
import { listenDatagrams } from './net/listen-datagrams.ts'
import { type ListenAddress, NetServer } from './net/server.ts'
import { HandleCodec } from './nfs3/handle.ts'
import { nfs3Program } from './nfs3/table.ts'
import { NlmContext } from './nlm4/context.ts'
import { nlmPrograms } from './nlm4/program.ts'
import { Announcer } from './nsm/announcer.ts'
import { nsmProgram } from './nsm/program.ts'
import { announceRestart, sourceOf } from './nsm/restart.ts'
import { listenPortmap, PORTMAP_DATAGRAMS } from './portmap/listen.ts'
import { portmapPrograms } from './portmap/program.ts'
import { PortRegistry } from './portmap/registry.ts'
import type { RpcClient } from './rpc/client/rpc-client.ts'
import { Dispatcher } from './rpc/dispatch.ts'
import type { Program } from './rpc/program.ts'
import type { ReplayMemory } from './rpc/runner.ts'
import { inTurns, type Steps } from './turns.ts'
import type { OpenedVolume } from './volumes.ts'

const DATAGRAM_WORDS = { who: 'MOUNT', consequence: 'clients must mount with mountproto=tcp' }

/** What a mover is made of. */
export interface MoverParts {
  mover: MoverConfig
  config: Config
  volumes: readonly OpenedVolume[]
  /** Authenticates file handles; the same on every mover. */
  handleKey: Uint8Array
  /** See `nsmProgram`. */
  state: number
  /** No client is answered without it. */
  lease: Lease
  /** Calls clients back; closed with the mover. */
  client: RpcClient
  environment: Environment
  logger: Logger
}

/** One mover's protocol servers over its volumes. */
export class Mover {
  readonly #parts: MoverParts
  readonly #net: NetServer
  readonly #datagrams: DatagramServer
  readonly #mounts: MountList
  readonly #dispatchers: Dispatcher[] = []
  readonly #startedMs: number
  #nlm: NlmContext | null = null
  #exports: readonly Export[] = []

  constructor(parts: MoverParts) {
    const { config, environment, logger, lease } = parts
    this.#parts = parts
    this.#startedMs = environment.monotonicMs()
    this.#net = new NetServer(environment, logger, limitsFor(config.cache.perMoverBytes), lease)
    this.#datagrams = new DatagramServer(environment, logger, {}, lease)
    this.#mounts = new MountList(({ host, directory }) => {
      logger.debug(`the list of mounts is full: forgot ${host} ${Buffer.from(directory).toString()}`)
    })
  }

  /** Serves; resolves with where. Rejects with an Error for people when a port is taken or not permitted. */
  async listen(): Promise<ServingState> {
    const { mover, config, volumes, handleKey } = this.#parts
    const { exports, unserved } = await buildExports(config.exports, volumes)
    this.#exports = exports
    const table = new ExportTable(exports)
    const handles = new HandleCodec(handleKey, table)
    const nlm = this.#lockServer(handles)
    this.#nlm = nlm
    const programs = [
      ...buildPrograms(table, handles, volumes, this.#mounts),
      ...nlmPrograms(nlm),
      nsmProgram(this.#parts.state, (name, state, call) => nlm.restarts.heard(name, state, call)),
    ]
    const registry = new PortRegistry()
    const nfs = await this.#listenNfs(mover, programs, registry)
    const portmap = await this.#listenPortmap(mover, registry)
    this.#announce(nlm)
    return { addresses: { address: mover.address, nfs, portmap }, unserved }
  }

  /** Ends all connections. The volumes are its maker's to close. */
  async close(): Promise<void> {
    this.#parts.client.close()
    await this.#datagrams.close()
    await this.#net.close()
  }

  status(): MoverStatus {
    const { mover, volumes, client, environment } = this.#parts
    const { rss, heapUsed, external } = process.memoryUsage()
    const uptimeSec = Math.floor((environment.monotonicMs() - this.#startedMs) / 1000)
    const { closed, ...network } = this.#net.statistics()
    const rpc: Record<string, number> = {}
    for (const dispatcher of this.#dispatchers) {
      const { heldCalls, replayBytes } = dispatcher
      for (const [name, value] of Object.entries({ ...dispatcher.counts(), heldCalls, replayBytes })) {
        rpc[name] = (rpc[name] ?? 0) + value
      }
    }
    return {
      mover: {
        name: mover.name,
        pid: process.pid,
        uptimeSec,
        rssBytes: rss,
        heapUsedBytes: heapUsed,
        externalBytes: external,
      },
      volumes: volumes.map((volume) => volume.status()),
      procedures: this.#dispatchers.flatMap((dispatcher) => dispatcher.procedures()),
      network: { ...network, ...prefixed('closed', closed), ...this.#datagrams.statistics() },
      rpc,
      locks: { ...this.#nlm?.statistics(), callbacks: client.size },
      mounts: this.#mounts.entries.map(({ host, directory }) => ({ host, path: Buffer.from(directory).toString() })),
    }
  }

  /** See `MoverLocks`: by and by, as all about locks here, since there may be very many. */
  locks(): Promise<MoverLocks> {
    return this.#inTurns(listLocks)
  }

  /** See `MoverClients`. */
  clients(): Promise<MoverClients> {
    return this.#inTurns(countClients)
  }

  /** See `LockFound`. */
  async findLock(id: string): Promise<LockFound> {
    const found = await this.#findLock(id)
    return { lock: found?.status ?? null }
  }

  /** Takes a lock of a client of this mover away, or what it waits for. */
  async breakLock(id: string): Promise<LockBroken> {
    const found = await this.#findLock(id)
    found?.volume.breakLock(found.ino, found.lock)
    return { broken: found !== null }
  }

  #findLock(id: string): Promise<FoundLock | null> {
    return this.#inTurns((mover, volumes) => findLock(mover, volumes, id))
  }

  #inTurns<T>(steps: (mover: string, volumes: readonly OpenedVolume[]) => Steps<T>): Promise<T> {
    const { mover, volumes, environment } = this.#parts
    return inTurns(environment, steps(mover.name, volumes))
  }

  /** See `findFile`. */
  find(file: string): Promise<FoundFile | null> {
    return findFile(file, this.#exports, this.#parts.volumes)
  }

  /** See `VolumeTrace.poll`. */
  trace(volume: string, ino: number, trace: string | null, after: number): MoverTrace {
    const opened = this.#parts.volumes.find(({ name }) => name === volume)
    if (opened === undefined || !Number.isSafeInteger(ino)) return { problem: `there is no file ${volume}:${ino}` }
    return opened.trace.poll(ino, trace, after) ?? { problem: 'too many files are being traced' }
  }

  #lockServer(handles: HandleCodec): NlmContext {
    const { mover, client, environment, logger } = this.#parts
    return new NlmContext({
      environment,
      logger,
      client,
      handles,
      servicesOf: ({ locks, clients }) => (locks === null ? null : { locks, records: clients }),
      serves: (address, port) => this.#exports.some((entry) => entry.match(address, port) !== undefined),
      mover: mover.name,
    })
  }

  /**
   * Clients that have locks here, as far as they know, are told that this mover has started anew; by the first one also those of
   * movers that are not in the configuration any more.
   */
  #announce(nlm: NlmContext): void {
    const { mover, client, config, environment, logger, volumes, state } = this.#parts
    const announcer = new Announcer(environment, client, state)
    const names = config.movers.map(({ name }) => name)
    const addresses = config.movers.map(({ address }) => address)
    for (const { name, service } of volumes) {
      announceRestart({
        announcer,
        records: service.clients,
        mover: mover.name,
        movers: mover.name === names[0] ? names : null,
        sourceFor: (client) => sourceOf(client, mover.address, addresses),
        isBack: (client) => nlm.clients.has(client),
        forget: (client) => nlm.remembered.forget(service.clients, client),
        failed: (failure) =>
          logger.error(
            `volume ${name}: its clients cannot be listed (${failure}): they are not told to reclaim their locks`,
          ),
      })
    }
  }

  #dispatcher(programs: readonly Program[]): Dispatcher {
    const { environment, logger, volumes } = this.#parts
    const dispatcher = new Dispatcher({ environment, logger, programs, replayMemory: joinMemories(volumes) })
    this.#dispatchers.push(dispatcher)
    return dispatcher
  }

  /** The port of all programs but the portmapper; over UDP some of them have the same one, where it is free. */
  async #listenNfs(mover: MoverConfig, programs: readonly Program[], registry: PortRegistry): Promise<number> {
    const dispatcher = this.#dispatcher(programs)
    const { address, nfs } = mover
    let where: ListenAddress
    try {
      where = await this.#net.listen(address, nfs, dispatcher)
    } catch (error) {
      throw new Error(`cannot listen at ${address} port ${nfs}: ${listenProblem(error as NodeJS.ErrnoException)}`)
    }
    registry.add(programs, 'tcp', where.port)
    const { logger } = this.#parts
    const udp = await listenDatagrams(this.#datagrams, dispatcher.datagrams(), where, logger, DATAGRAM_WORDS)
    const served = programs.filter(({ datagrams }) => datagrams)
    if (udp !== null) registry.add(served, 'udp', udp.port)
    return where.port
  }

  /** The port of the portmapper; 0 when it is switched off, or when its port is refused or taken. */
  async #listenPortmap(mover: MoverConfig, registry: PortRegistry): Promise<number> {
    if (mover.portmap === 0) return 0
    const { environment, logger } = this.#parts
    const programs = portmapPrograms(registry, environment)
    registry.add(programs, 'tcp', mover.portmap)
    const dispatcher = this.#dispatcher(programs)
    const where = await listenPortmap(this.#net, dispatcher, mover.address, mover.portmap, logger)
    if (where === null) return 0
    const udp = await listenDatagrams(this.#datagrams, dispatcher, where, logger, PORTMAP_DATAGRAMS)
    if (udp !== null) registry.add(programs, 'udp', udp.port)
    return where.port
  }
}

/** The exports of the configuration. One whose directory is not there is left out: clients could have removed it. */
export async function buildExports(
  configs: readonly ExportConfig[],
  volumes: readonly OpenedVolume[],
): Promise<{ exports: Export[]; unserved: UnservedExport[] }> {
  const exports: Export[] = []
  const unserved: UnservedExport[] = []
  for (const { id, path, volume: name, subtree, policy, clients } of configs) {
    const volume = volumes.find((candidate) => candidate.name === name)
    if (volume === undefined) throw new Error(`export ${path}: the volume ${name} is not open`)
    const rootIno = await findDirectory(volume, subtree)
    if (typeof rootIno === 'string') {
      unserved.push({ path, reason: `the volume ${name} has no directory ${subtree} (${rootIno})` })
      continue
    }
    const rules = clients.map(({ match, ...rule }) => ({ ...rule, clients: parseAddressSet(match) }))
    exports.push(new Export({ id, path, service: volume.service, rootIno, policy, rules }))
  }
  return { exports, unserved }
}

/** NFS and MOUNT, which share a port. */
export function buildPrograms(
  exports: ExportTable,
  handles: HandleCodec,
  volumes: readonly OpenedVolume[],
  mounts: MountList,
): Program[] {
  const volumeOf = new Map(volumes.map((volume) => [volume.service, volume]))
  const backend = new ExportMountBackend(exports, handles, (entry, op) => {
    return volumeOf.get(entry.service)?.inodeByNumber(op, entry.rootIno) ?? 'STALE'
  })
  return [nfs3Program(handles), ...mountPrograms(backend, mounts)]
}

/** A call is known when any volume's log remembers it. */
function joinMemories(volumes: readonly OpenedVolume[]): ReplayMemory {
  return {
    find(tag) {
      for (const { replayMemory } of volumes) {
        const found = replayMemory.find(tag)
        if (found !== null) return found
      }
      return null
    },
  }
}

function prefixed(prefix: string, values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]))
}

const LISTEN_PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EACCES: 'not permitted (ports below 1024 need root or CAP_NET_BIND_SERVICE)',
  EADDRNOTAVAIL: 'this machine does not have that address',
}

function listenProblem(error: NodeJS.ErrnoException): string {
  return LISTEN_PROBLEMS[error.code ?? ''] ?? error.message
}
