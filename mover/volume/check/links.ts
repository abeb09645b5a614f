import { TYPE_NUMBER } from '../inode-value.ts'
import { ROOT_INO } from '../mkfs.ts'
import type { Superblock } from '../superblock.ts'
import { type Findings, plural } from './findings.ts'
import { type InodeTable, STATE } from './inode-table.ts'
import type { Suspects } from './suspects.ts'
import { typeWord } from './type-words.ts'

/** Members of a circle that are named. */
const MOST_NAMED = 10

/** Checks what all inodes, gathered in the table, say of each other. */
export function checkInodes(table: InodeTable, superblock: Superblock, findings: Findings, suspects: Suspects): void {
  for (let row = 0; row < table.count; row++) {
    if (table.has(row, STATE.present)) checkPresent(table, row, findings, suspects)
    else checkAbsent(table, row, findings, suspects)
  }
  checkRoot(table, superblock, findings)
  checkDirectories(table, findings)
}

/** An inode that something mentions and that is not there. */
function checkAbsent(table: InodeTable, row: number, findings: Findings, suspects: Suspects): void {
  const ino = table.ino[row]
  if (table.names[row] > 0) suspects.addLink(ino)
  const lists: [number, string][] = [
    [STATE.listedOrphan, 'as an orphan'],
    [STATE.listedTruncating, 'as being truncated'],
    [STATE.marked, 'as being written'],
    [STATE.listedLocked, 'as locked'],
  ]
  for (const [bit, how] of lists) {
    if (table.has(row, bit)) findings.problem(`inode ${ino} is listed ${how}, and does not exist`)
  }
}

function checkPresent(table: InodeTable, row: number, findings: Findings, suspects: Suspects): void {
  const ino = table.ino[row]
  const type = table.type[row]
  const nlink = table.nlink[row]
  const isOrphan = table.has(row, STATE.orphan)
  if (!table.linksAgree(row) || (table.names[row] > 0 && table.namedType[row] !== type)) suspects.addLink(ino)
  if (table.has(row, STATE.marked) && type !== TYPE_NUMBER.file) {
    findings.problem(`inode ${ino} is a ${typeWord(type)}, and is listed as being written`)
  }
  if (isOrphan !== (nlink === 0)) {
    findings.problem(`inode ${ino} is ${isOrphan ? 'an' : 'no'} orphan, and has a link count of ${nlink}`)
  }
  if (type === TYPE_NUMBER.directory) {
    const wanted = ino === ROOT_INO || isOrphan ? 0 : 1
    const parents = table.parents[row]
    if (parents !== wanted)
      findings.problem(`directory inode ${ino} has ${plural(parents, 'parent')} instead of ${wanted}`)
    const parent = table.parentRow[row]
    if (parent >= 0) table.subdirectories[parent]++
  } else if (nlink !== table.names[row]) {
    findings.problem(
      `inode ${ino} (${typeWord(type)}) has a link count of ${nlink}, and ${plural(table.names[row], 'name')}`,
    )
  }
}

function checkRoot(table: InodeTable, superblock: Superblock, findings: Findings): void {
  const row = table.find(ROOT_INO)
  if (row < 0 || !table.has(row, STATE.present)) {
    const isNew = table.count === 0 && superblock.lsn === 0
    findings.problem(
      isNew
        ? 'the volume is empty: lockkeeper mkfs did not end'
        : `the root directory, inode ${ROOT_INO}, does not exist`,
    )
  } else if (table.type[row] !== TYPE_NUMBER.directory) {
    findings.problem(`the root, inode ${ROOT_INO}, is a ${typeWord(table.type[row])}`)
  }
}

/** Link counts of directories, and that a way leads up from each to the root. */
function checkDirectories(table: InodeTable, findings: Findings): void {
  for (let row = 0; row < table.count; row++) {
    if (!isDirectory(table, row) || table.has(row, STATE.orphan)) continue
    const ino = table.ino[row]
    const wanted = 2 + table.subdirectories[row]
    if (table.nlink[row] !== wanted) {
      const count = table.subdirectories[row] === 1 ? '1 subdirectory' : `${table.subdirectories[row]} subdirectories`
      findings.problem(`directory inode ${ino} has a link count of ${table.nlink[row]}, and ${count}`)
    }
    followUp(table, row, findings)
  }
}

function followUp(table: InodeTable, from: number, findings: Findings): void {
  const path: number[] = []
  let row = from
  while (row >= 0 && isDirectory(table, row) && !table.has(row, STATE.reached | STATE.onPath)) {
    table.set(row, STATE.onPath)
    path.push(row)
    if (table.ino[row] === ROOT_INO) break
    row = table.parentRow[row]
  }
  if (row >= 0 && table.has(row, STATE.onPath) && !table.has(row, STATE.reached) && table.ino[row] !== ROOT_INO) {
    const first = path.indexOf(row)
    // A path that ends in a circle found before has been told with that circle.
    if (first >= 0) {
      const circle = path.slice(first).map((member) => table.ino[member])
      const more = circle.length > MOST_NAMED ? ` and ${circle.length - MOST_NAMED} more` : ''
      findings.problem(
        `the directories with inodes ${circle.slice(0, MOST_NAMED).join(', ')}${more} lie in each other: no way leads to them from the root`,
      )
    }
  }
  for (const member of path) table.set(member, STATE.reached)
}

function isDirectory(table: InodeTable, row: number): boolean {
  return table.has(row, STATE.present) && table.type[row] === TYPE_NUMBER.directory
}
