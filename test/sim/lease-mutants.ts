import type { SimMutant } from './mutants.ts'

const LEASED = 'mover/store/leased-device.ts'
const LEASE = 'mover/lease.ts'
const RUNNER = 'mover/rpc/runner.ts'
const FLEET = 'mover/host/fleet.ts'

/** Deliberate breaks of what a mover does not do any more when its lease is over. */
export const OF_LEASES: readonly Omit<SimMutant, 'world'>[] = [
  {
    name: 'the lease is not looked at before a read',
    file: LEASED,
    find: 'if (this.#lease.isHeld) this.#device.read(offset, buffer, shown)',
    replace: 'if (buffer.length > 0) this.#device.read(offset, buffer, shown)',
    seed: 5,
  },
  {
    name: 'the lease is not looked at after a read',
    file: LEASED,
    find: '      if (this.#lease.isHeld) done(error)\n',
    replace: '      if (buffer.length > 0) done(error)\n',
    seed: 239,
  },
  {
    name: 'the lease is not looked at before a write',
    file: LEASED,
    find: 'if (this.#lease.isHeld) this.#device.write(offset, buffers, lane, done)',
    replace: 'if (buffers.length > 0) this.#device.write(offset, buffers, lane, done)',
    seed: 36,
  },
  {
    name: 'the lease is not looked at before the log is written',
    file: LEASED,
    find: 'if (this.#lease.isHeld) this.#device.writeDurable(offset, buffer, lane, done)',
    replace: 'if (buffer.length > 0) this.#device.writeDurable(offset, buffer, lane, done)',
    seed: 22,
  },
  {
    name: 'the lease is not looked at before a flush',
    file: LEASED,
    find: 'if (this.#lease.isHeld) this.#device.flush(done)',
    replace: 'if (this.#device.sizeBytes > 0) this.#device.flush(done)',
    seed: 57,
  },
  {
    name: 'the lease is not looked at before a reply',
    file: 'mover/net/connection.ts',
    find: '      if (this.#host.lease.isHeld) this.#send()\n',
    replace: '      if (this.open) this.#send()\n',
    seed: 21,
  },
  {
    name: 'the lease counts from the answer, not from the question',
    file: LEASE,
    find: 'this.#endMs = askedMs + this.#leaseMs',
    replace: 'this.#endMs = this.#hostMs() + this.#leaseMs',
    seed: 21,
  },
  {
    name: 'who waits for the lease is forgotten when it is renewed',
    file: LEASE,
    find: '    for (const task of waiting) task()\n',
    replace: '    void waiting\n',
    seed: 5,
  },
  {
    name: 'a mover that others wait for is taken for gone when it is killed',
    file: FLEET,
    find: ', and was killed`)\n',
    replace: ', and was killed`)\n    this.#tell({ type: "gone", name, incarnation })\n',
    seed: 5,
  },
]

/** Deliberate breaks of whose the blocks of the device are. */
export const OF_BLOCKS: readonly Omit<SimMutant, 'world'>[] = [
  {
    name: 'a token goes while I/O of it is under way',
    file: 'mover/files/drain.ts',
    find: '        data.checkQuietIn(start, end)\n',
    replace: '',
    seed: 2,
  },
  {
    name: 'what lies between dirty blocks is written although its mover may only read it',
    file: 'mover/files/write-round.ts',
    find: '    if (block < to && !mayWrite(data.inode.ino, block)) return false\n',
    replace: '',
    seed: 20183,
  },
  {
    name: 'what a mover has reserved is handed out to others too',
    file: 'mover/authority/peer-space.ts',
    find: '      this.keep(runs)\n      done(runs)\n',
    replace: '      this.keep(runs)\n      this.#files.giveBack(runs.slice(0, 1))\n      done(runs)\n',
    seed: 2,
  },
  {
    name: 'what a mover had reserved in an earlier reign is free',
    file: 'mover/authority/peer-space.ts',
    find: '    this.takeAgain(runs)\n',
    replace: '',
    seed: 10,
  },
]

/** Deliberate breaks of how calls are known that come again. */
export const OF_REPEATED_CALLS: readonly Omit<SimMutant, 'world'>[] = [
  {
    name: 'a call that another mover has asked for is carried out again at the primary',
    file: RUNNER,
    find: 'const known = this.#memory.find(call.replay)\n',
    replace: 'const known = call.xid < 0 ? this.#memory.find(call.replay) : null\n',
    seed: 1,
  },
]
