/**
 * A primary and a mover that says what it must not, behind a good HELLO: the session ends, what it said takes no effect, and
 * when its process is gone nothing of it is left. And a good one that dies: nobody is shown less than it has shown.
 */
import t, { type Test } from 'tap'
import { Session } from '../../mover/authority/session.ts'
import { FILE_END } from '../../mover/locks/token.ts'
import { PrimaryReign } from '../../mover/primary-reign.ts'
import { Suspend } from '../../mover/suspend.ts'
import { MAX_FILE_BYTES } from '../../mover/volume/layout.ts'
import { LOST_CHANGES } from '../../mover/volume/records/apply.ts'
import {
  type commit,
  type grant,
  MAX_CALLS,
  MOVERLOCK_VERSION,
  type message,
  message_kind,
  type operation,
  operation_kind,
  type run,
  time_how,
  token_kind,
  type written,
} from '../../protocol/moverlock/moverlock.gen.ts'
import type { TestEnvironment } from '../crash/test-environment.ts'
import { FilesWorld } from './files-support.ts'
import { memoryLogger } from './rpc-support.ts'
import { check } from './volume-spoil.ts'

const INCARNATION = '01'.repeat(16)
const MOST_RESERVED = 64
const WHOLE = { start: 0, end: FILE_END }

/** A primary with a file, and a mover without manners. */
class Rude {
  readonly world = new FilesWorld()
  readonly ino = this.world.create('f')
  readonly log = memoryLogger()
  readonly reign: PrimaryReign
  readonly got: message[] = []
  readonly session: Session
  readonly #primary: Session

  /** `holds`: the mover may have something of an earlier reign, and has not said yet what. */
  constructor(holds = false) {
    const { files, env } = this.world
    const device = { identity: 'file 1:2', direct: true }
    this.world.write(this.ino, 0, new Uint8Array(10_000).fill(1), 'fileSync')
    this.reign = new PrimaryReign({
      name: 'share',
      term: 1,
      device,
      files,
      mostReserved: MOST_RESERVED,
      env,
      logger: this.log.logger,
      holders: holds ? [{ name: 'b', incarnation: INCARNATION }] : [],
      ...{ movers: [], self: '', noted: new Map(), graceMs: 30_000, isCalm: false },
      trace: null,
    })
    let primary: Session | null = null
    this.session = new Session({ write: (bytes) => later(env, primary, bytes), close: () => {} }, env, {
      message: (message) => this.got.push(structuredClone(message)),
      ended: () => {},
    })
    const back = {
      write: (bytes: Uint8Array) => later(env, this.session, bytes),
      close: () => {},
    }
    primary = this.reign.accept(back, {
      protocol: MOVERLOCK_VERSION,
      mover: Buffer.from('b'),
      incarnation: Buffer.from(INCARNATION, 'hex'),
      volume: files.volumeUuid,
      term: 1,
      device: Buffer.from(device.identity),
      direct: true,
    })
    this.#primary = primary
    if (!holds) this.say({ kind: message_kind.ASSERTED })
  }

  /** Messages that have arrived. */
  get received(): number {
    return this.#primary.counts.messagesReceived
  }

  /** Calls among them. */
  get calls(): number {
    return this.#primary.counters()['received.CALL'] ?? 0
  }

  #settle(): void {
    this.world.env.runUntilIdle()
  }

  /** Why the primary has ended the session. */
  get endedWith(): string | null {
    return this.log.lines.find(({ msg }) => msg.includes('has ended'))?.msg ?? null
  }

  /** Says something; returns what is answered. */
  say(message: message): message[] {
    this.got.length = 0
    this.session.send(message)
    this.session.flush()
    this.#settle()
    return [...this.got]
  }

  lock(kind: token_kind, start = 0, end = 1): grant {
    const id = ++this.#lastId
    const lock = { ino: this.ino, id, kind, need: { start, end }, exact: false }
    const [answer] = this.say({ kind: message_kind.LOCK, lock })
    if (answer?.kind !== message_kind.GRANT) throw new Error(`no grant: ${JSON.stringify(answer)}`)
    return answer.grant
  }

  reserve(count: number): run[] {
    const [answer] = this.say({ kind: message_kind.RESERVE, reserve: { id: ++this.#lastId, count } })
    if (answer?.kind !== message_kind.RESERVED) throw new Error(`nothing reserved: ${JSON.stringify(answer)}`)
    return answer.reserved.runs
  }

  commit(changes: Partial<commit>): message {
    const { size } = this.world.inode(this.ino)
    const told = { id: ++this.#lastId, ino: this.ino, size, changes: this.written(), runs: [] }
    return { kind: message_kind.COMMIT, commit: { ...told, ...changes } }
  }

  /** A change, a second after the last one. */
  written(changes: Partial<written> = {}): written {
    const { size, ctimeSec } = this.world.inode(this.ino)
    const time = { sec: ctimeSec + 1, nsec: 0 }
    return { sequence: ++this.#lastId, size, atime: time, mtime: time, ctime: time, changes: 1, ...changes }
  }

  /** Its process is gone. */
  die(): void {
    this.reign.gone({ name: 'b', incarnation: INCARNATION })
    this.#settle()
  }

  /** All that a mover could spoil. */
  state(): unknown {
    const { size, change, ctimeSec, ctimeNsec, mtimeSec, mode, nlink } = this.world.inode(this.ino)
    const { space } = this.world.files.volume
    const { change: rootChange, size: rootSize } = this.world.root as { change: number; size: number }
    return {
      file: [size, change, ctimeSec, ctimeNsec, mtimeSec, mode, nlink],
      root: [rootSize, rootChange],
      free: space.dataFree + space.pendingBlocks,
    }
  }

  #lastId = 0
}

function later(env: TestEnvironment, to: Session | null, bytes: Uint8Array): void {
  const copy = bytes.slice()
  env.defer(() => to?.received(copy))
}

/** After these preparations, this must not be said: for this reason. */
const WRONG: Record<string, [prepare: (rude: Rude) => message, reason: RegExp]> = {
  'a second HELLO': [
    (rude) => ({
      kind: message_kind.HELLO,
      hello: {
        protocol: MOVERLOCK_VERSION,
        mover: Buffer.from('b'),
        incarnation: new Uint8Array(16),
        volume: rude.world.files.volumeUuid,
        term: 1,
        device: new Uint8Array(0),
        direct: true,
      },
    }),
    /does not send/,
  ],
  'what only a primary says': [
    (rude) => ({ kind: message_kind.REVOKE, revoke: { ino: rude.ino, serial: 1, blocks: WHOLE } }),
    /does not send/,
  ],
  'a lock that ends before it begins': [
    ({ ino }) => ({
      kind: message_kind.LOCK,
      lock: { ino, id: 1, kind: token_kind.BR_W, need: { start: 2, end: 1 }, exact: false },
    }),
    /a lock of \[2, 1\)/,
  ],
  'a lock with the number of what is granted unasked': [
    ({ ino }) => ({
      kind: message_kind.LOCK,
      lock: { ino, id: 0, kind: token_kind.BR_W, need: { start: 0, end: 1 }, exact: false },
    }),
    /a lock without a number/,
  ],
  'a lock behind the end of every file': [
    ({ ino }) => ({
      kind: message_kind.LOCK,
      lock: { ino, id: 1, kind: token_kind.BR_W, need: { start: 0, end: FILE_END + 1 }, exact: false },
    }),
    /a lock of/,
  ],
  'a commit of blocks that it has not reserved': [
    (rude) => {
      rude.lock(token_kind.BR_W)
      return rude.commit({ runs: [{ file_block: 0, device_block: 5000, length: 1 }] })
    },
    /which it has not reserved/,
  ],
  'a commit of some blocks that it has not reserved': [
    (rude) => {
      rude.lock(token_kind.BR_W, 0, 2)
      const [{ start }] = rude.reserve(8)
      const good = { file_block: 0, device_block: start, length: 1 }
      return rude.commit({ runs: [good, { file_block: 1, device_block: start, length: 1 }] })
    },
    /which it has not reserved/,
  ],
  'a commit to blocks that it may only read': [
    (rude) => {
      rude.lock(token_kind.WF_R)
      const [{ start }] = rude.reserve(8)
      return rude.commit({ runs: [{ file_block: 0, device_block: start, length: 1 }] })
    },
    /that it may not write/,
  ],
  'a commit of nothing': [
    (rude) => {
      rude.lock(token_kind.BR_W)
      return rude.commit({ runs: [{ file_block: 0, device_block: 5000, length: 0 }] })
    },
    /that it may not write/,
  ],
  'a commit behind the end': [
    (rude) => {
      rude.lock(token_kind.BR_W)
      return rude.commit({ size: 1e6 })
    },
    /behind its end/,
  ],
  'a commit of a file of which it holds nothing': [(rude) => rude.commit({}), /does not hold enough/],
  'a commit of a file that it only reads': [
    (rude) => {
      rude.lock(token_kind.WF_R)
      return rude.commit({})
    },
    /does not hold enough/,
  ],
  'a file larger than files can be': [
    (rude) => {
      rude.lock(token_kind.BR_W)
      return rude.commit({ changes: rude.written({ size: MAX_FILE_BYTES + 1 }) })
    },
    /what cannot be/,
  ],
  'a time that is none': [
    (rude) => {
      rude.lock(token_kind.BR_W)
      return rude.commit({ changes: rude.written({ ctime: { sec: 2 ** 31, nsec: 1e9 } }) })
    },
    /what cannot be/,
  ],
  'more changes than can be': [
    (rude) => {
      rude.lock(token_kind.BR_W)
      return rude.commit({ changes: rude.written({ changes: LOST_CHANGES }) })
    },
    /what cannot be/,
  ],
  'changes of a directory, with a release': [
    (rude) => {
      const changes = rude.written({ size: 1e9 })
      const ino = rude.world.files.rootIno
      return { kind: message_kind.RELEASE, release: { ino, serial: 1, blocks: WHOLE, changes } }
    },
    /does not hold enough/,
  ],
  'an answer that was not asked': [
    ({ ino }) => ({ kind: message_kind.GLIMPSED, glimpsed: { ino, id: 7, changes: null } }),
    /not asked/,
  ],
  'where a file lies of which it holds nothing': [
    ({ ino }) => ({ kind: message_kind.MAP, map: { ino, id: 1, first: 0 } }),
    /holds nothing of it/,
  ],
  'more blocks asked for than it has memory to write': [
    (rude) => {
      rude.reserve(MOST_RESERVED - 8)
      return { kind: message_kind.RESERVE, reserve: { id: 99, count: 9 } }
    },
    /more than 64 device blocks reserved at a time/,
  ],
  'blocks given back that it has not': [
    () => ({ kind: message_kind.GIVE_BACK, give_back: { runs: [{ start: 5000, length: 1 }] } }),
    /which it has not reserved/,
  ],
  'blocks given back twice': [
    (rude) => {
      const [{ start, length }] = rude.reserve(8)
      return { kind: message_kind.GIVE_BACK, give_back: { runs: [runOf(start, length), runOf(start, 1)] } }
    },
    /which it has not reserved/,
  ],
}

function runOf(start: number, length: number): run {
  return { start, length }
}

function isClean(t: Test, rude: Rude): void {
  rude.world.world.run(rude.world.files.close())
  t.same(check(rude.world.env, rude.world.device).problems, [])
}

t.test('what must not be said ends the session and takes no effect', async (t) => {
  for (const [what, [prepare, reason]] of Object.entries(WRONG)) {
    const rude = new Rude()
    const free = rude.state()
    const message = prepare(rude)
    t.equal(rude.endedWith, null)
    const before = rude.state()
    rude.say(message)
    t.match(rude.endedWith, reason, what)
    t.same(rude.state(), before, what)
    // Nothing more of it counts.
    const { ino } = rude
    rude.say({ kind: message_kind.CALL, call: removal(rude) })
    t.same(rude.state(), before, what)
    rude.die()
    t.equal((rude.state() as { free: number }).free, (free as { free: number }).free, `${what}: no block is lost`)
    t.equal(rude.reign.authority.sharedFiles, 0)
    t.equal(rude.world.inode(ino).nlink, 1)
    isClean(t, rude)
  }
})

function removal({ world }: Rude): Extract<message, { kind: typeof message_kind.CALL }>['call'] {
  const dir = { ino: world.files.rootIno, generation: world.root.generation }
  return {
    id: 1,
    caller: { uid: 0, gid: 0, gids: [] },
    read_only: false,
    replay: null,
    what: { kind: 9, where: { dir, what: Buffer.from('f') } },
  }
}

t.test('blocks that have been asked for, and not answered, count too', async (t) => {
  const rude = new Rude()
  // Somebody's are about to be free.
  rude.world.files.volume.reserveData = () => {
    throw new Suspend(() => {})
  }
  for (let id = 1; id <= 8; id++) rude.say({ kind: message_kind.RESERVE, reserve: { id, count: MOST_RESERVED / 8 } })
  t.equal(rude.endedWith, null)
  rude.say({ kind: message_kind.RESERVE, reserve: { id: 9, count: 1 } })
  t.match(rude.endedWith, /device blocks reserved/)
})

t.test('blocks that have been committed or given back make room for others', async (t) => {
  const rude = new Rude()
  rude.lock(token_kind.BR_W, 0, FILE_END)
  for (let i = 1; i <= 8; i++) {
    const [{ start }, ...others] = rude.reserve(MOST_RESERVED)
    // What the file has already lies before these.
    const runs = [{ file_block: MOST_RESERVED * i, device_block: start, length: MOST_RESERVED / 2 }]
    const size = MOST_RESERVED * 4096 * (i + 1)
    rude.say(rude.commit({ size, changes: rude.written({ size }), runs }))
    t.same(others, [])
    const rest = { start: start + MOST_RESERVED / 2, length: MOST_RESERVED / 2 }
    rude.say({ kind: message_kind.GIVE_BACK, give_back: { runs: [rest] } })
  }
  t.equal(rude.endedWith, null)
  rude.die()
  isClean(t, rude)
})

t.test('a mover has so many calls under way, and no more', async (t) => {
  const rude = new Rude()
  const { env, files } = rude.world
  const what = { ino: rude.ino, generation: rude.world.inode(rude.ino).generation }
  const leave = { how: time_how.LEAVE }
  const set = { mode: 0o600, uid: null, gid: null, size: null, atime: leave, mtime: leave }
  const look: operation = { kind: operation_kind.GETATTR, what }
  const change: operation = { kind: operation_kind.SETATTR, setattr: { what, set, guard: null } }
  const ask = (operation: operation, count: number): void => {
    const call = { ...removal(rude), what: operation }
    for (let i = 0; i < count; i++) rude.session.send({ kind: message_kind.CALL, call })
    const asked = rude.calls + count
    rude.session.flush()
    env.runUntil(() => rude.calls === asked)
  }
  ask(look, 10)
  // Nothing becomes durable any more.
  files.volume.log.whenDurable = () => {}
  ask(change, MAX_CALLS)
  t.equal(rude.endedWith, null)
  ask(change, 1)
  t.match(rude.endedWith, /more than 16384 calls at a time/)
})

t.test('what a writer commits counts once, and is shown with the times that it has told', async (t) => {
  const rude = new Rude()
  const before = rude.world.inode(rude.ino).change
  rude.lock(token_kind.BR_W)
  const changes = rude.written({ changes: 3 })
  const [answer] = rude.say(rude.commit({ changes }))
  t.equal(answer?.kind, message_kind.COMMITTED)
  const { change, ctimeSec, ctimeNsec } = rude.world.inode(rude.ino)
  t.same([change, ctimeSec, ctimeNsec], [before + 3, changes.ctime.sec, changes.ctime.nsec])
  rude.die()
  isClean(t, rude)
})

t.test('growth that is told with a commit, but not committed, is shown and lost with its writer', async (t) => {
  const rude = new Rude()
  const { size } = rude.world.inode(rude.ino)
  rude.lock(token_kind.BR_W, 2, FILE_END)
  const changes = rude.written({ size: size + 500 })
  rude.say(rude.commit({ size: size + 100, changes }))
  const inode = rude.world.inode(rude.ino)
  t.same([inode.size, inode.loggedSize], [size + 500, size + 100])
  rude.die()
  t.same([inode.size, inode.loggedSize], [size + 100, size + 100])
  isClean(t, rude)
})

t.test(
  'when a writer dies, its file changes beyond all that it may have shown, durably, before others get it',
  async (t) => {
    const rude = new Rude()
    const { files, env } = rude.world
    rude.lock(token_kind.BR_W, 0, FILE_END)
    const inode = rude.world.inode(rude.ino)
    const { change, ctimeSec, ctimeNsec } = inode
    const write = rude.world.startWrite(rude.ino, 0, new Uint8Array(1), 'fileSync')
    env.defer(() => rude.die())
    env.runUntil(() => write.outcome !== undefined)
    t.ok(inode.change >= change + LOST_CHANGES)
    t.ok(inode.ctimeSec > ctimeSec || (inode.ctimeSec === ctimeSec && inode.ctimeNsec > ctimeNsec))
    t.ok(inode.lastLsn > 0 && inode.lastLsn <= files.volume.log.durableLsn)
    t.equal(rude.reign.authority.sharedFiles, 0)
    isClean(t, rude)
  },
)

/** Makes the file one of many pieces, and cuts it to nothing: its blocks are freed in steps. */
function beginTruncation({ world, ino }: Rude): void {
  for (let i = 0; i < 200; i++) world.write(ino, 8192 * (i + 2), new Uint8Array(1))
  world.call((op) => world.files.commit(op, world.inode(ino), 0, 0))
  world.start((op) => world.files.setattr(op, world.object(op, ino), { size: 0 }, null))
}

t.test('nothing is granted of a file that is still being truncated', async (t) => {
  const rude = new Rude()
  beginTruncation(rude)
  t.ok(rude.world.inode(rude.ino).truncating)
  const { value, map } = rude.lock(token_kind.BR_W)
  t.notOk(rude.world.inode(rude.ino).truncating)
  t.equal(value.length > 0 && map.extents.length, 0)
  rude.die()
  isClean(t, rude)
})

t.test('what a mover has asked for is not granted when it is gone', async (t) => {
  const rude = new Rude()
  beginTruncation(rude)
  const lock = { ino: rude.ino, id: 1, kind: token_kind.BR_W, need: { start: 0, end: 1 }, exact: false }
  rude.session.send({ kind: message_kind.LOCK, lock })
  rude.session.flush()
  rude.world.env.runUntil(() => rude.received > 0)
  t.ok(rude.world.inode(rude.ino).truncating, 'it has to wait')
  rude.die()
  t.equal(rude.reign.authority.sharedFiles, 0)
  isClean(t, rude)
})

t.test('growth that its writer has not committed is not logged for it by somebody else', async (t) => {
  const rude = new Rude()
  const inode = rude.world.inode(rude.ino)
  const { size } = inode
  rude.lock(token_kind.BR_W, 2, FILE_END)
  rude.say(rude.commit({ size, changes: rude.written({ size: size + 500 }) }))
  t.same([inode.size, inode.loggedSize], [size + 500, size])
  const write = rude.world.startWrite(rude.ino, 0, new Uint8Array(10), 'fileSync')
  rude.world.env.runUntil(() => write.outcome !== undefined)
  t.same([inode.size, inode.loggedSize], [size + 500, size], 'the primary writes elsewhere in the file')
  rude.die()
  t.same([inode.size, inode.loggedSize], [size, size])
  isClean(t, rude)
})

t.test('who may not write behind the end does not lengthen a file', async (t) => {
  const rude = new Rude()
  const inode = rude.world.inode(rude.ino)
  const { size, change } = inode
  rude.lock(token_kind.BR_W, 0, 1)
  rude.say(rude.commit({ size: size + 500, changes: rude.written({ size: size + 500 }) }))
  t.same([inode.size, inode.loggedSize, inode.change], [size, size, change + 1], 'it tells what somebody else has lost')
  rude.die()
  isClean(t, rude)
})

t.test('behind growth that its writer has committed, the primary logs its own', async (t) => {
  const rude = new Rude()
  const inode = rude.world.inode(rude.ino)
  const end = inode.size + 500
  const { granted } = rude.lock(token_kind.BR_W, 2, FILE_END)
  rude.say(rude.commit({ size: end, changes: rude.written({ size: end }) }))
  const release = { ino: rude.ino, serial: granted.serial, blocks: WHOLE, changes: null }
  rude.say({ kind: message_kind.RELEASE, release })
  rude.world.write(rude.ino, end, new Uint8Array(100), 'fileSync')
  t.same([inode.size, inode.loggedSize], [end + 100, end + 100])
  rude.die()
  isClean(t, rude)
})

t.test('who writes to a file since an earlier reign is known before anybody is shown it', async (t) => {
  const rude = new Rude(true)
  const { ino, world } = rude
  t.ok(world.inode(ino).isCurrent)
  const blocks = { start: 0, end: 3 }
  const tokens = [{ serial: 40, kind: token_kind.BR_W, blocks }]
  rude.say({ kind: message_kind.ASSERT, assertion: { ino, tokens, changes: rude.written() } })
  rude.say({ kind: message_kind.ASSERTED })
  t.equal(rude.endedWith, null)
  t.ok(rude.reign.isRecovered)
  t.notOk(world.inode(ino).isCurrent, 'its size and times may be newer where it is written to')
})
