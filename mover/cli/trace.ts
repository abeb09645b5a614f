import { setTimeout } from 'node:timers/promises'
import { getControl, NobodyThere } from '../control/client.ts'
import type { FoundFile, MoverFound, MoverTrace, SupervisorStatus } from '../control/status.ts'
import type { MoverState } from '../host/managed-mover.ts'
import { Refusal } from '../host/refusal.ts'
import { controlSocket } from '../host/state-folder.ts'
import type { TracePage } from '../trace-event.ts'
import { askSupervisor } from './ask.ts'
import { type Command, JSON_OPTION } from './command.ts'
import { traceLine } from './trace-line.ts'
import { TraceMerger } from './trace-merger.ts'

const POLL_MS = 200
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

type Found = Exclude<FoundFile, { problem: string }>

/** Shows what movers say to each other about one file until it is stopped, or the appliance is. */
export const trace: Command = {
  summary: 'show what movers say to each other about a file (VOLUME:INODE, or /EXPORT/NAME) until Ctrl-C',
  operands: ['FILE'],
  options: JSON_OPTION,
  async run({ config: { stateDir }, operands: [name], options, print }) {
    if (!/^\/|^.+:\d+$/.test(name)) {
      throw new Refusal(2, `a file is VOLUME:INODE, or a path as clients see it, which begins with /; not '${name}'`)
    }
    const { movers } = await askSupervisor(stateDir)
    const file = await find(stateDir, movers, name)
    const merger = new TraceMerger()
    const tell = (pages: ReadonlyMap<string, TracePage>): void => {
      for (const shown of merger.round(pages))
        print(options['json'] === true ? JSON.stringify(shown) : traceLine(shown))
    }
    const stopped = stopSignal()
    while (!stopped.aborted) {
      const now = await moversNow(stateDir)
      if (now === null) break
      tell(await poll(stateDir, now, file, merger))
      await setTimeout(POLL_MS, undefined, { signal: stopped }).catch(() => {})
    }
    tell(new Map())
    return 0
  },
}

/** Asks the movers for a file, whichever of them is the primary of its volume. */
async function find(stateDir: string, movers: readonly MoverState[], name: string): Promise<Found> {
  let silent = ''
  for (const mover of movers) {
    const answer = (await ask(stateDir, mover, `/find?file=${encodeURIComponent(name)}`)) as MoverFound | null
    if (answer === null) silent = mover.name
    else if (answer.file !== null && 'problem' in answer.file) throw new Refusal(1, answer.file.problem)
    else if (answer.file !== null) return answer.file
  }
  if (silent !== '') throw new Refusal(1, `mover ${silent}, which may know ${name}, does not answer now`)
  throw new Refusal(1, `the appliance serves no ${name.startsWith('/') ? 'export' : 'volume'} that has ${name}`)
}

/** The movers there are; null when the appliance has ended. */
async function moversNow(stateDir: string): Promise<MoverState[] | null> {
  try {
    return ((await getControl(controlSocket(stateDir, 'supervisor'), '/status')) as SupervisorStatus).movers
  } catch (error) {
    return error instanceof NobodyThere ? null : []
  }
}

async function poll(
  stateDir: string,
  movers: readonly MoverState[],
  { volume, ino }: Found,
  merger: TraceMerger,
): Promise<Map<string, TracePage>> {
  const pages = new Map<string, TracePage>()
  const one = async (mover: MoverState): Promise<void> => {
    const path = `/trace?volume=${encodeURIComponent(volume)}&ino=${ino}${merger.query(mover.name)}`
    const page = (await ask(stateDir, mover, path)) as MoverTrace | null
    if (page === null) return
    if ('problem' in page) throw new Refusal(1, `mover ${mover.name}: ${page.problem}`)
    pages.set(mover.name, page)
  }
  await Promise.all(movers.map(one))
  return pages
}

/** Null from a mover that is not there, or not yet, or ends meanwhile, or is stuck. */
async function ask(stateDir: string, { name, state }: MoverState, path: string): Promise<unknown> {
  return state === 'serving' ? getControl(controlSocket(stateDir, { mover: name }), path).catch(() => null) : null
}

function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const signal of STOP_SIGNALS) process.on(signal, () => stop.abort())
  return stop.signal
}
