import type { Config } from '../config/schema.ts'
import { formatSizeRoughly } from '../config/units.ts'
import { createLogger } from '../host/logger.ts'
import { type ServingMover, Supervisor } from '../supervisor.ts'
import type { Command, Invocation } from './command.ts'
import { mountLines } from './mount-lines.ts'
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
  for (const { name, addresses, unserved } of movers) {
    const portmap = addresses.portmap === 0 ? 'no portmapper' : `portmapper on ${addresses.portmap}`
    lines.push(`mover ${name}: NFSv3 at ${addresses.address} port ${addresses.nfs}, ${portmap}`)
    for (const exported of config.exports) {
      const missing = unserved.find(({ path }) => path === exported.path)
      if (missing !== undefined) {
        lines.push('', `${exported.path}: not served: ${missing.reason}`)
        continue
      }
      lines.push('', `${exported.path}: ${describe(config, exported.volume)}`)
      for (const line of mountLines(exported, addresses)) lines.push(`  ${line}`)
    }
  }
  lines.push('', 'nolock is needed: network locks are not served in this version. Ctrl-C stops.')
  return lines
}

function describe(config: Config, name: string): string {
  const volume = config.volumes.find((candidate) => candidate.name === name)
  const size = volume?.sizeBytes == null ? '' : `, ${formatSizeRoughly(volume.sizeBytes)}`
  return `volume ${name} on ${volume?.device}${size}`
}
