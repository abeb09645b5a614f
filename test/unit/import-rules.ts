/**
 * Who may import whom. A room is a folder (or some files) of protocol/ and mover/; the longest path that fits decides
 * which room a file is in. Imports of types count like all others between rooms: a room must not know what it must not
 * know. Between files of one room only imports that exist at run time may not form a cycle; types may.
 */
import { posix } from 'node:path'

export interface Room {
  name: string
  /** Files and folders (with a slash at the end), from the project's root. */
  paths: readonly string[]
  /** Rooms that it may import, besides itself. */
  rooms: readonly string[]
  /** Node's modules without `node:`; `*` stands for all. */
  node: readonly string[]
  packages: readonly string[]
}

/** Needs nothing of the outside world: no socket, timer, clock, file or random number. */
const PURE = { node: [], packages: [] }
/** What a protocol's server side may know. */
const SERVER = {
  rooms: ['protocol', 'files', 'volume', 'clients', 'identity', 'rpc', 'net', 'words'],
  node: ['crypto', 'net', 'zlib'],
  packages: ['lru-cache', 'pino'],
}
const ALL = ['*']

const servers = ['nfs3', 'mount', 'portmap', 'nlm4', 'nsm', 'nfs4', 'smb2']

export const ROOMS: readonly Room[] = [
  { name: 'protocol', paths: ['protocol/'], rooms: [], ...PURE },
  { name: 'moverlock', paths: ['protocol/moverlock/'], rooms: ['protocol'], ...PURE },
  {
    name: 'words',
    paths: ['environment', 'suspend', 'failure', 'operation', 'task', 'trace-event', 'lease', 'turns'].map(
      (word) => `mover/${word}.ts`,
    ),
    rooms: [],
    ...PURE,
  },
  {
    name: 'environment',
    paths: ['mover/real-environment.ts', 'mover/vigil.ts'],
    rooms: ['words'],
    node: ['crypto', 'os'],
    packages: [],
  },
  { name: 'locks', paths: ['mover/locks/'], rooms: [], ...PURE },
  {
    name: 'store',
    paths: ['mover/store/'],
    rooms: ['words'],
    node: ['fs', 'path', 'child_process', 'crypto', 'os'],
    packages: [],
  },
  { name: 'volume', paths: ['mover/volume/'], rooms: ['store', 'words'], node: ['zlib'], packages: [] },
  {
    name: 'authority',
    paths: ['mover/authority/'],
    rooms: ['locks', 'moverlock', 'protocol', 'volume', 'words'],
    node: [],
    packages: ['pino'],
  },
  {
    name: 'files',
    paths: ['mover/files/'],
    rooms: ['locks', 'authority', 'moverlock', 'volume', 'store', 'words'],
    node: ['net'],
    packages: ['lru-cache'],
  },
  { name: 'identity', paths: ['mover/identity/'], rooms: ['words'], node: ['crypto'], packages: ['lru-cache'] },
  { name: 'clients', paths: ['mover/clients/'], rooms: ['volume', 'words'], node: [], packages: [] },
  {
    name: 'net',
    paths: ['mover/net/'],
    rooms: ['protocol', 'words'],
    node: ['dgram', 'fs', 'net', 'os'],
    packages: ['lru-cache', 'pino'],
  },
  {
    name: 'rpc',
    paths: ['mover/rpc/'],
    rooms: ['protocol', 'net', 'clients', 'words'],
    node: ['crypto', 'zlib'],
    packages: ['pino'],
  },
  ...servers.map((name) => ({ name, paths: [`mover/${name}/`], ...SERVER })),
  { name: 'config', paths: ['mover/config/'], rooms: [], node: ['crypto', 'fs', 'net', 'path'], packages: ['yaml'] },
  { name: 'host', paths: ['mover/host/'], rooms: ['config', 'environment', 'words'], node: ALL, packages: ['pino'] },
  {
    name: 'control',
    paths: ['mover/control/'],
    rooms: ['host', 'words'],
    node: ['events', 'fs', 'http', 'path'],
    packages: ['fastify'],
  },
  {
    name: 'sessions',
    paths: ['mover/sessions/'],
    rooms: ['authority', 'host', 'moverlock', 'net', 'words'],
    node: ['fs', 'net'],
    packages: ['pino'],
  },
  // The roots: where the parts of a process are wired together. Nothing but the command line knows them.
  {
    name: 'volumes',
    paths: [
      'mover/volumes.ts',
      'mover/membership.ts',
      'mover/primary.ts',
      'mover/lock-list.ts',
      'mover/lock-status.ts',
      'mover/primary-reign.ts',
      'mover/primary-link.ts',
      'mover/secondary.ts',
      'mover/volume-set.ts',
    ],
    rooms: [
      'authority',
      'config',
      'control',
      'environment',
      'files',
      'host',
      'locks',
      'moverlock',
      'rpc',
      'sessions',
      'store',
      'volume',
      'words',
    ],
    node: ALL,
    packages: ['pino'],
  },
  {
    name: 'supervisor',
    paths: ['mover/supervisor.ts'],
    rooms: ['config', 'control', 'environment', 'host', 'store', 'volumes'],
    node: ALL,
    packages: ['pino'],
  },
  {
    name: 'mover',
    paths: ['mover/mover.ts', 'mover/find.ts'],
    rooms: ['config', 'control', 'host', 'volumes', 'files', 'volume', 'rpc', 'net', 'clients', 'words', ...servers],
    node: [],
    packages: ['pino'],
  },
  {
    name: 'main',
    paths: ['mover/main.ts'],
    rooms: ['config', 'control', 'host', 'environment', 'mover', 'nsm', 'rpc', 'volumes', 'words'],
    node: ALL,
    packages: ['pino'],
  },
  {
    name: 'cli',
    paths: ['mover/cli/'],
    rooms: ['config', 'control', 'host', 'store', 'supervisor', 'volumes', 'words'],
    node: ALL,
    packages: [],
  },
]

export interface Import {
  /** As written. */
  specifier: string
  /** True: gone at run time. */
  typeOnly: boolean
  line: number
}

const STATEMENT = /^[ \t]*(?:import|export)\b(?:\s+(type)\b)?([^'"`;()=]*?)\bfrom\s*(['"])([^'"\n]+)\3/gm
const BARE = /^[ \t]*import\s*(['"])([^'"\n]+)\1/gm
const DYNAMIC = /\bimport\(\s*(['"`])([^'"`\n]*)\1/g

/** Every import and re-export of a source text, dynamic ones too. */
export function importsOf(source: string): Import[] {
  const found: Import[] = []
  const lineAt = (index: number): number => source.slice(0, index).split('\n').length
  for (const match of source.matchAll(STATEMENT)) {
    const [text, type, names, , specifier] = match
    const start = match.index + text.length - text.trimStart().length
    found.push({ specifier, typeOnly: type !== undefined || onlyTypes(names), line: lineAt(start) })
  }
  for (const match of source.matchAll(BARE))
    found.push({ specifier: match[2], typeOnly: false, line: lineAt(match.index) })
  for (const match of source.matchAll(DYNAMIC))
    found.push({ specifier: match[2], typeOnly: false, line: lineAt(match.index) })
  return found
}

/** `{ type A, type B }`: nothing of it exists at run time. */
function onlyTypes(names: string): boolean {
  const inner = /^\s*\{([^}]*)\}\s*$/.exec(names)?.[1]
  if (inner === undefined) return false
  const parts = inner.split(',').map((part) => part.trim())
  return parts.filter((part) => part !== '').every((part) => part.startsWith('type '))
}

/** What is wrong with the imports of `sources` (path to text), a line each; empty when nothing is. */
export function checkImports(sources: ReadonlyMap<string, string>, rooms: readonly Room[] = ROOMS): string[] {
  const problems: string[] = []
  const files = new Map<string, string[]>()
  const roomEdges = new Map<string, string[]>()
  for (const [path, source] of sources) {
    const room = roomOf(path, rooms)
    if (room === null) {
      problems.push(`${path}: stands in no room; give it one in test/unit/import-rules.ts`)
      continue
    }
    const fileEdges: string[] = []
    for (const { specifier, typeOnly, line } of importsOf(source)) {
      const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : null
      const wrong = target === null ? outsideProblem(room, specifier) : insideProblem(room, target, sources, rooms)
      if (wrong !== null) problems.push(`${path}:${line}: ${wrong}`)
      if (target === null || !sources.has(target)) continue
      if (!typeOnly) fileEdges.push(target)
      const other = roomOf(target, rooms)
      if (other !== null && other !== room) roomEdges.set(room.name, [...(roomEdges.get(room.name) ?? []), other.name])
    }
    files.set(path, fileEdges)
  }
  for (const cycle of cyclesOf(files)) problems.push(`files import each other: ${cycle.join(' -> ')}`)
  for (const cycle of cyclesOf(roomEdges)) problems.push(`rooms import each other: ${cycle.join(' -> ')}`)
  return problems
}

function roomOf(path: string, rooms: readonly Room[]): Room | null {
  let best: Room | null = null
  let length = 0
  for (const room of rooms) {
    for (const prefix of room.paths) {
      const fits = prefix.endsWith('/') ? path.startsWith(prefix) : path === prefix
      if (fits && prefix.length > length) [best, length] = [room, prefix.length]
    }
  }
  return best
}

function insideProblem(
  room: Room,
  target: string,
  sources: ReadonlyMap<string, string>,
  rooms: readonly Room[],
): string | null {
  if (!sources.has(target)) return `${target} does not exist, or is no part of the product`
  const other = roomOf(target, rooms)
  if (other === null || other === room || room.rooms.includes(other.name)) return null
  const allowed = room.rooms.length === 0 ? 'no other room' : room.rooms.join(', ')
  return `${room.name} must not import ${other.name} (${target}); it may import ${allowed}`
}

function outsideProblem(room: Room, specifier: string): string | null {
  if (!specifier.startsWith('node:')) {
    if (room.packages.some((name) => specifier === name || specifier.startsWith(`${name}/`))) return null
    return `${room.name} must not import the package ${specifier}`
  }
  const name = specifier.slice('node:'.length)
  if (room.node.includes('*') || room.node.some((allowed) => name === allowed || name.startsWith(`${allowed}/`)))
    return null
  return `${room.name} must not import ${specifier}`
}

/** One cycle through each node that is found on one, as its path back to the start. */
function cyclesOf(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = []
  const done = new Set<string>()
  const path: string[] = []
  const visit = (node: string): void => {
    const at = path.indexOf(node)
    if (at >= 0) cycles.push([...path.slice(at), node])
    if (at >= 0 || done.has(node)) return
    path.push(node)
    for (const next of new Set(edges.get(node) ?? [])) visit(next)
    path.pop()
    done.add(node)
  }
  for (const node of edges.keys()) visit(node)
  return cycles
}
