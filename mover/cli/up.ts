import type { Config, ExportConfig } from '../config/schema.ts'
import { formatSizeRoughly } from '../config/units.ts'
import type { ServingMover } from '../host/fleet.ts'
import { createLogger } from '../host/logger.ts'
import { Supervisor } from '../supervisor.ts'
import type { Command, Invocation } from './command.ts'
import { canLock, mountLines } from './mount-lines.ts'
import { readVersion } from './version.ts'

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** Serves until it is told to stop. */
export const up: Command = {
  summary: 'serve the volumes until SIGTERM or Ctrl-C; makes image files that are not there',
  operands: [],
  options: {},
  run: serve,
}

async function serve({ config, print }: Invocation): Promise<number> {
  const version = readVersion()
  const supervisor = new Supervisor(config, version, createLogger('supervisor'))
  const told = new Promise<void>((resolve) => {
    // A terminal and npm both pass Ctrl-C on: the second one means the same.
    for (const signal of STOP_SIGNALS) process.on(signal, () => resolve())
  })
  const started = supervisor.start()
  const first = await Promise.race([started, told])
  if (first !== undefined) {
    for (const line of announcement(config, version, first)) print(line)
    await told
  } else {
    started.catch(() => {})
  }
  await supervisor.stop()
  print('stopped')
  return 0
}

/** What people need to know once clients can mount. */
function announcement(config: Config, version: string, movers: readonly ServingMover[]): string[] {
  const lines = [`lockkeeper ${version}: ${config.file ?? 'built-in defaults'}, state in ${config.stateDir}`]
  for (const { name, addresses } of movers) {
    const portmap = addresses.portmap === 0 ? 'no portmapper' : `portmapper on ${addresses.portmap}`
    lines.push(`mover ${name}: NFSv3 at ${addresses.address} port ${addresses.nfs}, ${portmap}`)
  }
  for (const exported of config.exports) lines.push('', ...describeExport(config, exported, movers))
  lines.push('', `${about(movers.some(({ addresses }) => canLock(addresses)))} Ctrl-C stops.`)
  return lines
}

/** How an export is mounted from each of the movers, and why not where it is not. */
function describeExport(config: Config, exported: ExportConfig, movers: readonly ServingMover[]): string[] {
  const { path, volume } = exported
  const missing = movers.map(({ unserved }) => unserved.find((one) => one.path === path)?.reason ?? null)
  if (missing.every((reason) => reason !== null)) return [`${path}: not served: ${missing[0]}`]
  const served = movers.filter((_, at) => missing[at] === null)
  const ways = served.map(({ addresses }) => mountLines(exported, addresses))
  return [
    `${path}: ${describe(config, volume)}`,
    ...ways.map(({ command }) => `  ${command}`),
    ...ways.map(({ url }) => `  ${url}`),
    ...movers.flatMap(({ name }, at) => (missing[at] === null ? [] : [`  not from mover ${name}: ${missing[at]}`])),
  ]
}

function describe(config: Config, name: string): string {
  const volume = config.volumes.find((candidate) => candidate.name === name)
  const size = volume?.sizeBytes == null ? '' : `, ${formatSizeRoughly(volume.sizeBytes)}`
  return `volume ${name} on ${volume?.device}${size}`
}

/** What clients must know of locks. */
function about(canLock: boolean): string {
  return canLock
    ? 'Clients that lock files need rpcbind and rpc.statd; with nolock, locks hold among the programs of one client.'
    : 'With nolock, locks hold among the programs of one client: others meet them where a mover has an address of its own with the portmapper at port 111.'
}
