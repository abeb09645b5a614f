import { isIP } from 'node:net'
import { isLoopback, parseNetwork } from './address.ts'
import { MAX_EXPORT_ID } from './export-id.ts'
import { parseSize, parseTime } from './units.ts'
import {
  choice,
  fail,
  flag,
  integer,
  list,
  optional,
  type Place,
  parsed,
  type Reader,
  record,
  required,
  text,
  unsupported,
} from './yaml-reader.ts'

/** Smallest volume, bytes. */
export const MIN_VOLUME_BYTES = 64 * 2 ** 20
/** Largest image that is made, bytes: what a file offset can count exactly. */
export const MAX_VOLUME_BYTES = 2 ** 52
export const DEFAULT_IMAGE_BYTES = 8 * 2 ** 30
const DEFAULT_CACHE_BYTES = 256 * 2 ** 20
const MIN_CACHE_BYTES = 16 * 2 ** 20
/** What one WebAssembly memory can hold, with room to spare. */
const MAX_CACHE_BYTES = 3 * 2 ** 30
/** Every mover has a session with every primary, a cache of its own, and a bit in inodes (`ALL_MOVERS`). */
const MAX_MOVERS = 16
const DEFAULT_LEASE_MS = 5000
/** Of locks. A client that its server has lost notices, and reclaims, in a few seconds. */
const DEFAULT_GRACE_MS = 30_000
const MIN_GRACE_MS = 5000
const MAX_GRACE_MS = 300_000
const MIN_LEASE_MS = 200
const MAX_LEASE_MS = 60_000
/** RFC 1813 appendix I: MNTPATHLEN. */
const MAX_PATH_BYTES = 1024
const MAX_NAME_BYTES = 255

/** How NFS I/O meets the locks of other protocols. */
export const POLICIES = ['nolock', 'wlock', 'rwlock'] as const
export const ACCESSES = ['rw', 'ro'] as const
/** Whose identity is replaced by nobody's: no one's, the superuser's, everyone's. */
export const SQUASHES = ['none', 'root', 'all'] as const

export interface VolumeConfig {
  name: string
  /** Absolute path of an image file or of a block special file. */
  device: string
  /** True: below /dev; never made by us. */
  isSpecialFile: boolean
  /** Bytes of the image file when it must be made; null for a block special file. */
  sizeBytes: number | null
}

export interface MoverConfig {
  name: string
  /** IP address that clients reach it at. */
  address: string
  /** TCP port of NFS and MOUNT; 0 takes any free one. */
  nfs: number
  /** Port of the portmapper; 0 is off. */
  portmap: number
}

/** Which clients may use an export, and how. The first rule that matches a client's address counts. */
export interface ClientRuleConfig {
  /** `address/prefix` or an address. */
  match: string
  access: (typeof ACCESSES)[number]
  squash: (typeof SQUASHES)[number]
  /** True: calls from ports above 1023 are refused. */
  privilegedPort: boolean
}

export interface ExportConfig {
  /** 1 to 2^32 - 1; part of every file handle of the export. */
  id: number
  /** What clients mount: absolute, no `.`, `..` or empty parts. */
  path: string
  /** Name of a volume. */
  volume: string
  /** The directory of the volume that is the export's root. */
  subtree: string
  policy: (typeof POLICIES)[number]
  clients: ClientRuleConfig[]
}

export interface Config {
  /** The file that it was read from; null for the built-in defaults. */
  file: string | null
  /** Absolute path. */
  stateDir: string
  volumes: VolumeConfig[]
  /** One at least; names, and ports at one address, are unique. */
  movers: MoverConfig[]
  exports: ExportConfig[]
  cache: { perMoverBytes: number }
  /**
   * How long a mover may say nothing before it counts as dead, and how long clients have to reclaim their locks when one
   * was lost.
   */
  timing: { leaseMs: number; graceMs: number }
}

function name(value: string): string | null {
  if (/^[a-z0-9](?:[a-z0-9_-]{0,30}[a-z0-9])?$/i.test(value)) return null
  return `must be a name of 1 to 32 letters, digits, - and _, not '${value}'`
}

function filePath(value: string): string | null {
  return value === '' || value.includes('\0') ? 'must be a path' : null
}

function devicePath(value: string): string | null {
  if (/^iscsi:/i.test(value)) return 'iSCSI devices are not supported in this version; use an image file or /dev/…'
  return filePath(value)
}

/** A path as clients write it: absolute, canonical, parts of at most 255 bytes. */
function clientPath(value: string): string | null {
  if (!value.startsWith('/')) return `must be an absolute path such as /share, not '${value}'`
  if (Buffer.byteLength(value) > MAX_PATH_BYTES) return `must be at most ${MAX_PATH_BYTES} bytes long`
  if (value === '/') return null
  for (const part of value.slice(1).split('/')) {
    if (part === '' || part === '.' || part === '..') return `must not have '.', '..' or empty parts: '${value}'`
    if (Buffer.byteLength(part) > MAX_NAME_BYTES) return `must have parts of at most ${MAX_NAME_BYTES} bytes`
    if (part.includes('\0')) return 'must not have a zero byte'
  }
  return null
}

/** What clients mount cannot be the server's root: `/` would stand for every export. */
function exportPath(value: string): string | null {
  return value === '/' ? "must name an export such as /share, not '/'" : clientPath(value)
}

function ipAddress(value: string): string | null {
  return isIP(value) === 0 || value.includes('%') ? `must be an IP address, not '${value}'` : null
}

function network(value: string): string | null {
  return parseNetwork(value) === null
    ? `must be an address or a network such as 10.0.0.0/8 or fd00::/8, not '${value}'`
    : null
}

function size(least: number, most: number, allowed: string): Reader<number> {
  return parsed((value) => {
    const bytes = parseSize(value)
    return bytes !== null && bytes >= least && bytes <= most ? bytes : null
  }, allowed)
}

const volume = record({
  name: required(text(name)),
  device: optional<string | null>(text(devicePath), () => null),
  size: optional<number | null>(
    size(MIN_VOLUME_BYTES, MAX_VOLUME_BYTES, 'a size of 64MiB to 4PiB such as 8GiB'),
    () => null,
  ),
})

/** What a mover is where its configuration leaves keys out. */
export const DEFAULT_MOVER: Readonly<MoverConfig> = { name: 'a', address: '127.0.0.1', nfs: 2049, portmap: 111 }

const port = integer(0, 65535)

const mover = record({
  name: optional(text(name), () => DEFAULT_MOVER.name),
  address: optional(text(ipAddress), () => DEFAULT_MOVER.address),
  nfs: optional(port, () => DEFAULT_MOVER.nfs),
  portmap: optional(port, () => DEFAULT_MOVER.portmap),
  smb: unsupported(),
})

const clientKeys = record({
  match: required(text(network)),
  access: optional(choice(ACCESSES), () => 'rw' as const),
  squash: optional<ClientRuleConfig['squash'] | null>(choice(SQUASHES), () => null),
  privilegedPort: optional(flag(), () => false),
})

/** The rule of one network with its defaults: the superuser of another machine is not ours. */
export function clientRule(match: string, rule: Partial<ClientRuleConfig> = {}): ClientRuleConfig {
  const parsedMatch = parseNetwork(match)
  const squash = parsedMatch !== null && isLoopback(parsedMatch) ? 'none' : 'root'
  return { match, access: 'rw', squash, privilegedPort: false, ...rule }
}

const client: Reader<ClientRuleConfig> = (node, place) => {
  const { match, access, squash, privilegedPort } = clientKeys(node, place)
  return clientRule(match, { access, privilegedPort, ...(squash === null ? {} : { squash }) })
}

/** Who may use an export that names no clients: this machine. */
export function defaultClients(): ClientRuleConfig[] {
  return [clientRule('127.0.0.0/8'), clientRule('::1')]
}

const exported = record({
  id: optional<number | null>(integer(1, MAX_EXPORT_ID), () => null),
  path: required(text(exportPath)),
  volume: required(text(name)),
  subtree: optional(text(clientPath), () => '/'),
  policy: optional(choice(POLICIES), () => 'wlock' as const),
  clients: optional(list(client), defaultClients),
})

function time(leastMs: number, mostMs: number, what: string): Reader<number> {
  return parsed((value) => {
    const ms = parseTime(value)
    return ms !== null && ms >= leastMs && ms <= mostMs ? ms : null
  }, what)
}

const timing = record({
  lease: optional(time(MIN_LEASE_MS, MAX_LEASE_MS, 'a time of 200ms to 60s such as 1s'), () => DEFAULT_LEASE_MS),
  nfs4Lease: unsupported(),
  grace: optional(time(MIN_GRACE_MS, MAX_GRACE_MS, 'a time of 5s to 300s such as 30s'), () => DEFAULT_GRACE_MS),
  drainMs: unsupported(),
})

/** The whole file. Null: the key was left out. */
export const file = record({
  stateDir: optional<string | null>(text(filePath), () => null),
  volumes: optional(orNull(list(volume)), () => null),
  movers: optional(orNull(list(mover)), () => null),
  exports: optional(orNull(list(exported)), () => null),
  cache: optional(
    record({
      perMover: optional(
        size(MIN_CACHE_BYTES, MAX_CACHE_BYTES, 'a size of 16MiB to 3GiB such as 256MiB'),
        () => DEFAULT_CACHE_BYTES,
      ),
    }),
    () => ({ perMover: DEFAULT_CACHE_BYTES }),
  ),
  shares: unsupported(),
  users: unsupported(),
  cluster: unsupported(),
  admin: unsupported(),
  timing: optional(timing, () => ({ lease: DEFAULT_LEASE_MS, grace: DEFAULT_GRACE_MS })),
})

/** A file's content as it was written, before defaults that depend on other keys. */
export type FileContent = ReturnType<typeof file>

function orNull<T>(read: Reader<T>): Reader<T | null> {
  return read
}

/** A list that must not be empty, for cross checks. */
export function notEmpty(items: readonly unknown[], place: Place, what: string): void {
  if (items.length === 0) fail(place, `must have at least one ${what}; leave the key out for the default`)
}

export function notTooManyMovers(movers: readonly unknown[], place: Place): void {
  if (movers.length > MAX_MOVERS) fail(place, `must have at most ${MAX_MOVERS} movers, not ${movers.length}`)
}
