import { INODE_FLAG, TYPE_NUMBER } from '../../mover/volume/inode-value.ts'
import { BLOCK_BYTES, CHUNK_TYPE, chunkOverhead } from '../../mover/volume/layout.ts'
import { ROOT_INO } from '../../mover/volume/mkfs.ts'
import { NameHasher } from '../../mover/volume/names.ts'
import type { Volume } from '../../mover/volume/volume.ts'
import type { FoundInode, FoundVolume } from './found-volume.ts'

/** What is wrong with the structure of a volume that was closed in good order; empty when it is sound. */
export function structureProblems(found: FoundVolume): string[] {
  const problems = [...found.strangers]
  checkBlocks(found, problems)
  checkNames(found, problems)
  for (const inode of found.inodes.values()) checkInode(found, inode, problems)
  checkReach(found, problems)
  if (found.superblock.inodeCount !== found.inodes.size) {
    problems.push(`the superblock counts ${found.superblock.inodeCount} inodes, there are ${found.inodes.size}`)
  }
  for (const ino of found.inodes.keys()) {
    if (ino >= found.superblock.nextIno)
      problems.push(`inode ${ino} is not below the next number ${found.superblock.nextIno}`)
  }
  for (const ino of found.orphans) problems.push(`inode ${ino} is still an orphan`)
  for (const ino of found.truncating) problems.push(`inode ${ino} is still being truncated`)
  for (const ino of found.marks) problems.push(`inode ${ino} still has a write mark`)
  const lockable = [...found.inodes.values()].filter(({ lockers }) => lockers !== 0)
  const said = lockable.map(({ ino, lockers }) => `${ino} by ${lockers}`).join()
  const listed = found.locked.map((ino, i) => `${ino} by ${found.lockers[i]}`).join()
  if (said !== listed) problems.push(`files that may be locked are ${said}, and listed are ${listed}`)
  return problems
}

/** Every block has one owner, and the bitmaps say so. */
function checkBlocks(found: FoundVolume, problems: string[]): void {
  const { space } = found
  const owners = new Map<number, string>()
  const own = (block: number, owner: string, type: number): void => {
    const other = owners.get(block)
    if (other !== undefined) problems.push(`block ${block} belongs to ${other} and to ${owner}`)
    owners.set(block, owner)
    if (!space.owned(block)) problems.push(`block ${block} of ${owner} is free in its bitmap`)
    if (space.typeOf(space.chunkOf(block)) !== type)
      problems.push(`block ${block} of ${owner} lies in a chunk of another type`)
  }
  for (const node of found.nodes) own(node, 'the tree', CHUNK_TYPE.meta)
  for (const block of found.replayBlocks) own(block, 'the replay records', CHUNK_TYPE.meta)
  for (const [ino, extents] of found.extents) {
    for (const { deviceBlock, length } of extents) {
      for (let i = 0; i < length; i++) own(deviceBlock + i, `inode ${ino}`, CHUNK_TYPE.data)
    }
  }
  let owned = 0
  for (let chunk = 0; chunk < space.geometry.chunkCount; chunk++) owned += space.ownedBlocks(chunk)
  if (owned === owners.size) return
  problems.push(`the bitmaps have ${owned} blocks in use, ${owners.size} are reached: ${someLost(found, owners)}`)
}

/** Some blocks that are in use according to the bitmaps and belong to nobody. */
function someLost(found: FoundVolume, owners: ReadonlyMap<number, string>): string {
  const lost: number[] = []
  const { space } = found
  const { deviceBlocks } = space.geometry
  for (let block = 0; block < deviceBlocks && lost.length < 8; block++) {
    const isOverhead = block % space.geometry.chunkBlocks < chunkOverhead(space.geometry, space.chunkOf(block))
    if (!isOverhead && space.owned(block) && !owners.has(block)) lost.push(block)
  }
  return `lost ${lost.join(', ')}`
}

/** Entries, name index and parent pointers agree. */
function checkNames(found: FoundVolume, problems: string[]): void {
  const names = new NameHasher(found.superblock.nameSecret)
  const seen = new Set<string>()
  for (const { dir, cookie, ino, name } of found.entries) {
    const { folded, exact } = names.hash(Buffer.from(name, 'latin1'))
    const indexed = found.names.get(`${dir}/${folded}/${exact}/${cookie}`)
    if (indexed?.ino !== ino || indexed.name !== name) problems.push(`entry ${dir}/${name} is not in the name index`)
    if (!found.parents.has(`${ino}/${dir}/${cookie}`))
      problems.push(`inode ${ino} has no parent pointer to ${dir}/${name}`)
    if (seen.has(`${dir}/${name}`)) problems.push(`the name ${dir}/${name} is there twice`)
    seen.add(`${dir}/${name}`)
    if (cookie >= (found.inodes.get(dir)?.nextCookie ?? 0))
      problems.push(`entry ${dir}/${name} has the future cookie ${cookie}`)
    if (cookie < 3) problems.push(`entry ${dir}/${name} has the reserved cookie ${cookie}`)
  }
  const count = found.entries.length
  if (found.names.size !== count) problems.push(`${found.names.size} names are indexed, ${count} entries are there`)
  if (found.parents.size !== count)
    problems.push(`there are ${found.parents.size} parent pointers, and ${count} entries`)
}

function checkInode(found: FoundVolume, inode: FoundInode, problems: string[]): void {
  const { ino } = inode
  const extents = found.extents.get(ino) ?? []
  let blocks = 0
  let end = 0
  for (const extent of extents) {
    if (extent.fileBlock < end) problems.push(`inode ${ino} has two extents at file block ${extent.fileBlock}`)
    end = extent.fileBlock + extent.length
    blocks += extent.length
  }
  if ((inode.flags & ~INODE_FLAG.locked) !== 0) problems.push(`inode ${ino} has the flags ${inode.flags}`)
  if (inode.type !== 'file' && extents.length > 0) problems.push(`${inode.type} ${ino} has extents`)
  if (inode.type === 'file' && end > Math.ceil(inode.size / BLOCK_BYTES)) {
    problems.push(`inode ${ino} has extents up to block ${end}, but only ${inode.size} bytes`)
  }
  if (blocks !== inode.blocks) problems.push(`inode ${ino} counts ${inode.blocks} blocks and has ${blocks}`)
  if (inode.type === 'symlink' && found.targets.get(ino)?.length !== inode.size) {
    problems.push(`symlink ${ino} has ${inode.size} bytes, its target ${found.targets.get(ino)?.length}`)
  }
}

/** Every inode is reached from the root, and has as many names as it counts. */
function checkReach(found: FoundVolume, problems: string[]): void {
  const names = new Map<number, number>()
  const subdirectories = new Map<number, number>()
  const children = new Map<number, number[]>()
  for (const { dir, ino, type, name } of found.entries) {
    const inode = found.inodes.get(ino)
    if (inode === undefined) {
      problems.push(`entry ${dir}/${name} names inode ${ino}, which does not exist`)
      continue
    }
    if (TYPE_NUMBER[inode.type] !== type) problems.push(`entry ${dir}/${name} calls ${inode.type} ${ino} type ${type}`)
    names.set(ino, (names.get(ino) ?? 0) + 1)
    if (inode.type !== 'directory') continue
    subdirectories.set(dir, (subdirectories.get(dir) ?? 0) + 1)
    children.set(dir, [...(children.get(dir) ?? []), ino])
  }
  const reached = new Set<number>([ROOT_INO])
  for (const dir of reached) for (const child of children.get(dir) ?? []) reached.add(child)
  for (const inode of found.inodes.values()) {
    const { ino, type, nlink } = inode
    if (type === 'directory') {
      if (!reached.has(ino)) problems.push(`directory ${ino} is not reached from the root`)
      if (nlink !== 2 + (subdirectories.get(ino) ?? 0)) problems.push(`directory ${ino} has the link count ${nlink}`)
      if (ino !== ROOT_INO && names.get(ino) !== 1) problems.push(`directory ${ino} has ${names.get(ino) ?? 0} names`)
    } else if (names.get(ino) !== nlink)
      problems.push(`inode ${ino} has ${names.get(ino) ?? 0} names and counts ${nlink}`)
  }
}

/** What an idle volume in memory counts wrongly: blocks that are neither owned nor to be had again. */
export function leakProblems(volume: Volume): string[] {
  const { space } = volume
  const problems: string[] = []
  let data = 0
  let meta = 0
  for (let chunk = 0; chunk < space.geometry.chunkCount; chunk++) {
    const free = space.usable(chunk) - space.ownedBlocks(chunk)
    if (space.typeOf(chunk) === CHUNK_TYPE.data) data += free
    else if (space.typeOf(chunk) === CHUNK_TYPE.meta) meta += free
  }
  if (space.reservedBlocks !== 0) problems.push(`${space.reservedBlocks} data blocks stay reserved`)
  if (space.dataFree + space.pendingBlocks !== data) {
    problems.push(`${space.dataFree} data blocks are free and ${space.pendingBlocks} soon, but ${data} are not owned`)
  }
  if (space.metaFree + space.droppedNodes !== meta) {
    problems.push(
      `${space.metaFree} metadata blocks are free and ${space.droppedNodes} soon, but ${meta} are not owned`,
    )
  }
  return problems
}
