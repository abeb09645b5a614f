import { formatSizeRoughly } from '../config/units.ts'
import { getControl, NobodyThere } from '../control/client.ts'
import type { MoverStatus, ProcedureStatus, SupervisorStatus, VolumeStatus } from '../control/status.ts'
import type { MoverState } from '../host/managed-mover.ts'
import { Refusal } from '../host/refusal.ts'
import { controlSocket } from '../host/state-folder.ts'
import { askSupervisor } from './ask.ts'
import { type Command, JSON_OPTION } from './command.ts'
import { formatTable } from './table.ts'

/** What a running appliance says of itself: its supervisor, and each mover that answers. */
interface ApplianceStatus extends SupervisorStatus {
  /** By mover; null when it does not answer, being started again, say. */
  details: Record<string, MoverStatus | null>
}

export const status: Command = {
  summary: 'say how the running appliance is',
  operands: [],
  options: JSON_OPTION,
  async run({ config, options, print }) {
    const appliance = await ask(config.stateDir)
    if (options['json'] === true) print(JSON.stringify(appliance))
    else for (const line of describe(appliance)) print(line)
    return 0
  },
}

async function ask(stateDir: string): Promise<ApplianceStatus> {
  const supervisor = await askSupervisor(stateDir)
  const { movers } = supervisor
  const details: Record<string, MoverStatus | null> = {}
  for (const { name, state } of movers) {
    details[name] = state === 'serving' ? await askMover(stateDir, name) : null
  }
  return { ...supervisor, details }
}

async function askMover(stateDir: string, name: string): Promise<MoverStatus | null> {
  try {
    return (await getControl(controlSocket(stateDir, { mover: name }), '/status')) as MoverStatus
  } catch (error) {
    if (error instanceof NobodyThere) return null
    throw new Refusal(1, `mover ${name} does not answer: ${(error as Error).message}`)
  }
}

function describe({ supervisor, movers, details }: ApplianceStatus): string[] {
  const { version, pid, uptimeSec, config, stateDir } = supervisor
  const lines = [
    `lockkeeper ${version}, pid ${pid}, up ${duration(uptimeSec)}, ${config ?? 'built-in defaults'}, state in ${stateDir}`,
  ]
  for (const mover of movers) lines.push('', ...describeMover(mover, details[mover.name] ?? null))
  return lines
}

function describeMover(
  { name, state, pid, addresses, restarts, roles }: MoverState,
  detail: MoverStatus | null,
): string[] {
  const where =
    addresses === null ? '' : `, ${addresses.address} nfs ${addresses.nfs} portmap ${addresses.portmap || 'off'}`
  const lines = [`mover ${name}: ${state}, pid ${pid ?? 'none'}${where}, ${restarts} restarts`]
  for (const { volume, role, primary, term } of roles) {
    const rank = role === 'primary' ? 'primary' : `secondary of mover ${primary}`
    lines.push(`  volume ${volume}: ${rank}, term ${term}`)
  }
  if (detail === null) return lines
  const { rssBytes, uptimeSec } = detail.mover
  lines.push(`  up ${duration(uptimeSec)}, memory ${formatSizeRoughly(rssBytes)}`)
  for (const volume of detail.volumes) lines.push(...describeVolume(volume))
  for (const group of ['network', 'rpc', 'locks'] as const) lines.push(`  ${group}: ${counters(detail[group])}`)
  lines.push(`  mounts: ${detail.mounts.map(({ host, path }) => `${host}:${path}`).join(' ') || 'none'}`)
  return [...lines, ...describeProcedures(detail.procedures)]
}

function describeVolume({ name, device, readOnly, totalBytes, freeBytes, counters: own }: VolumeStatus): string[] {
  const space = `${formatSizeRoughly(freeBytes)} of ${formatSizeRoughly(totalBytes)} free`
  const lines = [`  volume ${name} (${device}): ${space}; ${counters(own)}`]
  if (readOnly !== null) lines.push(`  volume ${name} is READ-ONLY: ${readOnly}`)
  return lines
}

function describeProcedures(procedures: readonly ProcedureStatus[]): string[] {
  const called = procedures.filter(({ calls }) => calls > 0)
  if (called.length === 0) return []
  const rows = called.map(({ program, version, procedure, calls, errors, micros }) => [
    `  ${program} v${version} ${procedure}`,
    calls,
    errors,
    (micros / calls).toFixed(1),
  ])
  return formatTable([['  procedure', 'calls', 'errors', 'microseconds a call'], ...rows])
}

function counters(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

function duration(seconds: number): string {
  const days = Math.floor(seconds / 86_400)
  const clock = new Date((seconds % 86_400) * 1000).toISOString().slice(11, 19)
  return days > 0 ? `${days}d ${clock}` : clock
}
