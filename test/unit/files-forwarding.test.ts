/** Names and attributes asked of the primary: what is on the wire, what waits, what fails, what gets lost. */
import t from 'tap'
import { failureNumber, failureWord } from '../../mover/authority/codes.ts'
import type { Failure } from '../../mover/failure.ts'
import { neutralHow, neutralSet, neutralTag, wireHow, wireSet, wireTag } from '../../mover/files/call-words.ts'
import { MAX_CLIENT_BYTES } from '../../mover/files/client-records.ts'
import { ForwardedCalls } from '../../mover/files/forwarded.ts'
import { RemoteCalls } from '../../mover/files/remote-calls.ts'
import { attributesOf, RemoteInode } from '../../mover/files/remote-inode.ts'
import { type CreateHow, newOperation, type Operation, type SetAttributes } from '../../mover/files/service.ts'
import { NFS3_STATUS } from '../../mover/nfs3/status.ts'
import { Suspend } from '../../mover/suspend.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import { type answer, type call, failure, MAX_ENTRIES, operation_kind } from '../../protocol/moverlock/moverlock.gen.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { bytes, FilesWorld, filled, ROOT } from './files-support.ts'
import type { RemoteFiles } from './forwarding-support.ts'
import { TestMover } from './movers-support.ts'
import { nothingSet } from './nfs3-client.ts'
import { FakeFiles } from './nfs3-fake-files.ts'

const EVERYTHING = { bytes: 2 ** 30, attributes: true }

function secondary(seed = 1): { world: FilesWorld; service: RemoteFiles; root: (op: Operation) => Inode } {
  const world = new FilesWorld(seed, {}, null, 'secondary')
  return { world, service: world.service as RemoteFiles, root: (op) => world.object(op, world.files.rootIno) }
}

function inoOf(made: Inode | Failure): number {
  if (typeof made === 'string') throw new Error(made)
  return made.ino
}

t.test('an operation is one call and its answer', (t) => {
  const { world, service, root } = secondary()
  const before = world.primary.received
  const ino = inoOf(world.call((op) => service.create(op, root(op), bytes('f'), { kind: 'guarded', attributes: {} })))
  t.equal(world.primary.received, before + 1)
  world.call((op) => service.rename(op, root(op), bytes('f'), root(op), bytes('g')) ?? true)
  world.call((op) => service.setattr(op, world.object(op, ino), { mode: 0o600 }, null) ?? true)
  world.call((op) => service.lookup(op, root(op), bytes('g'), 2))
  t.equal(world.primary.received, before + 4)
  t.same(world.primary.errors, [])
  t.end()
})

t.test('names and targets are any bytes', (t) => {
  const { world, service, root } = secondary()
  const all = Uint8Array.from({ length: 254 }, (_, i) => i + 1).map((byte) => (byte === 0x2f ? 0xff : byte))
  const names = [all, ...[...all].map((byte) => Uint8Array.of(byte, byte, byte))]
  const target = Uint8Array.from({ length: 4096 }, (_, i) => (i % 255) + 1)
  for (const name of names) {
    const ino = inoOf(world.call((op) => service.symlink(op, root(op), name, target, {})))
    const found = world.call((op) => {
      const inode = service.lookup(op, root(op), name, world.files.rootIno)
      return typeof inode === 'string' ? inode : { ino: inode.ino, type: inode.type, size: inode.size }
    })
    t.same(found, { ino, type: 'symlink', size: 4096 })
    if (name !== all) continue
    const read = world.call((op) => service.readlink(op, world.object(op, ino)))
    t.equal(Buffer.from(read).compare(target), 0)
  }
  const listed: string[] = []
  world.call((op) => {
    listed.length = 0
    return service.readdir(op, root(op), 2, 0, EVERYTHING, (_cookie, _ino, all, start, end) => {
      listed.push(Buffer.from(all.subarray(start, end)).toString('hex'))
      return true
    }) as never
  })
  t.same(
    listed,
    names.map((name) => Buffer.from(name).toString('hex')),
  )
  const long = new Uint8Array(4097).fill(0x61)
  t.equal(
    world.call((op) => service.symlink(op, root(op), bytes('long'), long, {})),
    'NAMETOOLONG',
  )
  t.end()
})

t.test('a long listing comes in parts, each no longer than wanted', (t) => {
  const { world, service, root } = secondary()
  const count = MAX_ENTRIES + 100
  const { files } = world
  for (let i = 0; i < count; i++) {
    world.start((op) => files.create(op, world.root, bytes(`file ${i}`), { kind: 'guarded', attributes: {} }))
  }
  world.env.runUntilIdle()
  for (const [room, most] of [
    [EVERYTHING, MAX_ENTRIES],
    [{ bytes: 4096, attributes: true }, 40],
    [{ bytes: 4096, attributes: false }, 170],
    [{ bytes: 0, attributes: true }, 1],
  ] as const) {
    let cookie = most === 1 ? count - 10 : 0
    const seen: string[] = []
    let parts = 0
    for (let eof = false; !eof; parts++) {
      const found = world.call((op) => {
        const part: [number, string][] = []
        const whole = service.readdir(op, root(op), cookie, files.rootIno, room, (at, ino, all, start, end) => {
          const inode = service.entry(op, world.root, ino)
          t.equal(typeof inode === 'string' ? inode : inode.ino, room.attributes ? ino : 'ACCES')
          part.push([at, Buffer.from(all.subarray(start, end)).toString()])
          return true
        })
        return typeof whole === 'string' ? whole : { whole, part }
      })
      if (typeof found === 'string') throw new Error(found)
      if (found.part.length > most || found.part.length === 0) t.fail(`${found.part.length} entries at once`)
      seen.push(...found.part.map(([, name]) => name))
      cookie = found.part.at(-1)?.[0] as number
      eof = found.whole
    }
    t.ok(parts > 1, `${parts} parts`)
    const names = ['.', '..', ...Array.from({ length: count }, (_, i) => `file ${i}`)]
    t.same(seen, most === 1 ? names.slice(count - 10) : names)
  }
  t.end()
})

t.test('a primary that must read first answers later', (t) => {
  const first = new FilesWorld()
  const names = Array.from({ length: 300 }, (_, i) => `a file with some name, the number ${i} of many`)
  for (const name of names) first.create(name)
  first.world.run(first.files.close())
  const again = { disk: first.device, wallMs: first.env.wallMs() }
  const world = new FilesWorld(1, { nodeCapacity: 64, inodeCapacity: 40 }, again, 'secondary')
  for (const name of names) {
    const found = world.call((op) =>
      world.service.lookup(op, world.object(op, world.files.rootIno), bytes(name), world.files.rootIno),
    )
    t.type(found, RemoteInode)
    const removed = world.call(
      (op) => world.service.remove(op, world.object(op, world.files.rootIno), bytes(name)) ?? true,
    )
    t.equal(removed, true)
  }
  t.same(world.primary.errors, [])
  t.end()
})

t.test('an operation that is woken by another one does not run inside it', (t) => {
  const env = new TestEnvironment(1)
  const files = new FakeFiles()
  const log: string[] = []
  let wake: (() => void) | null = null
  const { lookup } = files
  files.lookup = (...args) => {
    if (wake === null)
      throw new Suspend((resume) => {
        wake = resume
      })
    log.push('lookup')
    return lookup.apply(files, args)
  }
  files.remove = () => {
    log.push('remove')
    wake?.()
    log.push('removed')
    return null
  }
  const calls = new ForwardedCalls({ files, env, onError: (_call, error) => t.error(error) })
  const { ino, generation } = files.root
  const where = { dir: { ino, generation }, what: bytes('x') }
  const call = { id: 1, caller: { uid: 0, gid: 0, gids: [] }, read_only: false, replay: null }
  const done = ({ id, status }: answer) => log.push(`${id}: ${status}`)
  calls.perform({ ...call, what: { kind: operation_kind.LOOKUP, lookup: { where, export_root: 2 } } }, done)
  calls.perform({ ...call, id: 2, what: { kind: operation_kind.REMOVE, where } }, done)
  env.runUntilIdle()
  t.same(log, ['remove', 'removed', '2: 0', 'lookup', `1: ${failure.NOENT}`])
  t.end()
})

t.test('what fails at the primary', (t) => {
  const { world, service, root } = secondary()
  const create = world.files.create
  world.files.create = () => {
    throw new Error('a bug')
  }
  const making = (op: Operation) => service.create(op, root(op), bytes('f'), { kind: 'guarded', attributes: {} })
  t.equal(world.call(making), 'SERVERFAULT')
  t.match(world.primary.errors, [{ message: 'a bug' }])
  world.files.create = create
  world.device.inject({ on: 'anyWrite', code: 'IO', times: Number.POSITIVE_INFINITY })
  t.equal(world.call(making), 'IO', 'the log cannot be written')
  t.end()
})

t.test('who calls, and through what', (t) => {
  const { world, service } = secondary()
  const dir = inoOf(world.call((op) => world.files.mkdir(op, world.root, bytes('d'), { gid: 77, mode: 0o770 })))
  const made = (gids: number[], readOnly: boolean) =>
    world.call(
      (op) => {
        const answer = service.mkdir(op, world.object(op, dir), bytes('x'), {})
        return typeof answer === 'string' ? answer : { uid: answer.uid, gid: answer.gid }
      },
      { uid: 5, gid: 6, gids },
      readOnly,
    )
  t.equal(made([], false), 'ACCES')
  t.equal(made([1, 77], true), 'ROFS')
  t.same(made([1, 77], false), { uid: 5, gid: 6 })
  t.end()
})

t.test('objects show what was there before until the operation is called, then what it has left', (t) => {
  const { world, service } = secondary()
  const ino = world.create('f')
  const modes: (number | boolean)[] = []
  world.call((op) => {
    modes.length = 0
    const inode = world.object(op, ino)
    modes.push(inode.isCurrent, inode.mode)
    const failed = service.setattr(op, inode, { mode: 0o600 }, null)
    modes.push(inode.isCurrent, inode.mode)
    return failed ?? true
  })
  t.same(modes, [true, 0o644, true, 0o600])
  const { generation } = world.inode(ino)
  world.call((op) => world.files.remove(op, world.root, bytes('f')) ?? true)
  const gone = world.call((op) => {
    op.intent = 'change'
    const inode = service.inode(op, ino, generation)
    if (typeof inode === 'string') throw new Error(`${inode}, too early`)
    const outcome = service.setattr(op, inode, { mode: 0o600 }, null)
    return outcome === null ? { current: true } : { outcome, current: inode.isCurrent }
  })
  t.same(gone, { outcome: 'STALE', current: false })
  t.end()
})

t.test('what another mover may know better is told, but not as current', (t) => {
  const { world, service, root } = secondary()
  const ino = world.create('f')
  world.inode(ino).isCurrent = false
  const found = world.call((op) => {
    const inode = service.lookup(op, root(op), bytes('f'), 2)
    return typeof inode === 'string' ? inode : { ino: inode.ino, mode: inode.mode, isCurrent: inode.isCurrent }
  })
  t.same(found, { ino, mode: 0o644, isCurrent: false })
  const listed = world.call((op) => {
    const shown: [number, boolean | Failure][] = []
    service.readdir(op, root(op), 1, 2, EVERYTHING, (_cookie, entry) => {
      const inode = service.entry(op, world.root, entry)
      shown.push([entry, typeof inode === 'string' ? inode : inode.isCurrent])
      return true
    })
    return { shown }
  })
  t.same(listed, {
    shown: [
      [2, true],
      [ino, false],
    ],
  })
  t.end()
})

t.test('a session that ends at any moment of a call: it is carried out once, and answered over the next one', (t) => {
  let isOver = false
  let cutAt = 0
  for (; !isOver; cutAt++) {
    const world = new FilesWorld(3)
    const mover = TestMover.secondaryOf(world)
    const { transport } = mover.service
    const { log } = world.files.volume
    world.create('f')
    const before = log.lastLsn
    const where = { dir: mover.handle(), name: bytes('f') }
    const other = { ...where, name: bytes('d') }
    mover.send(1, 'NFSPROC3_REMOVE', { object: where })
    mover.send(2, 'NFSPROC3_MKDIR', { where: other, attributes: nothingSet() })
    mover.send(3, 'NFSPROC3_LOOKUP', { what: other })
    const { dispatcher } = mover
    let steps = 0
    world.env.runUntil(() => steps++ === cutAt || dispatcher.heldCalls === 0)
    const left = dispatcher.heldCalls
    isOver = left === 0
    transport.cut()
    world.env.runUntilIdle()
    t.equal(transport.waiting, left, 'they wait for the next session')
    transport.connect()
    world.env.runUntilIdle()
    const text = `cut at step ${cutAt}`
    t.equal(mover.answer(1, 'NFSPROC3_REMOVE')?.status, 0, text)
    const made = mover.answer(2, 'NFSPROC3_MKDIR')
    t.ok(made?.status === 0 && made.resok.obj.handle_follows, `${text}: with its handle`)
    t.match(mover.answer(3, 'NFSPROC3_LOOKUP')?.status, /^[02]$/, 'found, or not yet')
    t.equal(log.lastLsn, before + 2, `${text}: each was done once`)
    t.equal(dispatcher.heldCalls, 0)
  }
  t.ok(cutAt > 5, `cut at ${cutAt} steps`)
  t.end()
})

t.test('who has gone while there was no session is not asked for again, unless it may come back', (t) => {
  const world = new FilesWorld()
  const mover = TestMover.secondaryOf(world)
  const { transport } = mover.service
  world.create('f')
  const where = { dir: mover.handle(), name: bytes('f') }
  mover.send(1, 'NFSPROC3_LOOKUP', { what: where })
  mover.send(2, 'NFSPROC3_REMOVE', { object: where })
  t.equal(transport.pending, 2)
  mover.connection.close()
  transport.cut()
  t.equal(transport.waiting, 1)
  transport.connect()
  world.env.runUntilIdle()
  mover.connect()
  t.equal(mover.call(2, 'NFSPROC3_REMOVE', { object: where }).status, 0, 'remembered')
  t.equal(mover.dispatcher.counts().repeated, 1)
  t.end()
})

t.test('statistics are those of now, or for who cannot wait those told last', (t) => {
  const world = new FilesWorld()
  const mover = TestMover.secondaryOf(world)
  const { service } = mover
  const numbers = (): unknown => world.call((op) => service.statistics(op))
  const fromStart = world.files.statistics()
  t.same(service.latestStatistics(), { totalBytes: 0, freeBytes: 0, totalFiles: 0, freeFiles: 0 })
  world.env.runUntilIdle()
  t.same(service.latestStatistics(), fromStart)
  t.same(numbers(), fromStart)
  world.write(world.create('f'), 0, filled(100_000, 1), 'fileSync')
  world.env.runUntilIdle()
  const later = world.files.statistics()
  t.not(later.freeBytes, fromStart.freeBytes)
  t.same(service.latestStatistics(), fromStart, 'the new ones are asked for meanwhile')
  t.same(numbers(), later, 'at once')
  t.same(service.latestStatistics(), later)
  service.transport.cut()
  t.same(service.latestStatistics(), later, 'without a session the old ones')
  t.end()
})

/** Calls that were sent, to be answered by the test. */
function byHand(): { calls: RemoteCalls; sent: { call: call; done: (answer: answer | null) => void }[] } {
  const sent: { call: call; done: (answer: answer | null) => void }[] = []
  const transport = { call: (call: call, done: (answer: answer | null) => void) => sent.push({ call, done }) }
  return { calls: new RemoteCalls(transport as never), sent }
}

const DONE: answer = {
  id: 0,
  status: failure.NONE,
  replayed_object: null,
  before: [],
  after: [],
  target: new Uint8Array(0),
  list: null,
  space: null,
  remembered: null,
}

function suspended(run: () => unknown): void {
  try {
    run()
  } catch (error) {
    if (!(error instanceof Suspend)) throw error
    error.wait(() => {})
    return
  }
  throw new Error('it did not wait')
}

t.test('an answer that says too little is an error, not an object', (t) => {
  const { calls, sent } = byHand()
  for (const [what, run] of [
    ['LOOKUP', (op: Operation) => calls.lookup(op, calls.subject(op, 2, 0), bytes('x'), 2)],
    ['READDIR', (op: Operation) => calls.readdir(op, calls.subject(op, 2, 0), 0, 2, EVERYTHING, () => true)],
  ] as const) {
    const op = newOperation(ROOT, false)
    suspended(() => run(op))
    sent.pop()?.done(DONE)
    op.forwarded?.rewind()
    t.throws(() => run(op), Error, what)
  }
  const op = newOperation(ROOT, false)
  suspended(() => calls.statistics(op))
  sent.pop()?.done({ ...DONE, status: failure.DELAY })
  op.forwarded?.rewind()
  t.throws(() => calls.statistics(op), /DELAY/)
  t.end()
})

t.test('what is too long to be remembered of a client is not asked for', (t) => {
  const { calls, sent } = byHand()
  const op = newOperation(ROOT, false)
  const long = new Uint8Array(MAX_CLIENT_BYTES + 1)
  t.equal(calls.clients.set(op, { id: bytes('c'), value: long }), 'INVAL')
  t.same(sent, [])
  suspended(() => calls.clients.set(op, { id: bytes('c'), value: long.subarray(1) }))
  t.equal(sent.length, 1)
  t.end()
})

t.test('a call asks the same again when it runs again', (t) => {
  const { calls, sent } = byHand()
  const op = newOperation(ROOT, false)
  suspended(() => calls.remove(op, calls.subject(op, 2, 0), bytes('x')))
  sent.pop()?.done(DONE)
  op.forwarded?.rewind()
  t.equal(calls.remove(op, calls.subject(op, 2, 0), bytes('x')), null)
  op.forwarded?.rewind()
  t.throws(() => calls.rmdir(op, calls.subject(op, 2, 0), bytes('x')), /asks for 10/)
  t.equal(operation_kind.RMDIR, 10)
  t.end()
})

t.test('the words of both sides', (t) => {
  const failures = Object.keys(NFS3_STATUS) as Failure[]
  t.equal(failures.length, Object.keys(failure).length - 1)
  for (const word of [null, ...failures]) t.equal(failureWord(failureNumber(word)), word)
  const sets: SetAttributes[] = [
    {},
    { mode: 0, uid: 0, gid: 0, size: 0, atime: 'now', mtime: { sec: 0, nsec: 0 } },
    { mode: 0o7777, uid: 2 ** 32 - 1, gid: 2 ** 32 - 1, size: 2 ** 44, atime: { sec: 2 ** 32, nsec: 5 }, mtime: 'now' },
  ]
  for (const set of sets) t.same(neutralSet(wireSet(set)), set)
  t.same(wireSet({ size: 2 ** 64 }).size, Number.MAX_SAFE_INTEGER)
  const hows: CreateHow[] = [
    { kind: 'unchecked', attributes: { size: 0 } },
    { kind: 'guarded', attributes: {} },
    { kind: 'exclusive', verifier: filled(8, 9) },
  ]
  for (const how of hows) t.same(neutralHow(wireHow(how)), how)
  const tag = { clientHigh: 1, clientLow: 2, program: 3, procedure: 4, xid: 5, checksum: 6 }
  t.same(neutralTag(wireTag(tag)), tag)
  t.equal(neutralTag(wireTag(null)), null)
  t.end()
})

t.test('attributes come over as they are', (t) => {
  const world = new FilesWorld()
  const types = ['block', 'character', 'fifo', 'socket'] as const
  const inos = types.map((type, i) =>
    inoOf(world.call((op) => world.files.mknod(op, world.root, bytes(type), type, {}, i, 2 ** 32 - 1 - i))),
  )
  const file = world.create('f')
  world.startWrite(file, 50_000, filled(9000, 1))
  Object.assign(world.inode(file), { atimeSec: -5, mtimeSec: 2 ** 33, mtimeNsec: 999_999_999, change: 2 ** 40 })
  t.same([world.inode(file).space, world.inode(file).blocks], [3 * 4096, 0], 'no log record tells of its space yet')
  for (const ino of [2, file, ...inos]) {
    const inode = world.inode(ino)
    const copy = new RemoteInode(0, 0).show(attributesOf(inode))
    for (const field of Object.keys(copy) as (keyof Inode)[]) t.equal(copy[field], inode[field], `${ino}: ${field}`)
  }
  t.end()
})
