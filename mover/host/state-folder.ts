import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { join } from 'node:path'
import { replaceFile, syncFolder } from './durable-file.ts'

/** Bytes of the key that file handles are authenticated with. */
export const HANDLE_KEY_BYTES = 32

/** Where things are in an appliance's state folder. */
export interface StatePaths {
  /** Locked for as long as a supervisor runs. */
  lock: string
  /** The movers that were started: see `MoverRecord`. */
  movers: string
  /** The last term of each volume: see `TermCounter`. */
  terms: string
  /** The last state of a mover: see `StartStates`. */
  states: string
  handleKey: string
  /** Unix sockets: the control interfaces, and the sessions between movers. */
  run: string
}

export function statePaths(stateDir: string): StatePaths {
  return {
    lock: join(stateDir, 'lock'),
    movers: join(stateDir, 'movers.json'),
    terms: join(stateDir, 'terms.json'),
    states: join(stateDir, 'states.json'),
    handleKey: join(stateDir, 'secrets', 'handle.key'),
    run: join(stateDir, 'run'),
  }
}

/** Unix socket of a control interface: of a mover by its name, of the supervisor. */
export function controlSocket(stateDir: string, who: { mover: string } | 'supervisor'): string {
  return join(stateDir, 'run', who === 'supervisor' ? 'supervisor.sock' : `mover-${who.mover}.sock`)
}

/**
 * Unix socket at which the primary of a volume receives its secondaries. It is that of one reign alone: who still waits for
 * an earlier primary does not come to the next one.
 */
export function sessionSocket(stateDir: string, volume: string, term: number): string {
  return join(stateDir, 'run', `session-${volume}-${term}.sock`)
}

/** Removes what earlier reigns of a volume have left: their movers were killed. */
export function removeSessionSockets(stateDir: string, volume: string): void {
  const { run } = statePaths(stateDir)
  for (const name of fs.readdirSync(run)) {
    const term = /-(\d+)\.sock$/.exec(name)?.[1]
    if (name === `session-${volume}-${term}.sock`) fs.rmSync(join(run, name), { force: true })
  }
}

/** Makes the state folder and what must be in it, readable by its owner only. Rejects with Node's error when it cannot. */
export async function makeStateFolder(stateDir: string): Promise<void> {
  for (const folder of [stateDir, join(stateDir, 'secrets'), join(stateDir, 'run')]) {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  }
  fs.chmodSync(join(stateDir, 'secrets'), 0o700)
  fs.chmodSync(join(stateDir, 'run'), 0o700)
  const { handleKey } = statePaths(stateDir)
  if (!fs.existsSync(handleKey)) await replaceFile(handleKey, randomBytes(HANDLE_KEY_BYTES), 0o600)
  await syncFolder(stateDir)
}

/** The key of file handles. Throws when it is damaged: with another key every client's handles would be stale. */
export function readHandleKey(stateDir: string): Uint8Array {
  const path = statePaths(stateDir).handleKey
  const key = fs.readFileSync(path)
  if (key.length !== HANDLE_KEY_BYTES) {
    throw new Error(
      `${path}: has ${key.length} bytes, not ${HANDLE_KEY_BYTES}; restore it, or remove it (clients must mount again)`,
    )
  }
  return key
}
