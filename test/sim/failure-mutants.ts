import type { SimMutant } from './mutants.ts'

const HOST = 'test/sim/failure-host.ts'
const PEER = 'mover/authority/peer.ts'
const PRIMARY = 'mover/authority/primary.ts'
const GOVERNED = 'mover/files/governed-volume.ts'
const REIGN = 'mover/primary-reign.ts'

/** Deliberate breaks of what is done when movers fail; those of the supervisor are in the simulated one. */
export const OF_FAILURES: readonly Omit<SimMutant, 'world'>[] = [
  {
    name: 'who is silent for a lease is told gone, and lives on',
    seed: 4,
    file: HOST,
    find: 'did not answer for a lease`)\n      slot.isKilled = true\n      mover.process.die()',
    replace:
      'did not answer for a lease`)\n      for (const other of this.slots) this.#tell(other, (m) => m.gone(mover.incarnation))',
  },
  {
    name: 'a dead mover is told gone while its I/O is under way',
    seed: 3,
    file: HOST,
    find: 'mover.whenQuiet(() => this.#later(fenceMs, () => this.#gone(slot, mover)))',
    replace: 'this.#later(fenceMs / 10, () => this.#gone(slot, mover))',
  },
  {
    name: 'a stopped mover is never silent',
    seed: 4,
    file: 'mover/host/lease.ts',
    find: 'return this.#sentMs.length === 0 ? 0 : nowMs - this.#sentMs[0]',
    replace: 'return this.#sentMs.length === 0 ? nowMs - nowMs : 0',
  },
  {
    name: 'a mover is gone when its session has ended',
    seed: 5,
    file: REIGN,
    find: '        logger[level](',
    replace: '        this.authority.gone(peer)\n        logger[level](',
  },
  {
    name: 'what a mover holds when it is gone stays held',
    seed: 1,
    file: REIGN,
    find: '    this.authority.gone(peer)\n',
    replace: '',
  },
  {
    name: 'what a mover had reserved stays reserved',
    seed: 1,
    file: PEER,
    find: '    this.#files.giveBack(this.reserved.takeAll())\n',
    replace: '',
  },
  {
    name: 'blocks that are committed stay reserved too',
    seed: 1,
    file: PEER,
    find: '    this.#take(blocks)\n    this.#incoming',
    replace: '    this.#incoming',
  },
  {
    name: 'files are taken from a writer that is gone as they are',
    seed: 12,
    file: PRIMARY,
    find: '        this.#files.recover(ino, mightWrite)\n',
    replace: '        void mightWrite\n',
  },
  {
    name: 'what a writer held is free before its files are recovered',
    seed: 59,
    file: PRIMARY,
    find: '    if (left === 0) this.#free(peer)\n    for',
    replace: '    this.#free(peer)\n    for',
  },
  {
    name: 'a look waits for a writer that is gone',
    seed: 4,
    file: PRIMARY,
    find: '    for (const id of [...this.#glimpses.keys()]) this.#glimpsed(peer.id, id)\n',
    replace: '',
  },
  {
    name: 'change numbers go on from what a dead writer has told',
    seed: 12,
    file: GOVERNED,
    find: 'change: inode.change + LOST_CHANGES }',
    replace: 'change: inode.change + 1 }',
  },
  {
    name: 'growth that a dead writer has not committed stays',
    seed: 59,
    file: GOVERNED,
    find: '    if (isLost) inode.size = loggedSize\n',
    replace: '    void isLost\n',
  },
  {
    name: 'the times of a dead writer stay',
    seed: 10,
    file: GOVERNED,
    find: '    const after = { atime, mtime: ctime, ctime, change: inode.change + LOST_CHANGES }\n',
    replace:
      '    const old = { sec: inode.ctimeSec, nsec: inode.ctimeNsec }\n    const after = { atime, mtime: old, ctime: old, change: inode.change + LOST_CHANGES }\n',
  },
  {
    name: 'all movers have the same write verifier',
    seed: 7,
    file: 'mover/files/write-back.ts',
    find: '    this.verifier = volume.env.randomBytes(8)\n    pages',
    replace: '    this.verifier = new Uint8Array(8)\n    pages',
  },
  {
    name: 'a call that comes again by another mover is carried out again',
    seed: 1,
    file: 'mover/files/forwarded.ts',
    find: 'const known = op.replay === null ? null : files.findReplay(op.replay)',
    replace: 'const known = op.replay !== null ? null : files.findReplay(op.replay as never)',
  },
  {
    name: 'files that were being written when a primary died are opened as they are',
    seed: 3,
    file: 'mover/volume/records/apply.ts',
    find: '      inode.change += LOST_CHANGES\n',
    replace: '      inode.change += 1\n',
  },
  {
    name: 'a secondary may write before the mark of its file is durable',
    seed: 2,
    file: PEER,
    find: 'ALLOWS[token.kind].BR_W ? this.#files.mark(ino) : null',
    replace: 'ALLOWS[token.kind].BR_W && ino === 0 ? this.#files.mark(ino) : null',
  },
  {
    name: 'a commit is answered before it is durable',
    seed: 16,
    file: PEER,
    find: "} else this.#log.whenDurable(lsn, (error) => this.#committed(id, failureNumber(error === null ? null : 'IO')))",
    replace: '} else this.#committed(id, failureNumber(null))',
  },
  {
    name: 'what others have written counts as flushed',
    seed: 15,
    file: GOVERNED,
    find: '    volume.flushGate.wrote()\n    const lsn',
    replace: '    const lsn',
  },
]

const SECONDARY = 'mover/authority/secondary.ts'

/** Deliberate breaks of what a primary's next process and the movers that have survived it do. */
export const OF_TAKE_OVER: readonly Omit<SimMutant, 'world'>[] = [
  {
    name: 'a new primary answers who has told what he holds before it knows what others hold',
    seed: 5,
    file: PRIMARY,
    find: '        if (this.#raised === null) this.#ready()\n',
    replace: '        this.#ready()\n',
  },
  {
    name: 'reserved blocks are not asserted',
    seed: 13,
    file: SECONDARY,
    find: 'const runs = files.reservedBlocks()',
    replace: 'const runs = files.reservedBlocks().slice(0, 0)',
  },
  {
    name: 'blocks that are asserted stay free',
    seed: 3,
    file: PEER,
    find: '    this.#takeAgain(runs)\n    for',
    replace: '    for',
  },
  {
    name: 'commits without an answer are forgotten',
    seed: 14,
    file: SECONDARY,
    find: 'for (const { message } of this.#commits.values()) session.send(message)',
    replace: '',
  },
  {
    name: 'a commit that was lost is taken for durable',
    seed: 14,
    file: PEER,
    find: 'const isThere = !isTaken && this.#files.has(ino, kept)',
    replace: 'const isThere = !isTaken',
  },
  {
    name: 'what a new primary has raised is not taken over',
    seed: 94,
    file: 'mover/files/held-volume.ts',
    find: 'this.#files.get(ino)?.merge(this.#value)',
    replace: '',
  },
  {
    name: 'files that are written to are not marked again',
    seed: 355,
    file: PEER,
    find: 'const failure = this.#files.mark(ino)',
    replace: 'const failure = null as string | null',
  },
  {
    name: 'what was asked of a dead primary is not asked again',
    seed: 5,
    file: SECONDARY,
    find: '    this.tokens.askAgain()\n',
    replace: '',
  },
  {
    name: 'what a file has become is not asserted',
    seed: 3,
    file: PEER,
    find: '        this.#absorb(ino, changes)\n      }\n      if (changes === null',
    replace: '      }\n      if (changes === null',
  },
  {
    name: 'a new primary does not know who writes elsewhere',
    seed: 183,
    file: PRIMARY,
    find: '    this.#pump()\n    this.#files.setWrittenElsewhere(ino, this.#table.isWrittenElsewhere(ino))\n    return isSound',
    replace: '    this.#pump()\n    return isSound',
  },
]

const ELECTIONS = 'mover/host/elections.ts'
const MEMBERSHIP = 'mover/membership.ts'
const LOCAL = 'mover/sessions/local-stream.ts'

/** Deliberate breaks of how a mover that lives becomes primary, and of what it is to itself then. */
export const OF_ELECTIONS: readonly Omit<SimMutant, 'world'>[] = [
  {
    name: 'a reign is told of before its term is written down',
    file: ELECTIONS,
    find: 'yield* wait<void>((resume) => raise(vacant, resume))',
    replace: 'raise(vacant, () => {})',
  },
  {
    name: 'a primary that is silent for a lease is replaced, and lives on',
    seed: 4,
    file: HOST,
    find: 'did not answer for a lease`)\n      slot.isKilled = true\n      mover.process.die()',
    replace:
      'did not answer for a lease`)\n      slot.isKilled = true\n      slot.mover = null\n      this.#replace()\n      slot.mover = mover',
  },
  {
    name: 'a volume that is being given a primary is given another one',
    seed: 14,
    file: ELECTIONS,
    find: '    if (this.#isElecting) return\n',
    replace: '',
  },
  {
    name: 'a mover that dies when it has been elected is not replaced',
    seed: 5,
    file: ELECTIONS,
    find: '!lives(primary) && this.#choose',
    replace: '!lives(primary) && primary === this.#o.movers[0] && this.#choose',
  },
  {
    name: 'who is elected does not wait for what it holds itself',
    seed: 43,
    file: MEMBERSHIP,
    find: 'this.#o.onElected(role.term, holders)',
    replace: 'this.#o.onElected(role.term, holders.filter(({ name }) => name !== role.primary))',
  },
  {
    name: 'who is elected is no member of its own reign',
    seed: 3,
    file: MEMBERSHIP,
    find: 'reception.begin([...this.#running.values()], holders)',
    replace:
      'reception.begin([...this.#running.values()].filter(({ name }) => name !== this.#o.self.name), holders.filter(({ name }) => name !== this.#o.self.name))',
  },
  {
    name: 'who has died while the volume was being opened is waited for',
    seed: 137,
    file: MEMBERSHIP,
    find: 'reception.begin([...this.#running.values()], holders)',
    replace: 'reception.begin([...this.#running.values()], [])',
  },
  {
    name: 'who is elected goes on without a primary for its own clients',
    seed: 3,
    file: MEMBERSHIP,
    find: '    this.link?.follow(role)\n',
    replace: '    if (role.primary !== this.#o.self.name) this.link?.follow(role)\n',
  },
  {
    name: 'what a mover says to itself changes before it arrives',
    seed: 14,
    file: LOCAL,
    find: 'const copy = new Uint8Array(bytes)',
    replace: 'const copy = bytes',
  },
]
