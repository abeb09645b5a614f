import { KIND, keyA, keyB, keyIno, keyKind } from '../keys.ts'
import { inoOfValue } from '../records/name-parts.ts'
import type { Key } from '../tree/key.ts'
import type { WalkedNode, WalkVisitor } from '../tree/walk.ts'
import { type Findings, showName } from './findings.ts'
import { type InodeTable, STATE } from './inode-table.ts'
import { Owners } from './owners.ts'
import type { SpaceMap } from './space-map.ts'
import type { Suspects } from './suspects.ts'
import { typeWord } from './type-words.ts'

/** An entry or a name index record. */
interface Named {
  ino: number
  name: Uint8Array
}

interface Entry extends Named {
  dir: number
  cookie: number
  type: number
}

interface Links {
  entries: Entry[]
  parents: { dir: number; cookie: number }[]
}

export interface ExplainParts {
  suspects: Suspects
  table: InodeTable
  space: SpaceMap
  findings: Findings
}

/**
 * A second walk over the tree that names what the first one found not to agree: names and parent pointers, entries and
 * name index, owners of blocks.
 */
export class Explainer implements WalkVisitor {
  readonly #p: ExplainParts
  readonly #links = new Map<number, Links>()
  readonly #owners: Owners
  #dir = 0
  #entries = new Map<number, Named>()
  #indexed = new Map<number, Named>()

  constructor(parts: ExplainParts, replayBlocks: readonly number[]) {
    this.#p = parts
    const { suspects, space, findings } = parts
    for (const ino of suspects.links) this.#links.set(ino, { entries: [], parents: [] })
    this.#owners = new Owners(suspects, space, findings)
    for (const block of replayBlocks) this.#owners.add(block, 1, 'the replay records')
  }

  node(node: WalkedNode): void {
    this.#owners.add(node.address, 1, 'a tree node')
  }

  record(key: Key, bytes: Uint8Array, offset: number, length: number): void {
    const { words } = key
    const ino = keyIno(words, 0)
    if (ino === 0) return
    if (ino !== this.#dir) this.#endDirectory(ino)
    const kind = keyKind(words, 0)
    const cookie = keyB(words, 0)
    if (kind === KIND.extent && length === 16) {
      const count = inoOfValue(bytes, offset + 8) % 2 ** 32
      this.#owners.add(inoOfValue(bytes, offset), count, `inode ${ino} (file block ${cookie})`)
    } else if (kind === KIND.parent) {
      this.#links.get(ino)?.parents.push({ dir: keyA(words, 0), cookie })
    } else if (kind === KIND.entry && length >= 10) {
      const target = inoOfValue(bytes, offset)
      const links = this.#links.get(target)
      const isSuspect = this.#p.suspects.directories.has(ino)
      if (links === undefined && !isSuspect) return
      const name = bytes.slice(offset + 9, offset + length)
      links?.entries.push({ dir: ino, cookie, ino: target, type: bytes[offset + 8], name })
      if (isSuspect) this.#entries.set(cookie, { ino: target, name })
    } else if (kind === KIND.name && length >= 9 && this.#p.suspects.directories.has(ino)) {
      const indexed = { ino: inoOfValue(bytes, offset), name: bytes.slice(offset + 8, offset + length) }
      if (this.#indexed.has(cookie)) this.#twice(ino, cookie, indexed)
      else this.#indexed.set(cookie, indexed)
    }
  }

  /** Behind the last record: tells what is wrong. */
  end(): void {
    this.#endDirectory(0)
    for (const [ino, links] of this.#links) this.#explainLinks(ino, links)
    this.#owners.explain()
  }

  #endDirectory(next: number): void {
    const { findings } = this.#p
    const dir = this.#dir
    for (const [cookie, entry] of this.#entries) {
      const indexed = this.#indexed.get(cookie)
      this.#indexed.delete(cookie)
      if (indexed === undefined) {
        findings.problem(
          `directory inode ${dir}: the name ${showName(entry.name)} (cookie ${cookie}) is not in the name index`,
        )
      } else if (indexed.ino !== entry.ino || Buffer.compare(indexed.name, entry.name) !== 0) {
        findings.problem(
          `directory inode ${dir}: cookie ${cookie} is ${showName(entry.name)} for inode ${entry.ino} by its entry, and ${showName(indexed.name)} for inode ${indexed.ino} by the name index`,
        )
      }
    }
    for (const [cookie, { name, ino }] of this.#indexed) {
      findings.problem(
        `directory inode ${dir}: the name index has ${showName(name)} for inode ${ino} at cookie ${cookie}, where there is no entry`,
      )
    }
    this.#entries.clear()
    this.#indexed.clear()
    this.#dir = next
  }

  #twice(dir: number, cookie: number, { name, ino }: Named): void {
    this.#p.findings.problem(
      `directory inode ${dir}: the name index has a second record for cookie ${cookie}: ${showName(name)} for inode ${ino}`,
    )
  }

  #explainLinks(ino: number, { entries, parents }: Links): void {
    const { table, findings } = this.#p
    const row = table.find(ino)
    const exists = row >= 0 && table.has(row, STATE.present)
    for (const entry of entries) {
      const where = `directory inode ${entry.dir} has the name ${showName(entry.name)} (cookie ${entry.cookie})`
      const hasParent = parents.some(({ dir, cookie }) => dir === entry.dir && cookie === entry.cookie)
      if (!exists) findings.problem(`${where} for inode ${ino}, which does not exist`)
      else if (!hasParent) findings.problem(`${where} for inode ${ino}, which has no parent pointer to it`)
      if (exists && entry.type !== table.type[row]) {
        findings.problem(`${where} for a ${typeWord(entry.type)}, and inode ${ino} is a ${typeWord(table.type[row])}`)
      }
    }
    for (const { dir, cookie } of parents) {
      if (entries.some((entry) => entry.dir === dir && entry.cookie === cookie)) continue
      findings.problem(
        `inode ${ino} has a parent pointer to cookie ${cookie} of directory inode ${dir}, where no entry names it`,
      )
    }
  }
}
