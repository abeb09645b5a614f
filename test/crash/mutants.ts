import type { Break } from './mutant-runs.ts'
import type { PlotName } from './plots.ts'

/** A deliberate break of the product, which the crash tests must notice. */
export interface Mutant extends Break {
  /** The plot whose stories are to notice it. */
  readonly plot: PlotName
}

const VOLUME = 'mover/volume/volume.ts'
const OPEN = 'mover/volume/open.ts'
const SPACE = 'mover/volume/space.ts'
const LOG = 'mover/volume/log.ts'
const REIGN = 'mover/volume/reign.ts'
const READER = 'mover/volume/log-reader.ts'
const WRITE_BACK = 'mover/files/write-back.ts'
const TRANSFER = 'mover/files/transfer.ts'
const RESIZE = 'mover/files/set-attributes.ts'

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'acknowledged before the log is durable',
    file: LOG,
    find: 'if (lsn <= this.durableLsn) done(null)',
    replace: 'if (lsn <= this.lastLsn) done(null)',
    plot: 'names',
  },
  {
    name: 'superblock without a flush of what it names',
    file: VOLUME,
    find: 'yield* wait((resume) => this.flushGate.flush(resume))',
    replace: '',
    plot: 'names',
  },
  {
    name: 'checkpoint does not wait for the log',
    file: VOLUME,
    find: 'superblock.log = this.log.boundary',
    replace: 'superblock.log = { ...superblock.log }',
    plot: 'names',
  },
  {
    name: 'bitmap written over the one in use',
    file: SPACE,
    find: 'const slot = this.#slot[chunk] === 0 ? 1 : 0',
    replace: 'const slot = 0',
    plot: 'names',
  },
  {
    name: 'chunk table written over the one in use',
    file: SPACE,
    find: 'this.#tableSlot = 1 - this.#tableSlot',
    replace: '',
    plot: 'names',
  },
  {
    name: 'dropped tree nodes used again before the superblock is durable',
    file: SPACE,
    find: 'this.#droppedNodes.push(block)',
    replace: 'this.#release(block, 1)',
    plot: 'names',
    seed: 13,
  },
  {
    name: 'freed blocks used again before their free is durable',
    file: 'mover/volume/freed-blocks.ts',
    find: 'if (free.lsn > durableLsn || free.ioEpoch >= this.#ioOldest) break',
    replace: 'if (free.ioEpoch >= this.#ioOldest) break',
    plot: 'data',
    seed: 26,
  },
  {
    name: 'extents logged without a flush of their data',
    file: LOG,
    find: 'if (batch.dataFirst &&',
    replace: 'if (false &&',
    plot: 'data',
  },
  {
    name: 'extents logged before their data is written',
    file: WRITE_BACK,
    find: 'yield* this.#write(data, round, alone)',
    replace: 'if (!round.fold) yield* this.#write(data, round, alone)',
    plot: 'data',
  },
  {
    name: 'UNSTABLE data acknowledged as FILE_SYNC',
    file: TRANSFER,
    find: 'op.barrier = both(op.barrier, context.writeBack.barrier(data, first, last))',
    replace: '',
    plot: 'data',
  },
  {
    name: 'COMMIT answered without a flush',
    file: WRITE_BACK,
    find: 'if (!round.fold && !flushGate.isFlushed(data.writeMark))',
    replace: 'if (false)',
    plot: 'data',
    seed: 14,
  },
  {
    name: 'FILE_SYNC answered before the truncation that has overtaken it is durable',
    file: WRITE_BACK,
    find: 'yield* this.#afterLog(data.inode.lastLsn)',
    replace: 'if (round.fold) yield* this.#afterLog(data.inode.lastLsn)',
    plot: 'races',
  },
  {
    name: 'last block not written again when the file grows by a write',
    file: TRANSFER,
    find: 'if (end > inode.size) dirtyTail(context, data)',
    replace: '',
    plot: 'data',
    seed: 14,
  },
  {
    name: 'last block not zeroed when the file grows by SETATTR',
    file: RESIZE,
    find: 'if (size > inode.size && inode.size % PAGE_BYTES !== 0 && data.cleanTailSize !== inode.size) {',
    replace: 'if (false) {',
    plot: 'data',
    seed: 14,
  },
  {
    name: 'write mark not set',
    file: TRANSFER,
    find: 'if (inode.marked) return null',
    replace: 'if (inode.ino > 0) return null',
    plot: 'steady',
  },
  {
    name: 'bytes change before the write mark is durable',
    file: WRITE_BACK,
    find: 'yield* this.#afterLog(data.inode.markLsn)',
    replace: '',
    plot: 'data',
    seed: 26,
  },
  {
    name: 'write marks not recovered',
    file: OPEN,
    find: 'yield* recoverMarks(volume)',
    replace: '',
    plot: 'steady',
  },
  {
    name: 'new reign logs before it is in the superblock',
    file: OPEN,
    find: '(yield* tryWrite(writeSuperblockCopies(device, superblock, device.allocatePages(1))))',
    replace: 'null',
    plot: 'reigns',
  },
  {
    name: 'new reign takes the log segments of its predecessor',
    file: REIGN,
    find: 'if (!live.includes(assignment.term)) superblock',
    replace: 'superblock',
    plot: 'reigns',
  },
  {
    name: 'new reign logs before its first checkpoint',
    file: LOG,
    find: '&& this.#ahead.length >= leave) return',
    replace: ') return',
    plot: 'reigns',
  },
  {
    name: 'log segment of a reign that has logged nothing not used again',
    file: REIGN,
    find: '&& found.terms.has(reign.term))',
    replace: ')',
    plot: 'reigns',
  },
  {
    name: 'checkpoint leaves no log segment for the next reign',
    file: REIGN,
    find: 'const LEFT_FOR_SUCCESSOR = 4',
    replace: 'const LEFT_FOR_SUCCESSOR = 0',
    plot: 'names',
  },
  {
    name: 'checkpoint gives away the segment where replay starts',
    file: REIGN,
    find: 'mine.slice(mine.indexOf(position.segment))',
    replace: 'mine.slice(mine.indexOf(position.segment) + 1)',
    plot: 'names',
  },
  {
    name: 'replay does not stop where the successor began',
    file: READER,
    find: 'while (found.lastLsn < limitLsn) {',
    replace: 'for (limitLsn = Number.MAX_SAFE_INTEGER; ; ) {',
    plot: 'names',
  },
  {
    name: 'torn log batch replayed',
    file: READER,
    find: '|| !batchIsWhole(bytes, header)) return null',
    replace: ') return null',
    plot: 'log',
  },
  {
    name: 'next inode number not kept by checkpoints',
    file: VOLUME,
    find: 'superblock.nextIno = contents.nextIno',
    replace: '',
    plot: 'names',
  },
  {
    name: 'replay records not kept by checkpoints',
    file: VOLUME,
    find: 'superblock.replayBlock = replayBlocks[0] ?? 0',
    replace: 'superblock.replayBlock = 0',
    plot: 'names',
  },
  {
    name: 'orphans and truncations not resumed',
    file: 'mover/files/volume-files.ts',
    find: 'this.context.housekeeping.wake()',
    replace: '',
    plot: 'scatter',
  },
  {
    name: 'reads may be evicted while their reply is sent',
    file: TRANSFER,
    find: 'pages.pin(slot)',
    replace: '',
    plot: 'data',
  },
  {
    name: 'failed log write taken for a good one',
    file: LOG,
    find: 'if (error !== null) this.#fail(error)\n      else this.#written(batch)',
    replace: 'this.#written(batch)',
    plot: 'failures',
  },
  {
    name: 'failed flush taken for a good one',
    file: 'mover/store/flush-gate.ts',
    find: 'for (const waiter of waiters) waiter(error)',
    replace: 'for (const waiter of waiters) waiter(null)',
    plot: 'failures',
    seed: 31,
  },
  {
    name: 'locks may be had before that is noted durably',
    file: 'mover/files/lock-records.ts',
    find: "return submit(context, op, 'noteLocks', { ino: inode.ino, movers }, URGENT)",
    replace: "context.volume.submit('noteLocks', { ino: inode.ino, movers }, URGENT); return null",
    plot: 'locks',
  },
  {
    name: 'a mover whose clients lock a file takes the place of others',
    file: 'mover/volume/records/locker-parts.ts',
    find: 'inode.lockers |= movers',
    replace: 'inode.lockers = movers',
    plot: 'locks',
  },
  {
    name: 'a note of locks outlives its file',
    file: 'mover/volume/records/extent-parts.ts',
    find: 'dropLockers(txn, ino, inode)',
    replace: '',
    plot: 'locks',
  },
]
