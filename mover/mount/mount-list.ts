import { LRUCache } from 'lru-cache'

/** Who mounted what, as far as anybody has said so. */
export interface MountEntry {
  /** The client's address. */
  host: string
  directory: Uint8Array
}

/** Every entry fits into one reply of DUMP. */
const MAX_ENTRIES = 1024

/**
 * The mount list (RFC 1813 §5.2.2): for people who want to know who uses an export. Nothing depends on it; it is not
 * kept across restarts, and the oldest entries make room for new ones.
 */
export class MountList {
  readonly #entries: LRUCache<string, MountEntry>

  /** `onFull` is called whenever an entry is dropped to make room. */
  constructor(onFull: (dropped: MountEntry) => void) {
    this.#entries = new LRUCache({
      max: MAX_ENTRIES,
      dispose: (entry, _key, reason) => {
        if (reason === 'evict') onFull(entry)
      },
    })
  }

  add(host: string, directory: Uint8Array): void {
    this.#entries.set(keyOf(host, directory), { host, directory: directory.slice() })
  }

  remove(host: string, directory: Uint8Array): void {
    this.#entries.delete(keyOf(host, directory))
  }

  removeAll(host: string): void {
    for (const [key, entry] of [...this.#entries.entries()]) if (entry.host === host) this.#entries.delete(key)
  }

  /** Newest first. */
  get entries(): MountEntry[] {
    return [...this.#entries.values()]
  }
}

function keyOf(host: string, directory: Uint8Array): string {
  return `${host}\0${Buffer.from(directory).toString('latin1')}`
}
