import { getControl, NobodyThere } from '../control/client.ts'
import type { FileTokens, MoverLocks, SupervisorStatus } from '../control/status.ts'
import { Refusal } from '../host/refusal.ts'
import { controlSocket } from '../host/state-folder.ts'
import { type Command, JSON_OPTION } from './command.ts'
import { formatTable } from './table.ts'

export const locks: Command = {
  summary: 'say which movers hold and await tokens on which files',
  operands: [],
  options: JSON_OPTION,
  async run({ config, options, print }) {
    const files = await ask(config.stateDir)
    if (options['json'] === true) print(JSON.stringify(files))
    else for (const line of describe(files)) print(line)
    return 0
  },
}

async function ask(stateDir: string): Promise<FileTokens[]> {
  const supervisor = await getControl(controlSocket(stateDir, 'supervisor'), '/status').catch((error: Error) => {
    if (error instanceof NobodyThere) throw new Refusal(1, `no appliance is running for the state folder ${stateDir}`)
    throw new Refusal(1, `the supervisor does not answer: ${error.message}`)
  })
  const files: FileTokens[] = []
  for (const { name, state } of (supervisor as SupervisorStatus).movers) {
    if (state !== 'serving') continue
    try {
      files.push(...((await getControl(controlSocket(stateDir, { mover: name }), '/locks')) as MoverLocks).files)
    } catch (error) {
      if (!(error instanceof NobodyThere)) throw new Refusal(1, `mover ${name}: ${(error as Error).message}`)
    }
  }
  return files
}

/** A line for each token, and for each request that waits for one. */
function describe(files: readonly FileTokens[]): string[] {
  const rows: (string | number)[][] = []
  for (const { volume, ino, held, waiting } of files) {
    for (const { mover, kind, blocks } of held) rows.push([volume, ino, mover, 'holds', kind, span(blocks)])
    for (const { mover, kind, blocks } of waiting) rows.push([volume, ino, mover, 'waits for', kind, span(blocks)])
  }
  if (rows.length === 0) return ['no file is shared by movers now']
  return formatTable([['volume', 'inode', 'mover', '', 'token', 'blocks of 4 KiB'], ...rows])
}

function span(blocks: [first: number, end: number | null] | null): string {
  if (blocks === null) return 'whole file'
  const [first, end] = blocks
  return end === null ? `${first} to the end` : `${first} to ${end - 1}`
}
