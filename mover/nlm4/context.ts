import type { Logger } from 'pino'
import type { Environment } from '../environment.ts'
import type { Failure } from '../failure.ts'
import { MAY, mayTransfer } from '../files/access.ts'
import type { ClientLocks, LockOwner } from '../files/client-locks.ts'
import type { ClientRecords } from '../files/client-records.ts'
import { type Export, squash } from '../files/exports.ts'
import { type Credentials, type FileService, newOperation, type Operation } from '../files/service.ts'
import { LimitedLog } from '../net/limited-log.ts'
import type { RpcClient } from '../rpc/client/rpc-client.ts'
import type { Call } from '../rpc/program.ts'
import { type NlmClient, NlmClients } from './clients.ts'
import { Grants } from './grants.ts'
import { KnownOwners } from './known-owners.ts'
import type { WireOwner } from './owner.ts'
import { RememberedClients } from './remembered.ts'
import { Restarts } from './restarts.ts'
import { FAILURE_STATUS, type NlmStatus } from './status.ts'
import { UnaskedLocks } from './unasked.ts'
import { Waiters } from './waiters.ts'

/** Understands file handles (RFC 1813 §2.6) of the NFS server. */
export interface HandleReader {
  decode(bytes: Uint8Array): { export: Export; ino: number; generation: number } | 'BADHANDLE' | 'STALE'
}

/** What a volume keeps of locks: null where it keeps none. */
export interface LockServices {
  locks: ClientLocks
  records: ClientRecords
}

export interface NlmOptions {
  environment: Environment
  logger: Logger
  /** Calls clients back. */
  client: RpcClient
  handles: HandleReader
  servicesOf(service: FileService): LockServices | null
  /** True when some export is for callers from there. */
  serves(address: string, port: number): boolean
  /** The mover's name, which its clients are remembered under. */
  mover: string
}

/** A file, as far as locks are concerned. */
export interface Target extends LockServices {
  /** Those who wait for locks of its volume. */
  waiters: Waiters
  service: FileService
  ino: number
  generation: number
}

/** What is remembered of clients: each is bounded. */
export interface NlmStatistics {
  /** Clients that may have locks. */
  clients: number
  /** Locks that they wait for, and that they have and are being told of. */
  waiting: number
  /** Of those, the ones that they are being told of. */
  told: number
  /** Addresses whose status monitor is being asked whether it was started anew. */
  asked: number
}

/** What the procedures of all versions share. One call is served at a time. */
export class NlmContext {
  readonly environment: Environment
  readonly client: RpcClient
  readonly grants: Grants
  readonly clients = new NlmClients()
  readonly owners = new KnownOwners()
  readonly restarts: Restarts
  readonly remembered: RememberedClients
  readonly unasked = new UnaskedLocks()
  readonly op: Operation & { credentials: Credentials }
  readonly #options: NlmOptions
  readonly #log: LimitedLog
  readonly #waiters = new Map<ClientLocks, Waiters>()

  constructor(options: NlmOptions) {
    this.#options = options
    this.environment = options.environment
    this.#log = new LimitedLog(options.logger, options.environment)
    this.client = options.client
    this.grants = new Grants(options.environment, options.client, (host) =>
      this.#log.warn(
        'callback',
        host,
        () => `cannot tell ${host} that it has a lock that it has waited for: no answer`,
      ),
    )
    const { client, serves } = options
    this.restarts = new Restarts({
      clients: this.clients,
      client,
      serves,
      release: (client) => this.release(client),
      voidUnasked: (address, state) => this.unasked.releasedAt(address, state),
    })
    const isUsed = ({ key }: NlmClient): boolean => [...this.#waiters.keys()].some((locks) => locks.isUsed('nlm', key))
    this.remembered = new RememberedClients({ ...options, clients: this.clients, isUsed })
    this.op = newOperation({ uid: 0, gid: 0, gids: [] }, false)
  }

  statistics(): NlmStatistics {
    const all = [...this.#waiters.values()]
    const sum = (count: (waiters: Waiters) => number): number => all.reduce((total, one) => total + count(one), 0)
    return {
      clients: this.clients.size,
      waiting: sum(({ size }) => size),
      told: sum(({ told }) => told),
      asked: this.restarts.size,
    }
  }

  /** A limit has been reached: the caller is answered so, and people read of it. `reason` completes "…: it …". */
  noLocks(kind: string, { address }: Call, reason: string): 'NOLOCKS' {
    this.#log.warn(kind, address, () => `refused a lock to ${address}: it ${reason}`)
    return 'NOLOCKS'
  }

  /** As `noLocks`, for an UNLOCK that would leave a lock in two pieces: it keeps all of it. */
  noPieces({ address }: Call): 'NOLOCKS' {
    this.#log.warn(
      'unlock',
      address,
      () =>
        `refused to unlock a part for ${address}: that makes two locks of one, and it has too many, or all have too many`,
    )
    return 'NOLOCKS'
  }

  /** Runs a handler: its operation goes on where the last run of the call was answered by other movers. */
  run<T>(call: Call, handle: () => T): T {
    const { op } = this
    op.barrier = null
    op.forwarded = call.forwarded
    op.forwarded?.rewind()
    try {
      return handle()
    } finally {
      call.barrier = op.barrier
      call.forwarded = op.forwarded
    }
  }

  /** The file of a handle. Sets up `op` for its caller by the export's rules. */
  open(handle: Uint8Array, call: Call): Target | NlmStatus {
    const known = this.#options.handles.decode(handle)
    if (typeof known === 'string') return FAILURE_STATUS[known]
    const rule = known.export.match(call.address, call.port)
    if (rule === undefined) return 'FAILED'
    const { op } = this
    squash(rule, call.credentials, op.credentials)
    op.readOnly = rule.access === 'ro'
    op.intent = 'access'
    const { service } = known.export
    const services = this.#options.servicesOf(service)
    if (services === null) return 'NOLOCKS'
    const { locks, records } = services
    return { locks, records, waiters: this.#waitersOf(locks), service, ino: known.ino, generation: known.generation }
  }

  /**
   * Why the caller may not lock the file; null when it may. It has opened the file already, as far as its client knows: so it
   * is let in who owns the file, or may read or write it. On a read-only export nothing is locked for writing.
   */
  refusal({ service, ino, generation }: Target, isForWriting: boolean): NlmStatus | null {
    const { op } = this
    if (isForWriting && op.readOnly) return 'ROFS'
    const inode = service.inode(op, ino, generation)
    if (typeof inode === 'string') return FAILURE_STATUS[inode]
    if (inode.type !== 'file') return 'FAILED'
    const { credentials } = op
    const isAllowed = mayTransfer(credentials, inode, MAY.read) || mayTransfer(credentials, inode, MAY.write)
    return isAllowed ? null : 'FAILED'
  }

  /**
   * Makes sure that the client is durably remembered: when this mover starts anew, it is told so, and reclaims its locks. Null,
   * or why it cannot be. Throws `Suspend` until it is.
   */
  remember({ records }: Target, client: NlmClient, { localAddress }: Call): Failure | null {
    return this.remembered.remember(records, client, localAddress)
  }

  /** A client asks for something; null when there are too many clients. */
  caller({ caller_name }: WireOwner, { client }: LockOwner, { address }: Call): NlmClient | null {
    this.remembered.arm()
    return this.clients.add(caller_name, address, client)
  }

  /**
   * A client asks for a lock in this state of its own. In a later one than before it has started anew: its locks of before
   * go, though news of its start may be under way for long.
   */
  sawState(client: NlmClient, state: number): void {
    if (state > 0) client.lastState = state
    if (state <= client.state) return
    if (client.state > 0) this.#releaseLocks(client, state)
    client.state = state
  }

  /** A client has started anew, or wants nothing any more: all its locks go. */
  release(client: NlmClient): void {
    this.clients.remove(client)
    this.remembered.left(client)
    this.#releaseLocks(client, null)
  }

  /** `state`: what it has asked for in that one, and does not have yet, is wanted. Null: nothing is. */
  #releaseLocks(client: NlmClient, state: number | null): void {
    this.unasked.released(client.key, state)
    for (const [locks, waiters] of this.#waiters) {
      waiters.forgetClient(client.key)
      locks.releaseClient('nlm', client.key)
    }
  }

  #waitersOf(locks: ClientLocks): Waiters {
    let waiters = this.#waiters.get(locks)
    if (waiters === undefined) {
      waiters = new Waiters(this.environment, locks, this.grants)
      this.#waiters.set(locks, waiters)
      locks.listener = waiters
    }
    return waiters
  }
}
