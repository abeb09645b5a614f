/** The command line: `lockkeeper COMMAND [--config FILE]`. */
import fs from 'node:fs'
import { defaultMovers } from '../config/default-movers.ts'
import { ConfigError, loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { Refusal } from '../host/refusal.ts'
import { parseArguments } from './arguments.ts'
import { commands } from './commands.ts'
import { helpText } from './help.ts'
import { readVersion } from './version.ts'

const USUAL_CONFIG = 'lockkeeper.yaml'

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

// `lockkeeper status | head` ends our output early: that is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

async function main(words: readonly string[]): Promise<number> {
  const { command, operands, options } = parseArguments(words, commands)
  if (options['version'] === true) {
    print(`lockkeeper ${readVersion()}`)
    return 0
  }
  if (options['help'] === true || command === null) {
    print(helpText(command, commands))
    return 0
  }
  const config = await readConfig(options['config'])
  return commands[command].run({ config, operands, options, print })
}

async function readConfig(given: string | true | undefined): Promise<Config> {
  const usual = fs.existsSync(USUAL_CONFIG) ? USUAL_CONFIG : null
  return loadConfig(typeof given === 'string' ? given : usual, process.cwd(), await defaultMovers())
}

/** One line for people and an exit status; what nobody foresaw keeps its stack. */
function explain(error: unknown): number {
  if (error instanceof Refusal || error instanceof ConfigError) {
    process.stderr.write(`lockkeeper: ${error.message}\n`)
    return error instanceof Refusal ? error.exitCode : 2
  }
  process.stderr.write(`lockkeeper: ${error instanceof Error ? error.stack : String(error)}\n`)
  return 1
}

process.exitCode = await main(process.argv.slice(2)).catch(explain)
