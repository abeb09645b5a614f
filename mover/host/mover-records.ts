import { readJson, writeJson } from './durable-file.ts'
import { isGone, type ProcessIdentity, waitUntilGone } from './process-identity.ts'

/** A mover process that was started with this state folder. */
export interface MoverRecord extends ProcessIdentity {
  name: string
}

/** How long a killed mover may take until the kernel has ended its I/O. */
const KILL_LIMIT_MS = 20_000

/** Writes who the movers are, durably, before they may touch a volume. */
export async function writeMoverRecords(path: string, records: readonly MoverRecord[]): Promise<void> {
  await writeJson(path, records)
}

/** The movers that were written last; none when there is no such file. Throws when it is not ours. */
export function readMoverRecords(path: string): MoverRecord[] {
  return readJson(path, areRecords, 'when no mover of this appliance runs any more, remove it') ?? []
}

/**
 * Kills every recorded mover that still lives and waits until nothing of it is left. Returns those that it killed;
 * throws when one does not end.
 */
export async function endRecordedMovers(path: string): Promise<MoverRecord[]> {
  const alive = readMoverRecords(path).filter((record) => !isGone(record))
  for (const { pid } of alive) kill(pid)
  for (const record of alive) {
    if (await waitUntilGone(record, KILL_LIMIT_MS)) continue
    throw new Error(`mover ${record.name} of an earlier run (pid ${record.pid}) does not end, perhaps stuck in I/O`)
  }
  return alive
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function areRecords(value: unknown): value is MoverRecord[] {
  return Array.isArray(value) && value.every(isRecord)
}

function isRecord(value: unknown): value is MoverRecord {
  if (typeof value !== 'object' || value === null) return false
  const { name, pid, startTicks, bootId } = value as Partial<Record<keyof MoverRecord, unknown>>
  const isPid = Number.isSafeInteger(pid) && (pid as number) > 1
  return isPid && typeof name === 'string' && typeof startTicks === 'number' && typeof bootId === 'string'
}
