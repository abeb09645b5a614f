import { getControl, NobodyThere, postControl } from '../control/client.ts'
import type {
  ClientLockStatus,
  FileTokens,
  LockBroken,
  LockFound,
  LockOwnerStatus,
  MoreHeld,
  MoreWaiting,
  MoverLocks,
} from '../control/status.ts'
import { Refusal } from '../host/refusal.ts'
import { controlSocket } from '../host/state-folder.ts'
import { askSupervisor, LOCKS_LIMIT_MS } from './ask.ts'
import { type Command, JSON_OPTION } from './command.ts'
import { formatTable } from './table.ts'
import { describeBlocks } from './trace-line.ts'

export const locks: Command = {
  summary: 'say which movers hold tokens and which clients hold locks, and who waits for whom; or take a lock away',
  operands: [],
  more: ['break', 'ID'],
  options: { ...JSON_OPTION, yes: { value: null, help: 'with break: do it; else it is only shown' } },
  async run({ config: { stateDir }, operands: [, id], options, print }) {
    const found = await ask(stateDir)
    if (id !== undefined) return breakLock(stateDir, found, id, options['yes'] === true, print)
    if (options['json'] === true) print(JSON.stringify(found))
    else for (const line of describe(found)) print(line)
    return 0
  },
}

async function ask(stateDir: string): Promise<MoverLocks> {
  const found = (await askMovers(stateDir, '/locks')) as MoverLocks[]
  return {
    files: found.flatMap(({ files }) => files),
    held: found.flatMap(({ held }) => held),
    moreHeld: found.flatMap(({ moreHeld }) => moreHeld),
    waiting: found.flatMap(({ waiting }) => waiting),
    moreWaiting: found.flatMap(({ moreWaiting }) => moreWaiting),
  }
}

/** What each mover answers that serves. */
async function askMovers(stateDir: string, path: string): Promise<unknown[]> {
  const { movers } = await askSupervisor(stateDir)
  const found: unknown[] = []
  for (const { name, state } of movers) {
    if (state !== 'serving') continue
    try {
      found.push(await getControl(controlSocket(stateDir, { mover: name }), path, LOCKS_LIMIT_MS))
    } catch (error) {
      if (!(error instanceof NobodyThere)) throw new Refusal(1, `mover ${name}: ${(error as Error).message}`)
    }
  }
  return found
}

export function describe({ files, held, moreHeld, waiting, moreWaiting }: MoverLocks): string[] {
  const tokens = describeTokens(files)
  const clients = describeLocks([...held, ...waiting])
  return [
    ...(tokens.length === 0 ? ['no file is shared by movers now'] : tokens),
    '',
    ...(clients.length === 0 ? ['no client has a lock'] : clients),
    ...moreHeld.map(describeMoreHeld),
    ...describeMore(moreWaiting),
  ]
}

function describeMoreHeld({ mover, volume, ino, count }: MoreHeld): string {
  const place = ino === null ? `other files of volume ${volume}` : `inode ${ino} of volume ${volume}`
  return `clients of mover ${mover} hold ${count} more ${count === 1 ? 'lock' : 'locks'} of ${place}`
}

/** A line for each token, and for each request that waits for one. */
function describeTokens(files: readonly FileTokens[]): string[] {
  const rows: (string | number)[][] = []
  for (const { volume, ino, held, waiting } of files) {
    for (const { mover, kind, blocks } of held) rows.push([volume, ino, mover, 'holds', kind, describeBlocks(blocks)])
    for (const { mover, kind, blocks } of waiting)
      rows.push([volume, ino, mover, 'waits for', kind, describeBlocks(blocks)])
  }
  if (rows.length === 0) return []
  return formatTable([['volume', 'inode', 'mover', '', 'token', 'blocks of 4 KiB'], ...rows])
}

/** A line for each lock of a client, files together; who waits behind who holds. */
function describeLocks(all: readonly ClientLockStatus[]): string[] {
  if (all.length === 0) return []
  const placeOf = ({ volume, ino }: ClientLockStatus): string => `${volume} ${ino}`
  const byPlace = Map.groupBy(all, placeOf)
  const rows = [...byPlace.keys()].sort().flatMap((place) => (byPlace.get(place) ?? []).map(row))
  return formatTable([['id', 'volume', 'inode', 'mover', 'client', 'who', '', 'lock', 'waits for'], ...rows])
}

/** A line for each file with more requests than are shown. */
function describeMore(all: readonly MoreWaiting[]): string[] {
  const byPlace = Map.groupBy(all, ({ volume, ino }) => `inode ${ino} of volume ${volume}`)
  return [...byPlace].map(([place, more]) => {
    const count = more.reduce((sum, one) => sum + one.count, 0)
    return `${count} more ${count === 1 ? 'waits' : 'wait'} for ${place}`
  })
}

function row(one: ClientLockStatus): (string | number)[] {
  const { id, volume, ino, mover, client, owner, waitsFor, waitsForMore } = one
  const others = [...(waitsFor?.map(who) ?? []), ...(waitsForMore ? ['others'] : [])].join('; ')
  return [id, volume, ino, mover, client, owner, waitsFor === null ? 'holds' : 'wants', lockWords(one), others]
}

function lockWords({ lock, bytes }: ClientLockStatus): string {
  if (typeof lock !== 'string') return `open for ${bits(lock.access)}, denies ${bits(lock.deny)}`
  if (bytes === null) return lock
  const [start, end] = bytes
  const last = end === null ? 'the end' : String(BigInt(end) - 1n)
  return `${lock} bytes ${start} to ${last}`
}

const BITS = ['read', 'write', 'delete']

function bits(sum: number): string {
  const words = BITS.filter((_, bit) => ((sum >>> bit) & 1) === 1)
  return words.length === 0 ? 'nothing' : words.join('+')
}

function who({ client, owner, mover }: LockOwnerStatus): string {
  return `${client} (${owner}) at mover ${mover}`
}

/** Shows what would be lost, and by whom; does it with `isSure`. */
async function breakLock(
  stateDir: string,
  all: MoverLocks,
  id: string,
  isSure: boolean,
  print: (line: string) => void,
): Promise<number> {
  const found = [...all.held, ...all.waiting].find((one) => one.id === id) ?? (await find(stateDir, id))
  if (found === null) throw new Refusal(1, `there is no lock ${id} (any more): lockkeeper locks tells which there are`)
  for (const line of describeBreak(found, all)) print(line)
  if (!isSure) {
    const isHeld = found.waitsFor === null
    print(`nothing was changed; with --yes it ${isHeld ? 'loses the lock' : 'waits no more'}, and is not told`)
    return 0
  }
  const path = `/locks/break?id=${encodeURIComponent(id)}`
  const socket = controlSocket(stateDir, { mover: found.mover })
  const { broken } = (await postControl(socket, path, LOCKS_LIMIT_MS)) as LockBroken
  if (!broken) throw new Refusal(1, `lock ${id} is gone already`)
  print('done')
  return 0
}

/** A lock that is not among those that are shown. */
async function find(stateDir: string, id: string): Promise<ClientLockStatus | null> {
  const found = (await askMovers(stateDir, `/locks/find?id=${encodeURIComponent(id)}`)) as LockFound[]
  return found.find(({ lock }) => lock !== null)?.lock ?? null
}

/** A lock, and who waits for just this one, as far as that is shown. */
export function describeBreak(
  found: ClientLockStatus,
  { waiting, moreWaiting }: Pick<MoverLocks, 'waiting' | 'moreWaiting'>,
): string[] {
  const { id, volume, ino, waitsFor } = found
  const isHere = (one: { volume: string; ino: number }): boolean => one.volume === volume && one.ino === ino
  const isFor = (one: ClientLockStatus): boolean => one.waitsFor?.some((other) => other.id === id) === true
  const here = waiting.filter((one) => isHere(one) && one.id !== id)
  const perhaps = here.filter((one) => one.waitsForMore && !isFor(one)).length
  const count = moreWaiting.filter(isHere).reduce((sum, one) => sum + one.count, perhaps)
  const words = `${waitsFor === null ? 'holds' : 'waits for'} inode ${ino} of volume ${volume}: ${lockWords(found)}`
  return [
    `${who(found)} ${words}`,
    ...here.filter(isFor).map((one) => `${who(one)} waits for it`),
    ...(count === 0 ? [] : [`${count} more may wait for it`]),
  ]
}
