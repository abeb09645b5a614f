import { LRUCache } from 'lru-cache'
import type { AddressSet } from './cidr.ts'
import type { Credentials, FileService } from './service.ts'

/** Addresses whose rule an export remembers. */
const REMEMBERED_ADDRESSES = 1024
/** Ports below are given to privileged programs only. */
const FIRST_UNPRIVILEGED_PORT = 1024
/** uid and gid of squashed callers: nobody. */
export const ANONYMOUS_ID = 65534

/** What certain clients may do with an export. */
export interface ExportRule {
  clients: AddressSet
  access: 'rw' | 'ro'
  /** Whose ids are replaced by nobody's: no one's, the superuser's, everyone's. */
  squash: 'none' | 'root' | 'all'
  /** True: only clients whose port is below 1024 are taken. */
  privilegedPort: boolean
}

/** How NFS I/O minds the locks of SMB clients: not at all, for changes, for reads too. */
export type LockPolicy = 'nolock' | 'wlock' | 'rwlock'

export interface ExportOptions {
  /** In file handles: never given to another export. 1 to 2^32 - 1. */
  id: number
  /** As clients mount it: starts with a slash. */
  path: string
  service: FileService
  /** The directory that it shows as its root. */
  rootIno: number
  policy: LockPolicy
  /** The first rule whose clients hold an address decides. */
  rules: readonly ExportRule[]
}

/** A directory tree of a volume that NFS clients may mount. */
export class Export {
  readonly id: number
  readonly path: string
  readonly service: FileService
  readonly rootIno: number
  readonly policy: LockPolicy
  readonly rules: readonly ExportRule[]
  /** RFC 1813 fattr3.fsid: the same for all exports of a volume. */
  readonly fsid: bigint
  readonly #ruleOf = new LRUCache<string, { rule: ExportRule | undefined }>({ max: REMEMBERED_ADDRESSES })
  #lastAddress = ''
  #lastRule: ExportRule | undefined

  constructor(options: ExportOptions) {
    this.id = options.id
    this.path = options.path
    this.service = options.service
    this.rootIno = options.rootIno
    this.policy = options.policy
    this.rules = options.rules
    const { volumeUuid } = options.service
    this.fsid = new DataView(volumeUuid.buffer, volumeUuid.byteOffset).getBigUint64(0)
  }

  /** The rule for a client; undefined when it may not use the export. */
  match(address: string, port: number): ExportRule | undefined {
    if (address !== this.#lastAddress) {
      this.#lastRule = this.#find(address)
      this.#lastAddress = address
    }
    const rule = this.#lastRule
    return rule?.privilegedPort && !isPrivileged(port) ? undefined : rule
  }

  #find(address: string): ExportRule | undefined {
    let found = this.#ruleOf.get(address)
    if (found === undefined) {
      found = { rule: this.rules.find((rule) => rule.clients.has(address)) }
      this.#ruleOf.set(address, found)
    }
    return found.rule
  }
}

/** The exports of a mover. */
export class ExportTable {
  #byId = new Map<number, Export>()
  #byPath = new Map<string, Export>()

  constructor(exports: readonly Export[]) {
    this.replace(exports)
  }

  /** Takes another set of exports. Throws when two have one id or one path. */
  replace(exports: readonly Export[]): void {
    const byId = new Map<number, Export>()
    const byPath = new Map<string, Export>()
    for (const entry of exports) {
      if (byId.has(entry.id)) throw new Error(`export ${entry.path}: another one has the id ${entry.id} too`)
      if (byPath.has(entry.path)) throw new Error(`export ${entry.path} is there twice`)
      byId.set(entry.id, entry)
      byPath.set(entry.path, entry)
    }
    this.#byId = byId
    this.#byPath = byPath
  }

  byId(id: number): Export | undefined {
    return this.#byId.get(id)
  }

  byPath(path: string): Export | undefined {
    return this.#byPath.get(path)
  }

  /** All exports, in the order of the configuration. */
  all(): Export[] {
    return [...this.#byId.values()]
  }
}

/** Who a call says that it comes from. */
export interface Caller extends Credentials {
  /** RPC authentication flavour (RFC 5531 §8.2): 0 is AUTH_NONE. */
  flavour: number
}

const NO_GROUPS: readonly number[] = []
/** Group lists without root's group, by the list they were made from. */
const withoutRoot = new WeakMap<readonly number[], readonly number[]>()

/**
 * Writes into `out` who a caller is for an export: itself, or nobody. A caller whose user id is squashed loses its
 * supplementary groups; one that is not, only root's group. Callers without AUTH_SYS credentials are always nobody.
 */
export function squash(rule: ExportRule, caller: Caller, out: Credentials): void {
  const all = rule.squash === 'all' || caller.flavour === 0
  const root = rule.squash === 'root'
  const isNobody = all || (root && caller.uid === 0)
  out.uid = isNobody ? ANONYMOUS_ID : caller.uid
  out.gid = all || (root && caller.gid === 0) ? ANONYMOUS_ID : caller.gid
  out.gids = isNobody ? NO_GROUPS : root ? unprivileged(caller.gids) : caller.gids
}

function unprivileged(gids: readonly number[]): readonly number[] {
  if (!gids.includes(0)) return gids
  let others = withoutRoot.get(gids)
  if (others === undefined) {
    others = gids.filter((gid) => gid !== 0)
    withoutRoot.set(gids, others)
  }
  return others
}

/** True for a port that not everybody at a host may call from. */
export function isPrivileged(port: number): boolean {
  return port < FIRST_UNPRIVILEGED_PORT
}
