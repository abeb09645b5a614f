import {
  type answer,
  type attributes,
  type message,
  message_kind,
  type operation,
  operation_kind,
} from '../../protocol/moverlock/moverlock.gen.ts'
import { XdrReader } from '../../protocol/xdr/reader.ts'
import { XdrWriter } from '../../protocol/xdr/writer.ts'
import { INODE_BYTES, InodeValue, TYPE_NUMBER } from '../volume/inode-value.ts'

/**
 * What the messages of a session carry besides numbers. All that can hold bytes of any choice is opaque: it is counted
 * where it is encoded and decoded, whatever field it stands in, and what a message is known to say by that (names, targets
 * of links, attributes) is taken off again. What is left are bytes of files.
 */
const VERIFIER_BYTES = 8
const HANDSHAKE_IDS_BYTES = 32

/** A writer that counts the opaque bytes that are written. */
export class OpaqueCountingWriter extends XdrWriter {
  opaqueBytes = 0

  override opaqueFixed(data: Uint8Array, length: number = data.length): void {
    super.opaqueFixed(data, length)
    this.opaqueBytes += length
  }
}

/** A reader that counts the opaque bytes that are read. */
export class OpaqueCountingReader extends XdrReader {
  opaqueBytes = 0

  override opaqueFixed(length: number): Uint8Array {
    const bytes = super.opaqueFixed(length)
    this.opaqueBytes += length
    return bytes
  }
}

type KindName = keyof typeof message_kind
type Said = { [K in KindName]: (message: Extract<message, { kind: (typeof message_kind)[K] }>) => number }

/** Opaque bytes that are no file's, in messages of each kind that has some. */
const KNOWN: Partial<Said> = {
  HELLO: ({ hello }) => hello.mover.length + HANDSHAKE_IDS_BYTES + hello.device.length,
  REFUSED: ({ refused }) => refused.reason.length,
  GRANT: () => INODE_BYTES,
  KNOWN: () => INODE_BYTES,
  CALL: ({ call }) => ofOperation(call.what),
  ANSWER: ({ answer }) => ofAnswer(answer),
}

const KNOWN_BY_KIND: ((message: never) => number)[] = []
for (const [name, known] of Object.entries(KNOWN)) KNOWN_BY_KIND[message_kind[name as KindName]] = known

/** Bytes of files among the `opaqueBytes` that encoding or decoding this message has counted. */
export function fileBytesOf(message: message, opaqueBytes: number): number {
  if (opaqueBytes === 0) return 0
  const known = KNOWN_BY_KIND[message.kind]
  return known === undefined ? opaqueBytes : opaqueBytes - known(message as never)
}

function ofOperation(what: operation): number {
  switch (what.kind) {
    case operation_kind.LOOKUP:
      return what.lookup.where.what.length
    case operation_kind.CREATE:
      return what.create.where.what.length + VERIFIER_BYTES
    case operation_kind.MKDIR:
      return what.mkdir.where.what.length
    case operation_kind.SYMLINK:
      return what.symlink.where.what.length + what.symlink.target.length
    case operation_kind.MKNOD:
      return what.mknod.where.what.length
    case operation_kind.REMOVE:
    case operation_kind.RMDIR:
      return what.where.what.length
    case operation_kind.RENAME:
      return what.rename.from.what.length + what.rename.to.what.length
    case operation_kind.LINK:
      return what.link.where.what.length
    default:
      return 0
  }
}

function ofAnswer({ before, after, target, list }: answer): number {
  let bytes = (before.length + after.length) * INODE_BYTES
  if (target.length > 0 && isTargetOf(after[0], target)) bytes += target.length
  for (const { what, object } of list?.entries ?? []) bytes += what.length + (object === null ? 0 : INODE_BYTES)
  return bytes
}

const link = new InodeValue()

/** A target is one only together with its link: a symbolic link that is so long. */
function isTargetOf(object: attributes | undefined, target: Uint8Array): boolean {
  if (object === undefined) return false
  const { type, size } = link.load(object.value, 0, object.value.length)
  return type === TYPE_NUMBER.symlink && size === target.length
}
