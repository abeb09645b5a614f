import { check } from './check.ts'
import { clients } from './clients.ts'
import type { Command } from './command.ts'
import { grow } from './grow.ts'
import { locks } from './locks.ts'
import { mkfs } from './mkfs.ts'
import { status } from './status.ts'
import { trace } from './trace.ts'
import { up } from './up.ts'

/** Every command, in the order of the help. */
export const commands: Readonly<Record<string, Command>> = { up, mkfs, check, grow, status, clients, locks, trace }
