import type { BlockDevice } from '../../mover/store/device.ts'
import type { Task } from '../../mover/task.ts'
import { findSuperblock } from '../../mover/volume/device-io.ts'
import { INODE_FLAG, InodeValue, typeName } from '../../mover/volume/inode-value.ts'
import { KIND, keyA, keyAHigh, keyALow, keyB, keyIno, keyKind } from '../../mover/volume/keys.ts'
import { TREE_ID } from '../../mover/volume/layout.ts'
import { loadReplays, loadSpace } from '../../mover/volume/open.ts'
import { clientOf } from '../../mover/volume/records/client-parts.ts'
import { ReplayTable } from '../../mover/volume/replay-table.ts'
import type { Space } from '../../mover/volume/space.ts'
import type { Superblock } from '../../mover/volume/superblock.ts'
import type { Key } from '../../mover/volume/tree/key.ts'
import type { NodeMemory } from '../../mover/volume/tree/node-layout.ts'
import { walkTreeTask } from '../../mover/volume/tree/walk.ts'

export interface FoundInode {
  readonly ino: number
  readonly type: ReturnType<typeof typeName>
  readonly flags: number
  readonly lockers: number
  readonly mode: number
  readonly nlink: number
  readonly uid: number
  readonly gid: number
  readonly generation: number
  readonly size: number
  readonly blocks: number
  readonly rdevMajor: number
  readonly rdevMinor: number
  readonly change: number
  readonly nextCookie: number
  readonly verifier: string
  readonly atime: bigint
  readonly mtime: bigint
  readonly ctime: bigint
}

export interface FoundEntry {
  readonly dir: number
  readonly cookie: number
  readonly ino: number
  readonly type: number
  /** Bytes as latin1. */
  readonly name: string
}

export interface FoundExtent {
  readonly ino: number
  readonly fileBlock: number
  readonly deviceBlock: number
  readonly length: number
}

/** Everything that a volume holds, read from its device past all caches. */
export class FoundVolume {
  readonly superblock: Superblock
  readonly space: Space
  readonly replays = new ReplayTable()
  replayBlocks: number[] = []
  readonly nodes: number[] = []
  readonly inodes = new Map<number, FoundInode>()
  readonly entries: FoundEntry[] = []
  /** `dir/folded/exact/cookie` to inode and name. */
  readonly names = new Map<string, { readonly ino: number; readonly name: string }>()
  /** `ino/dir/cookie`. */
  readonly parents = new Set<string>()
  readonly targets = new Map<number, string>()
  readonly extents = new Map<number, FoundExtent[]>()
  readonly orphans: number[] = []
  readonly truncating: number[] = []
  readonly marks: number[] = []
  readonly locked: number[] = []
  /** Of those: bits of movers. */
  readonly lockers: number[] = []
  /** What is remembered of clients, by their ids; both in latin1. */
  readonly clients = new Map<string, string>()
  /** Records that should not be there at all. */
  readonly strangers: string[] = []

  private constructor(superblock: Superblock, space: Space) {
    this.superblock = superblock
    this.space = space
  }

  /** Reads the volume on `device`, on which nothing may be under way, as its last checkpoint has left it. */
  static *read(device: BlockDevice, memory: NodeMemory): Task<FoundVolume> {
    const superblock = yield* findSuperblock(device)
    const found = new FoundVolume(superblock, yield* loadSpace(device, superblock))
    found.replayBlocks = yield* loadReplays(device, superblock, found.replays)
    yield* walkTreeTask({
      device,
      uuid: superblock.uuid,
      treeId: TREE_ID.main,
      root: superblock.trees.find((tree) => tree.id === TREE_ID.main)?.root ?? 0,
      epoch: superblock.epoch + 1,
      term: superblock.term,
      memory,
      visitor: {
        node: (node) => found.nodes.push(node.address),
        record: (key, bytes, offset, length) => found.#record(key, bytes.subarray(offset, offset + length)),
      },
    })
    return found
  }

  #record(key: Key, value: Uint8Array): void {
    const { words } = key
    const ino = keyIno(words, 0)
    const kind = keyKind(words, 0)
    const b = keyB(words, 0)
    if (ino === 0) {
      const list = {
        [KIND.orphan]: this.orphans,
        [KIND.truncating]: this.truncating,
        [KIND.writeMark]: this.marks,
        [KIND.locked]: this.locked,
      }[kind]
      const client = kind === KIND.client ? clientOf(value) : null
      if (client !== null) this.clients.set(latin1(client.id), latin1(client.value))
      else if (list === undefined) this.strangers.push(`volume record of kind ${kind}`)
      else {
        list.push(keyA(words, 0))
        if (kind === KIND.locked) this.lockers.push(value[0] + 256 * value[1])
      }
    } else if (kind === KIND.inode) this.inodes.set(ino, decodeInode(ino, value))
    else if (kind === KIND.parent) this.parents.add(`${ino}/${keyA(words, 0)}/${b}`)
    else if (kind === KIND.symlink) this.targets.set(ino, (this.targets.get(ino) ?? '') + latin1(value))
    else if (kind === KIND.entry) {
      const view = new DataView(value.buffer, value.byteOffset)
      this.entries.push({ dir: ino, cookie: b, ino: ino64(view, 0), type: value[8], name: latin1(value.subarray(9)) })
    } else if (kind === KIND.name) {
      const view = new DataView(value.buffer, value.byteOffset)
      const at = `${ino}/${keyAHigh(words, 0)}/${keyALow(words, 0)}/${b}`
      this.names.set(at, { ino: ino64(view, 0), name: latin1(value.subarray(8)) })
    } else if (kind === KIND.extent) {
      const view = new DataView(value.buffer, value.byteOffset)
      const extent = { ino, fileBlock: b, deviceBlock: ino64(view, 0), length: view.getUint32(8, true) }
      const list = this.extents.get(ino)
      if (list === undefined) this.extents.set(ino, [extent])
      else list.push(extent)
    } else this.strangers.push(`record of kind ${kind} of inode ${ino}`)
  }
}

function ino64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true)
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

/** Nanoseconds since 1970. */
export function nanoseconds(time: { sec: number; nsec: number }): bigint {
  return BigInt(time.sec) * 1_000_000_000n + BigInt(time.nsec)
}

function decodeInode(ino: number, bytes: Uint8Array): FoundInode {
  const value = new InodeValue().load(bytes, 0, bytes.length)
  const time = { sec: 0, nsec: 0 }
  return {
    ino,
    type: typeName(value.type),
    flags: value.flags,
    lockers: value.lockers,
    mode: value.mode,
    nlink: value.nlink,
    uid: value.uid,
    gid: value.gid,
    generation: value.generation,
    size: value.size,
    blocks: value.blocks,
    rdevMajor: value.rdevMajor,
    rdevMinor: value.rdevMinor,
    change: value.change,
    nextCookie: value.nextCookie,
    verifier: latin1(value.createVerifier),
    atime: nanoseconds(value.atime(time)),
    mtime: nanoseconds(value.mtime(time)),
    ctime: nanoseconds(value.ctime(time)),
  }
}

/** True for an inode that only housekeeping has still to do with. */
export function isOrphan(inode: FoundInode): boolean {
  return (inode.flags & INODE_FLAG.orphan) !== 0
}
