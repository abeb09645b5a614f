import type { SimMutant } from './mutants.ts'

const HOST = 'test/sim/failure-host.ts'
const PEER = 'mover/authority/peer.ts'
const PRIMARY = 'mover/authority/primary.ts'
const GOVERNED = 'mover/files/governed-volume.ts'
const REIGN = 'mover/primary-reign.ts'
const REMOTE_VOLUME = 'mover/files/remote-volume.ts'

/** Deliberate breaks of what is done when movers fail; those of the supervisor are in the simulated one. */
export const OF_FAILURES: readonly Omit<SimMutant, 'world'>[] = [
  {
    name: 'who is silent for a lease is told gone, and lives on',
    seed: 1,
    file: HOST,
    find: 'did not answer for a lease`)\n      mover.process.die()',
    replace:
      'did not answer for a lease`)\n      for (const other of this.slots) this.#tell(other, (m) => m.gone(mover.incarnation))',
  },
  {
    name: 'a dead mover is told gone while its I/O is under way',
    seed: 6,
    file: HOST,
    find: 'mover.initiator.whenQuiet(() => this.#later(fenceMs, () => this.#gone(slot, mover)))',
    replace: 'this.#later(fenceMs / 10, () => this.#gone(slot, mover))',
  },
  {
    name: 'movers are started again before the others of a lost primary are gone',
    seed: 2,
    file: HOST,
    find: 'if (this.slots.some(({ mover }) => mover !== null)) return',
    replace: 'for (const slot of this.slots) slot.mover = null',
  },
  {
    name: 'a stopped mover is never silent',
    seed: 1,
    file: 'mover/host/lease.ts',
    find: 'return this.#sentMs.length === 0 ? 0 : nowMs - this.#sentMs[0]',
    replace: 'return this.#sentMs.length === 0 ? nowMs - nowMs : 0',
  },
  {
    name: 'a mover is gone when its session has ended',
    seed: 2,
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
    name: 'what a mover has said is carried out when it is gone',
    seed: 196,
    file: PEER,
    find: 'if (!this.#isGone) step()',
    replace: 'step()',
  },
  {
    name: 'files are taken from a writer that is gone as they are',
    seed: 94,
    file: PRIMARY,
    find: '        this.#files.recover(ino, mightWrite)\n',
    replace: '        void mightWrite\n',
  },
  {
    name: 'what a writer held is free before its files are recovered',
    seed: 22,
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
    seed: 115,
    file: GOVERNED,
    find: 'change: inode.change + LOST_CHANGES }',
    replace: 'change: inode.change + 1 }',
  },
  {
    name: 'growth that a dead writer has not committed stays',
    seed: 22,
    file: GOVERNED,
    find: '      inode.size = loggedSize\n',
    replace: '',
  },
  {
    name: 'growth that another writer has not committed is logged by the primary',
    seed: 334,
    file: 'mover/files/write-back.ts',
    find: 'let size = inode.grownElsewhere ? inode.loggedSize : inode.size',
    replace: 'let { size } = inode',
  },
  {
    name: 'others write into growth that is not committed',
    seed: 459,
    file: 'mover/files/drain.ts',
    find: ' || isGrowth(data.inode, start, end)',
    replace: '',
  },
  {
    name: 'the times of a dead writer stay',
    seed: 31,
    file: GOVERNED,
    find: '    const after = { atime, mtime: ctime, ctime, change: inode.change + LOST_CHANGES }\n',
    replace:
      '    const old = { sec: inode.ctimeSec, nsec: inode.ctimeNsec }\n    const after = { atime, mtime: old, ctime: old, change: inode.change + LOST_CHANGES }\n',
  },
  {
    name: 'all movers have the same write verifier',
    seed: 5,
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
    seed: 6,
    file: 'mover/volume/records/apply.ts',
    find: '      inode.change += LOST_CHANGES\n',
    replace: '      inode.change += 1\n',
  },
  {
    name: 'a secondary may write before the mark of its file is durable',
    seed: 30,
    file: PEER,
    find: 'ALLOWS[token.kind].BR_W ? this.#files.mark(ino) : null',
    replace: 'ALLOWS[token.kind].BR_W && ino === 0 ? this.#files.mark(ino) : null',
  },
  {
    name: 'who has lost its session tells clients that it cannot write',
    seed: 106,
    file: REMOTE_VOLUME,
    find: '      if (outcome === null) return\n',
    replace: '',
  },
  {
    name: 'a commit is answered before it is durable',
    seed: 48,
    file: PEER,
    find: "} else this.#log.whenDurable(lsn, (error) => this.#committed(id, failureNumber(error === null ? null : 'IO')))",
    replace: '} else this.#committed(id, failureNumber(null))',
  },
  {
    name: 'what others have written counts as flushed',
    seed: 12,
    file: GOVERNED,
    find: '    volume.flushGate.wrote()\n    const lsn',
    replace: '    const lsn',
  },
]
