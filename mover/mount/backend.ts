import type { Failure } from '../failure.ts'
import type { Call } from '../rpc/program.ts'

/** An export as it is shown to everybody who asks. */
export interface ExportListing {
  path: Uint8Array
  /** Who may mount it, in the words of the configuration; nobody named: everybody. */
  clients: readonly Uint8Array[]
}

/** What MOUNT needs to know of exports and volumes. */
export interface MountBackend {
  /**
   * The file handle of a directory: an export's own path, or a directory under it. Fails with ACCES when the caller may
   * not use the export. May throw `Suspend` and set the call's barrier.
   */
  resolve(path: Uint8Array, call: Call): Uint8Array | Failure
  exports(): readonly ExportListing[]
}
