import type { SimMutant } from './mutants.ts'

const HOST = 'test/sim/failure-host.ts'
const PROCESS = 'test/sim/failure-process.ts'
const PEER = 'mover/authority/peer.ts'
const SPACE = 'mover/authority/peer-space.ts'
const PRIMARY = 'mover/authority/primary.ts'
const GOVERNED = 'mover/files/governed-volume.ts'
const REIGN = 'mover/primary-reign.ts'

/** Deliberate breaks of what is done when movers fail; those of the supervisor are in the simulated one. */
export const OF_FAILURES: readonly Omit<SimMutant, 'world'>[] = [
  {
    name: 'the end goes before growth is committed',
    file: 'mover/files/drain.ts',
    find: '  return end * BLOCK_BYTES > loggedSize && context.mayGrow(ino, size)\n',
    replace: '  return end < 0\n',
    seed: 125,
  },
  {
    name: 'what is committed and not answered is given back',
    file: 'mover/files/unanswered-commits.ts',
    find: '?.findLast(has)?.lsn ?? 0',
    replace: '?.findLast(({ lsn }) => lsn < 0 && has === null)?.lsn ?? 0',
    seed: 18,
  },
  {
    name: 'who is silent for a lease is told gone, and lives on',
    file: PROCESS,
    find: '    this.isEnding = true\n    this.#mover.process.die()\n',
    replace: '    this.isEnding = true\n    this.#site.options.onGone(reason)\n',
    seed: 9,
  },
  {
    name: 'a dead mover is told gone while its I/O is under way',
    file: HOST,
    find: 'mover.whenQuiet(() => this.later(fenceMs, () => this.#gone(slot, mover, process)))',
    replace: 'this.later(fenceMs / 10, () => this.#gone(slot, mover, process))',
    seed: 6,
  },
  {
    name: 'a stopped mover is never silent',
    file: 'mover/host/lease.ts',
    find: 'return this.#sentMs.length === 0 ? 0 : nowMs - this.#sentMs[0]',
    replace: 'return this.#sentMs.length === 0 ? nowMs - nowMs : 0',
    seed: 13,
  },
  {
    name: 'a mover is gone when its session has ended',
    file: REIGN,
    find: '        logger[level](',
    replace: '        this.authority.gone(peer)\n        logger[level](',
    seed: 14,
  },
  {
    name: 'what a mover holds when it is gone stays held',
    file: REIGN,
    find: '    this.authority.gone(peer)\n',
    replace: '',
    seed: 117,
  },
  {
    name: 'who gives nothing back is not told of',
    file: REIGN,
    find: 'if (what !== null) stuck({ name, incarnation }, what)',
    replace: '',
    seed: 14,
  },
  {
    name: 'who does not give back what others wait for lives on',
    file: 'mover/host/fleet.ts',
    find: 'this.#fence(mover, `was asked for',
    replace: 'void (`somebody was asked for',
    seed: 14,
  },
  {
    name: 'what a mover had reserved stays reserved',
    file: SPACE,
    find: '    this.#files.giveBack(this.reserved.takeAll())\n',
    replace: '',
    seed: 14,
  },
  {
    name: 'blocks go back that are still to be written',
    file: 'mover/files/remote-volume.ts',
    find: 'authority.giveBack(this.space.takeUnpromised())',
    replace: 'authority.giveBack(this.space.all())',
    seed: 2,
  },
  {
    name: 'blocks that are committed stay reserved too',
    file: PEER,
    find: '    this.#space.take(blocks)\n    this.#incoming',
    replace: '    this.#incoming',
    seed: 2,
  },
  {
    name: 'files are taken from a writer that is gone as they are',
    file: PRIMARY,
    find: '        this.#files.recover(ino, mightWrite)\n',
    replace: '        void mightWrite\n',
    seed: 9,
  },
  {
    name: 'what a writer held is free before its files are recovered',
    file: PRIMARY,
    find: '    if (left === 0) this.#free(peer)\n    for',
    replace: '    this.#free(peer)\n    for',
    seed: 2,
  },
  {
    name: 'a look waits for a writer that is gone',
    file: PRIMARY,
    find: '    for (const id of [...this.#glimpses.keys()]) this.#glimpsed(peer.id, id)\n',
    replace: '',
    seed: 6,
  },
  {
    name: 'change numbers go on from what a dead writer has told',
    file: GOVERNED,
    find: 'change: inode.change + LOST_CHANGES }',
    replace: 'change: inode.change + 1 }',
    seed: 159,
  },
  {
    name: 'growth that a dead writer has not committed stays',
    file: GOVERNED,
    find: '    if (isLost) inode.size = loggedSize\n',
    replace: '    void isLost\n',
    seed: 9,
  },
  {
    name: 'the times of a dead writer stay',
    file: GOVERNED,
    find: '    const after = { atime, mtime: ctime, ctime, change: inode.change + LOST_CHANGES }\n',
    replace:
      '    const old = { sec: inode.ctimeSec, nsec: inode.ctimeNsec }\n    const after = { atime, mtime: old, ctime: old, change: inode.change + LOST_CHANGES }\n',
    seed: 14,
  },
  {
    name: 'all movers have the same write verifier',
    file: 'mover/files/write-back.ts',
    find: '    this.verifier = volume.env.randomBytes(8)\n    pages',
    replace: '    this.verifier = new Uint8Array(8)\n    pages',
    seed: 5,
  },
  {
    name: 'a call that comes again by another mover is carried out again',
    file: 'mover/files/forwarded.ts',
    find: 'const known = op.replay === null ? null : files.findReplay(op.replay)',
    replace: 'const known = op.replay !== null ? null : files.findReplay(op.replay as never)',
    seed: 2,
  },
  {
    name: 'files that were being written when a primary died are opened as they are',
    file: 'mover/volume/records/apply.ts',
    find: '      inode.change += LOST_CHANGES\n',
    replace: '      inode.change += 1\n',
    seed: 10,
  },
  {
    name: 'files are written to without a mark',
    file: GOVERNED,
    find: 'if (inode.marked) return null',
    replace: 'if (inode.marked || ino > 0) return null',
    seed: 9,
  },
  {
    name: 'a commit is answered before it is durable',
    file: PEER,
    find: "this.#log.whenDurable(lsn, (error) => this.#committed(id, failureNumber(error === null ? null : 'IO'), answered))",
    replace: 'this.#committed(id, failureNumber(null), answered)',
    seed: 4,
  },
  {
    name: 'what others have written counts as flushed',
    file: GOVERNED,
    find: '    volume.flushGate.wrote()\n    const lsn',
    replace: '    const lsn',
    seed: 2,
  },
  {
    name: 'the end of a file is read without a right to it',
    file: 'mover/files/transfer.ts',
    find: 'return end >= inode.size ? FILE_END : Math.ceil(end / PAGE_BYTES)',
    replace: 'return Math.ceil(Math.min(end, inode.size) / PAGE_BYTES)',
    seed: 210,
  },
  {
    name: 'a stale process of a mover is let in',
    file: 'mover/sessions/reception.ts',
    find: 'if (member?.incarnation !== hex(hello.incarnation)) {',
    replace: 'if (member === undefined) {',
    seed: 79,
  },
  {
    name: 'what a stranger has written to by another mover keeps setuid',
    file: 'mover/files/held-volume.ts',
    find: 'dropPrivileges: (op, inode) => this.calls.dropPrivileges(op, inode)',
    replace: 'dropPrivileges: () => null',
    seed: 9,
  },
  {
    name: 'a write keeps its tokens while its primary takes setuid away',
    file: 'mover/authority/keep.ts',
    find: ' || error instanceof SuspendForAnother',
    replace: '',
    seed: 22,
  },
]

const SECONDARY = 'mover/authority/secondary.ts'

/** Deliberate breaks of what a primary's next process and the movers that have survived it do. */
export const OF_TAKE_OVER: readonly Omit<SimMutant, 'world'>[] = [
  {
    name: 'a new primary answers who has told what he holds before it knows what others hold',
    file: PRIMARY,
    find: '        if (!this.#isRecovering) this.#ready()\n',
    replace: '        this.#ready()\n',
    seed: 5,
  },
  {
    name: 'reserved blocks are not asserted',
    file: SECONDARY,
    find: 'const runs = files.reservedBlocks()',
    replace: 'const runs = files.reservedBlocks().slice(0, 0)',
    seed: 10,
  },
  {
    name: 'blocks that are asserted stay free',
    file: SPACE,
    find: '    this.takeAgain(runs)\n    this.keep',
    replace: '    this.keep',
    seed: 2,
  },
  {
    name: 'commits without an answer are forgotten',
    file: SECONDARY,
    find: 'for (const { message } of this.#commits.values()) session.send(message)',
    replace: '',
    seed: 4,
  },
  {
    name: 'a commit that was lost is taken for durable',
    file: PEER,
    find: 'const isThere = !isTaken && this.#files.has(ino, kept)',
    replace: 'const isThere = !isTaken',
    seed: 79,
  },
  {
    name: 'what a new primary has raised is not taken over',
    file: 'mover/files/held-volume.ts',
    find: 'this.#files.get(ino)?.merge(this.#value)',
    replace: '',
    seed: 5,
  },
  {
    name: 'files that are written to are not marked again',
    file: PEER,
    find: 'const failure = this.#files.markAgain(ino)',
    replace: 'const failure = null as string | null',
    seed: 84,
  },
  {
    name: 'what was asked of a dead primary is not asked again',
    file: SECONDARY,
    find: '    this.tokens.askAgain()\n',
    replace: '',
    seed: 14,
  },
  {
    name: 'what a file has become is not asserted',
    file: PEER,
    find: '        this.#absorb(ino, changes)\n      }\n      // Its',
    replace: '      }\n      // Its',
    seed: 38,
  },
  {
    name: 'what is being given back is not asserted',
    file: SECONDARY,
    find: 'const tokens = this.tokens.held(ino)?.all() ?? []',
    replace: 'const tokens = this.tokens.held(ino)?.usable ?? []',
    seed: 3,
  },
  {
    name: 'serials of an earlier reign are taken',
    file: 'mover/locks/token-table.ts',
    find: '    this.#lastSerial = Math.max(this.#lastSerial, token.serial)\n',
    replace: '',
    seed: 3,
  },
  {
    name: 'operations begin while there is no primary',
    file: SECONDARY,
    find: '    if (!this.#isReady) throw new Suspend((resume) => void',
    replace: '    if (this.#lastId < 0) throw new Suspend((resume) => void',
    seed: 5,
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
    seed: 6,
  },
  {
    name: 'a volume that is being given a primary is given another one',
    file: ELECTIONS,
    find: '    if (this.#isElecting) return\n',
    replace: '',
    seed: 5,
  },
  {
    name: 'a mover that dies when it has been elected is not replaced',
    file: ELECTIONS,
    find: '!lives(primary) && this.#choose',
    replace: '!lives(primary) && primary === this.#o.movers[0] && this.#choose',
    seed: 6,
  },
  {
    name: 'who is elected does not wait for what it holds itself',
    file: MEMBERSHIP,
    find: 'this.#o.onElected(role.term, holders, isCalm)',
    replace: 'this.#o.onElected(role.term, holders.filter(({ name }) => name !== role.primary), isCalm)',
    seed: 3,
  },
  {
    name: 'who is elected is no member of its own reign',
    file: MEMBERSHIP,
    find: 'reception.begin([...this.#running.values()], holders)',
    replace:
      'reception.begin([...this.#running.values()].filter(({ name }) => name !== this.#o.self.name), holders.filter(({ name }) => name !== this.#o.self.name))',
    seed: 3,
  },
  {
    name: 'who has died while the volume was being opened is waited for',
    file: MEMBERSHIP,
    find: 'reception.begin([...this.#running.values()], holders)',
    replace: 'reception.begin([...this.#running.values()], [])',
    seed: 97,
  },
  {
    name: 'who is elected goes on without a primary for its own clients',
    file: MEMBERSHIP,
    find: '    this.link?.follow(role)\n',
    replace: '    if (role.primary !== this.#o.self.name) this.link?.follow(role)\n',
    seed: 3,
  },
  {
    name: 'what a mover says to itself changes before it arrives',
    file: LOCAL,
    find: 'const copy = new Uint8Array(bytes)',
    replace: 'const copy = bytes',
    seed: 3,
  },
]
