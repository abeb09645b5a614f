import fs from 'node:fs'

/** A process, told from a later one that got its number. */
export interface ProcessIdentity {
  pid: number
  /** Clock ticks from boot to its start: field 22 of /proc/PID/stat. */
  startTicks: number
  /** Changes with every boot. */
  bootId: string
}

/** States of /proc/PID/stat in which a process runs no code any more: zombie, dead. */
const ENDED_STATES = 'ZXx'

/** Where the kernel tells of processes; a test may have a folder of its own. */
const PROC = '/proc'

/** This boot's id. Throws where there is no /proc: movers are then not to be told from other processes. */
export function readBootId(proc = PROC): string {
  try {
    return fs.readFileSync(`${proc}/sys/kernel/random/boot_id`, 'latin1').trim()
  } catch {
    throw new Error('cannot read /proc/sys/kernel/random/boot_id: the appliance runs on Linux, with /proc mounted')
  }
}

/** What identifies a process that runs now; null when there is none of that number. */
export function identifyProcess(pid: number, proc = PROC): ProcessIdentity | null {
  const stat = readStat(pid, proc)
  return stat === null ? null : { pid, startTicks: stat.startTicks, bootId: readBootId(proc) }
}

/**
 * True when nothing of the process can act any more: no such process, another one of that number, or a zombie that only
 * waits for its parent. A thread that is stuck in I/O counts as alive, also when the main thread has ended.
 */
export function isGone(identity: ProcessIdentity, proc = PROC): boolean {
  if (identity.bootId !== readBootId(proc)) return true
  const stat = readStat(identity.pid, proc)
  if (stat === null || stat.startTicks !== identity.startTicks) return true
  return ENDED_STATES.includes(stat.state) && threadCount(identity.pid, proc) <= 1
}

/** Waits until the process is gone, looking every few milliseconds; false when it still lives after `limitMs`. */
export async function waitUntilGone(identity: ProcessIdentity, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs
  while (!isGone(identity)) {
    if (performance.now() > deadline) return false
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return true
}

function readStat(pid: number, proc: string): { state: string; startTicks: number } | null {
  let text: string
  try {
    text = fs.readFileSync(`${proc}/${pid}/stat`, 'latin1')
  } catch {
    return null
  }
  // The second field is the program's name in parentheses, which may hold spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0], startTicks: Number(fields[19]) }
}

function threadCount(pid: number, proc: string): number {
  try {
    return fs.readdirSync(`${proc}/${pid}/task`).length
  } catch {
    return 0
  }
}
