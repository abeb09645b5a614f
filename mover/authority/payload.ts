import {
  type answer,
  type attributes,
  type client_lock,
  type lock_op,
  lock_op_kind,
  lock_outcome_kind,
  type lock_owner,
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
  LOCK_ASK: ({ lock_ask }) => ofLockOp(lock_ask.what),
  LOCK_DEMOTE: ({ lock_demotion: { locks } }) => ofLocks(locks),
  LOCK_ASSERT: ({ lock_assertion: { locks, waiting } }) => ofLocks(locks) + ofLocks(waiting.map(({ what }) => what)),
  LOCK_ANSWER: ({ lock_answer: { outcome } }) =>
    outcome.kind === lock_outcome_kind.IS_DENIED ? ofOwner(outcome.met.what.owner) : 0,
}

const KNOWN_BY_KIND: ((message: never) => number)[] = []
for (const [name, known] of Object.entries(KNOWN)) KNOWN_BY_KIND[message_kind[name as KindName]] = known

/** Bytes of files among the `opaqueBytes` that encoding or decoding this message has counted. */
export function fileBytesOf(message: message, opaqueBytes: number): number {
  if (opaqueBytes === 0) return 0
  const known = KNOWN_BY_KIND[message.kind]
  return known === undefined ? opaqueBytes : opaqueBytes - known(message as never)
}

function ofOwner({ client, owner }: lock_owner): number {
  return client.length + owner.length
}

function ofLocks(locks: readonly client_lock[]): number {
  return locks.reduce((bytes, { owner }) => bytes + ofOwner(owner), 0)
}

function ofLockOp(op: lock_op): number {
  if (op.kind === lock_op_kind.ASK_CANCEL) return ofOwner(op.cancel.owner)
  return ofOwner(op.kind === lock_op_kind.ASK_FREE ? op.owner : op.what.owner)
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
    case operation_kind.SET_CLIENT:
      return what.client.id.length + what.client.value.length
    case operation_kind.DROP_CLIENT:
      return what.id.length
    case operation_kind.CLIENTS:
      return what.clients.prefix.length + what.clients.after.length
    default:
      return 0
  }
}

function ofAnswer({ before, after, target, list, remembered }: answer): number {
  let bytes = (before.length + after.length) * INODE_BYTES
  if (target.length > 0 && isTargetOf(after[0], target)) bytes += target.length
  for (const { id, value } of remembered?.clients ?? []) bytes += id.length + value.length
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
