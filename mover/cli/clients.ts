import { getControl, NobodyThere } from '../control/client.ts'
import type { ClientCount, MoverClients, MoverStatus } from '../control/status.ts'
import { Refusal } from '../host/refusal.ts'
import { controlSocket } from '../host/state-folder.ts'
import { askSupervisor, LOCKS_LIMIT_MS } from './ask.ts'
import { type Command, JSON_OPTION } from './command.ts'
import { formatTable } from './table.ts'

/** A client of one mover, by its address. */
interface Client {
  mover: string
  address: string
  /** Names that it gives itself where it locks. */
  names: string[]
  /** There are more names than these. */
  moreNames: boolean
  /** What it has mounted, as far as it has said so and not taken it back. */
  mounts: string[]
  locks: number
  waiting: number
}

export const clients: Command = {
  summary: 'say which clients have mounted what, and how many locks they hold and wait for',
  operands: [],
  options: JSON_OPTION,
  async run({ config: { stateDir }, options, print }) {
    const { movers } = await askSupervisor(stateDir)
    const serving = movers.flatMap(({ name, state }) => (state === 'serving' ? [name] : []))
    const found = await Promise.all(serving.map((name) => ask(stateDir, name)))
    // Who waits is known to primaries.
    const waiting = found.flatMap((one) => one?.clients.waiting ?? [])
    const all = found.flatMap((one) => (one === null ? [] : gather(one, waiting)))
    if (options['json'] === true) print(JSON.stringify(all))
    else for (const line of describe(all)) print(line)
    return 0
  },
}

/** What a mover says; null when it is being started again. */
interface Told {
  mover: string
  mounts: MoverStatus['mounts']
  clients: MoverClients
}

async function ask(stateDir: string, mover: string): Promise<Told | null> {
  const socket = controlSocket(stateDir, { mover })
  try {
    const { mounts } = (await getControl(socket, '/status')) as MoverStatus
    return { mover, mounts, clients: (await getControl(socket, '/clients', LOCKS_LIMIT_MS)) as MoverClients }
  } catch (error) {
    if (error instanceof NobodyThere) return null
    throw new Refusal(1, `mover ${mover}: ${(error as Error).message}`)
  }
}

function gather({ mover, mounts, clients }: Told, waiting: readonly ClientCount[]): Client[] {
  const byAddress = new Map<string, Client>()
  const find = (address: string): Client => {
    const known = byAddress.get(address)
    if (known !== undefined) return known
    const client: Client = { mover, address, names: [], moreNames: false, mounts: [], locks: 0, waiting: 0 }
    byAddress.set(address, client)
    return client
  }
  for (const { host, path } of mounts) find(host).mounts.push(path)
  const named = ({ address, names, moreNames }: ClientCount): Client => {
    const client = find(address)
    client.names = [...new Set([...client.names, ...names])]
    client.moreNames ||= moreNames
    return client
  }
  for (const one of clients.held) named(one).locks += one.count
  for (const one of waiting) if (one.mover === mover) named(one).waiting += one.count
  return [...byAddress.values()]
}

function describe(all: readonly Client[]): string[] {
  if (all.length === 0) return ['no client has mounted or locked anything']
  const rows = all.map(({ mover, address, names, moreNames, mounts, locks, waiting }) => [
    ...[mover, address, [...names, ...(moreNames ? ['and others'] : [])].join(' '), locks, waiting, mounts.join(' ')],
  ])
  return formatTable([['mover', 'client', 'calls itself', 'locks', 'waits', 'mounted'], ...rows])
}
