import { getControl, NobodyThere } from '../control/client.ts'
import type { FileTokens, MoverLocks } from '../control/status.ts'
import { Refusal } from '../host/refusal.ts'
import { controlSocket } from '../host/state-folder.ts'
import { askSupervisor } from './ask.ts'
import { type Command, JSON_OPTION } from './command.ts'
import { formatTable } from './table.ts'
import { describeBlocks } from './trace-line.ts'

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
  const { movers } = await askSupervisor(stateDir)
  const files: FileTokens[] = []
  for (const { name, state } of movers) {
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
    for (const { mover, kind, blocks } of held) rows.push([volume, ino, mover, 'holds', kind, describeBlocks(blocks)])
    for (const { mover, kind, blocks } of waiting)
      rows.push([volume, ino, mover, 'waits for', kind, describeBlocks(blocks)])
  }
  if (rows.length === 0) return ['no file is shared by movers now']
  return formatTable([['volume', 'inode', 'mover', '', 'token', 'blocks of 4 KiB'], ...rows])
}
