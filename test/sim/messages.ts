/** Messages between simulated movers, for people. */
import { MESSAGE_KINDS } from '../../mover/authority/told.ts'
import { type message, readmessage } from '../../protocol/moverlock/moverlock.gen.ts'
import { XdrReader } from '../../protocol/xdr/reader.ts'

/** Before each frame of a session stands its length. */
const LENGTH_BYTES = 4

/** A message with all its fields, but what is opaque. */
export function describe({ kind, ...fields }: message): string {
  return `${MESSAGE_KINDS[kind]} ${JSON.stringify(fields, shown)}`
}

/** All messages of a frame, with its length before it. */
export function describeFrame(frame: Uint8Array): string {
  const reader = new XdrReader().reset(frame, LENGTH_BYTES, frame.length)
  const messages: string[] = []
  while (reader.remaining > 0) messages.push(describe(readmessage(reader)))
  return messages.join('; ')
}

/** The file that a message is about; 0: none. */
export function inoOf(message: message): number {
  for (const part of Object.values(message)) {
    if (typeof part === 'object' && part !== null && 'ino' in part) return part.ino as number
  }
  return 0
}

/** `JSON.stringify` shows a Buffer after it has made an object of it, and knows no bigint. */
function shown(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}`
  if (typeof value !== 'object' || value === null) return value
  return value instanceof Uint8Array || ('type' in value && value.type === 'Buffer') ? '…' : value
}
