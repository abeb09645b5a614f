/** What is shown of what movers say to each other about a file; JSON as it is. */

/** Blocks of 4 KiB, half-open; an end of null is that of the file, and null the whole file. */
export type TracedBlocks = [first: number, end: number | null] | null

export interface TracedToken {
  token: 'WF_R' | 'BR_R' | 'BR_W' | 'WF_X'
  blocks: TracedBlocks
  serial: number
}

/** What matters of a message or of an answer; each kind has its own. */
export interface TraceDetails {
  /** The kind of the token that it is about. */
  token?: 'WF_R' | 'BR_R' | 'BR_W' | 'WF_X'
  blocks?: TracedBlocks
  /** Of a LOCK that asks for more: the blocks that are needed. */
  need?: TracedBlocks
  serial?: number
  /** What a mover asserts that it holds. */
  holds?: TracedToken[]
  /** Of a metadata call. */
  operation?: string
  names?: string[]
  /** A client lock: `exclusive bytes 0 to 99`, `open`. */
  lock?: string
  /** Which client locks a mover may decide about on its own from now on. */
  decides?: 'none' | 'shared' | 'all'
  /** Blocks that are committed, extents or locks that are told. */
  count?: number
  /** True when a message tells of changes of the file. */
  tellsChanges?: boolean
  /** OK, or why not. */
  status?: string
  /** Bytes of a client's READ or WRITE, half-open. */
  bytes?: [start: number, end: number]
  /** Tokens that let the mover answer its client on its own; none: it did not need one, or not on its own. */
  under?: string[]
}

/** A message that a mover has sent to another one, or an answer that it has given to a client of its own. */
export interface TraceEvent extends TraceDetails {
  /** Milliseconds since 1970. */
  wallMs: number
  /** See `Environment.hostMs`: by this, events of several movers of a host are put in order. */
  hostMs: number
  /** `sent` to a mover; `answered` to a client. */
  what: 'sent' | 'answered'
  /** A mover, or a client's address. */
  to: string
  /** LOCK, GRANT, ...; of an answer the procedure. */
  kind: string
  /** Of a message: those that a mover sends to another one with the same number travel together. */
  frame?: number
}

/** Answer to a poll: what a mover has said about a file since the last one. */
export interface TracePage {
  /** Another name than before: the file has not been traced meanwhile. */
  trace: string
  /** The number of the last event; the next poll asks for those behind it. */
  last: number
  /** How many events were more than could be kept. */
  dropped: number
  /** The mover's clock: whatever happened before is in this page or in earlier ones. */
  hostMs: number
  events: TraceEvent[]
}
