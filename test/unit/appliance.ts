import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { getControl } from '../../mover/control/client.ts'
import type { SupervisorStatus } from '../../mover/control/status.ts'
import type { MoverState } from '../../mover/host/managed-mover.ts'
import { identifyProcess, type ProcessIdentity } from '../../mover/host/process-identity.ts'
import { controlSocket } from '../../mover/host/state-folder.ts'

const CLI = join(import.meta.dirname, '..', '..', 'mover', 'cli', 'lockkeeper.ts')
/** Far longer than anything takes: a test that needs it has failed. */
const PATIENCE_MS = 60_000
/** Looking often costs those that are waited for their time. */
const POLL_MS = 50

/** A folder of its own for a test, removed with all that still runs in it. */
export function workFolder(t: Test): string {
  const folder = fs.mkdtempSync(join(tmpdir(), 'lockkeeper-'))
  t.teardown(() => fs.rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A configuration with a small image and ports that nobody else has. */
export function writeConfig(folder: string, changes: Record<string, unknown> = {}): string {
  const path = join(folder, 'lockkeeper.yaml')
  const config = { volumes: [{ name: 'share', size: '64MiB' }], movers: [{ nfs: 0, portmap: 0 }], ...changes }
  fs.writeFileSync(path, JSON.stringify(config))
  return path
}

/** Waits until `look` gives something; looks again every few milliseconds. */
export async function until<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const found = await look()
    if (found !== null && found !== undefined && found !== false) return found
    if (performance.now() > deadline) throw new Error(`waited too long until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** A command line that runs. */
export class Command {
  readonly process: ChildProcess
  out = ''
  err = ''
  /** Exit status, or the signal that ended it. */
  readonly ended: Promise<number | string | null>

  constructor(t: Test, ...words: string[]) {
    this.process = this.spawn(words)
    this.process.stdout?.on('data', (data: Buffer) => {
      this.out += data
    })
    this.process.stderr?.on('data', (data: Buffer) => {
      this.err += data
    })
    this.ended = new Promise((resolve) => this.process.on('close', (code, signal) => resolve(code ?? signal)))
    t.teardown(async () => {
      this.process.kill('SIGKILL')
      await this.ended
    })
  }

  protected spawn(words: string[]): ChildProcess {
    return spawn(process.execPath, [CLI, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  }

  /** Resolves when `up` has told how to mount; throws when it ended instead. */
  async serving(): Promise<void> {
    const ended = this.ended.then((status) => {
      throw new Error(`ended with ${status}: ${this.err}`)
    })
    await Promise.race([until('it serves', () => this.out.includes('Ctrl-C stops')), ended])
  }
}

/** A command line whose process and children cannot write files behind their first 64 KiB. */
export class LimitedCommand extends Command {
  protected override spawn(words: string[]): ChildProcess {
    const limited = ['-c', 'ulimit -f 128; exec "$0" "$@"', process.execPath, CLI, ...words]
    return spawn('/bin/sh', limited, { stdio: ['ignore', 'pipe', 'pipe'] })
  }
}

/** A command line in whose environment libuv is told to use io_uring. */
export class RingCommand extends Command {
  protected override spawn(words: string[]): ChildProcess {
    const env = { ...process.env, UV_USE_IO_URING: '1' }
    return spawn(process.execPath, [CLI, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env })
  }
}

/** What the supervisor says of its movers. */
export async function moverStates(stateDir: string): Promise<MoverState[]> {
  return ((await getControl(controlSocket(stateDir, 'supervisor'), '/status')) as SupervisorStatus).movers
}

/** What the supervisor says of its first mover. */
export async function moverState(stateDir: string): Promise<MoverState> {
  const [mover] = await moverStates(stateDir)
  if (mover === undefined) throw new Error('the supervisor has no mover')
  return mover
}

/** Who a process is that runs now. */
export function identify(pid: number | null | undefined): ProcessIdentity {
  const identity = identifyProcess(pid ?? 0)
  if (identity === null) throw new Error(`no process ${pid}`)
  return identity
}
