/**
 * Leases: what a client may keep in its cache of a file, in SMB's words (MS-SMB2 3.3.5.9.8, MS-FSA 2.1.4.12). NFSv4's read
 * delegations are `READ`, its write delegations `READ | WRITE`.
 */

/** A sum of these. */
export type LeaseState = number
export const LEASE_NONE = 0
/** Data may be read from the cache. */
export const LEASE_READ = 1
/** The file may stay open although the application has closed it. */
export const LEASE_HANDLE = 2
/** Data may be written to the cache; nobody else has the file open. */
export const LEASE_WRITE = 4

/** What somebody else is about to do. Looking at attributes is none of it. */
export type LeaseEvent =
  | 'open'
  /** To write, or to deny something. */
  | 'openForWriting'
  /** The file's contents go. */
  | 'overwrite'
  /** The opens of a lease's holder are in the way of another one. */
  | 'shareConflict'
  | 'read'
  /** Also a change of size. */
  | 'write'
  | 'lockRange'
  /** The file gets another name, or none. */
  | 'rename'

/** Whose lease it is decides what it promises. */
export type LeaseKind = 'smb' | 'nfs4'

const ALL = LEASE_READ | LEASE_HANDLE | LEASE_WRITE

/** What a holder has to give up before. An NFSv4 client has been promised that nobody else opens the file to write to it. */
const TAKES: Readonly<Record<LeaseKind, Readonly<Record<LeaseEvent, LeaseState>>>> = {
  smb: {
    open: LEASE_WRITE,
    openForWriting: LEASE_WRITE,
    overwrite: LEASE_READ | LEASE_WRITE,
    shareConflict: LEASE_HANDLE,
    read: LEASE_WRITE,
    write: LEASE_READ | LEASE_WRITE,
    lockRange: LEASE_READ | LEASE_WRITE,
    rename: LEASE_HANDLE,
  },
  nfs4: {
    open: LEASE_WRITE,
    openForWriting: ALL,
    overwrite: ALL,
    shareConflict: ALL,
    read: LEASE_WRITE,
    write: ALL,
    lockRange: LEASE_WRITE,
    rename: ALL,
  },
}

/** A client's lease on a file; several opens share it by its key. */
export interface Lease {
  readonly key: string
  readonly kind: LeaseKind
  readonly state: LeaseState
  /** What its holder has been told to go down to, and has not said yet that it has. */
  readonly breakingTo: LeaseState | null
}

/** A holder is to be told; `mustAnswer`: what was about to be done has to wait for it. */
export interface LeaseBreak {
  readonly key: string
  readonly from: LeaseState
  readonly to: LeaseState
  readonly mustAnswer: boolean
}

/** The leases of one file. */
export class FileLeases {
  readonly #leases = new Map<string, Lease>()

  get size(): number {
    return this.#leases.size
  }

  get(key: string): Lease | null {
    return this.#leases.get(key) ?? null
  }

  /**
   * Grants of what is wanted as much as can be, and returns what the lease is then: nobody writes to a cache while others
   * have the file open, and nobody reads from one while another may write to its own. A lease is never less than before,
   * and does not grow while it is being broken.
   */
  grant(key: string, kind: LeaseKind, wanted: LeaseState, isOpenElsewhere: boolean): LeaseState {
    const own = this.get(key)
    const others = [...this.#leases.values()].filter((lease) => lease.key !== key)
    let state = wanted & ALL
    if (isOpenElsewhere || others.length > 0) state &= ~LEASE_WRITE
    if (others.some((lease) => lease.state & LEASE_WRITE)) state = LEASE_NONE
    state = sensible(state)
    if (own !== null && (own.breakingTo !== null || (state | own.state) !== state)) return own.state
    if (state !== LEASE_NONE) this.#leases.set(key, { key, kind, state, breakingTo: null })
    return state
  }

  /**
   * What has to be told before somebody does this; `by` is the key of its own lease, or null. If somebody must answer, it is
   * to be asked again after each answer, until nobody must.
   */
  breaksFor(event: LeaseEvent, by: string | null): LeaseBreak[] {
    const breaks: LeaseBreak[] = []
    for (const lease of this.#leases.values()) {
      const { key, kind, state } = lease
      const to = sensible(state & ~TAKES[kind][event])
      if (key === by || to === state) continue
      // Whose break is under way is told more when it has answered.
      if (lease.breakingTo !== null) breaks.push({ key, from: state, to: lease.breakingTo, mustAnswer: true })
      else breaks.push(this.#break(lease, to))
    }
    return breaks
  }

  /** A holder says what it has gone down to; false when it was not asked to, or keeps more than it may. */
  acknowledge(key: string, state: LeaseState): boolean {
    const lease = this.get(key)
    if (lease === null || lease.breakingTo === null || (state | lease.breakingTo) !== lease.breakingTo) return false
    this.#set(lease, sensible(state))
    return true
  }

  /** A holder has not answered in time, or has closed the file, or is gone. */
  remove(key: string): boolean {
    return this.#leases.delete(key)
  }

  #break(lease: Lease, to: LeaseState): LeaseBreak {
    const { key, state: from } = lease
    // An SMB client that only reads from its cache has nothing to do before others go on.
    const mustAnswer = lease.kind === 'nfs4' || from !== LEASE_READ
    if (mustAnswer) this.#leases.set(key, { ...lease, breakingTo: to })
    else this.#set(lease, to)
    return { key, from, to, mustAnswer }
  }

  #set(lease: Lease, state: LeaseState): void {
    if (state === LEASE_NONE) this.#leases.delete(lease.key)
    else this.#leases.set(lease.key, { ...lease, state, breakingTo: null })
  }
}

/** Without reading from the cache there is no use in the rest. */
function sensible(state: LeaseState): LeaseState {
  return state & LEASE_READ ? state : LEASE_NONE
}
