/** What NLM's locks and shares are of: a file of a volume, whatever name, export or mover leads there. */
import t from 'tap'
import { PrimaryLocks } from '../../mover/authority/primary-locks.ts'
import { parseAddressSet } from '../../mover/files/cidr.ts'
import { HeldClientLocks } from '../../mover/files/client-locks.ts'
import { Export, type ExportRule, ExportTable } from '../../mover/files/exports.ts'
import { HandleCodec } from '../../mover/nfs3/handle.ts'
import { NlmContext } from '../../mover/nlm4/context.ts'
import { nlmPrograms } from '../../mover/nlm4/program.ts'
import type { RpcClient } from '../../mover/rpc/client/rpc-client.ts'
import { Dispatcher } from '../../mover/rpc/dispatch.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import type { ProcedureCodec } from '../../protocol/xdr/procedure.ts'
import { XdrWriter } from '../../protocol/xdr/writer.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import type { SimulatedMover } from '../sim/mover-world.ts'
import { Locks } from './authority-locks-support.ts'
import { FakeRecords } from './nlm-fake-locks.ts'
import { NlmWorld, resultOf, statName, versionOf } from './nlm-support.ts'
import { callMessage, FakeConnection, memoryLogger, sysAuth } from './rpc-support.ts'

const { codecs, later } = versionOf(4)
const NONE = new Uint8Array(0)
const NLM = 100021
const RULE: ExportRule = {
  clients: parseAddressSet('10.0.0.0/8'),
  access: 'rw',
  squash: 'none',
  privilegedPort: false,
}
const NOBODY = { call: () => {}, tell: () => {}, whenRoom: () => () => {} } as unknown as RpcClient
if (later === null) throw new Error('version 4 has shares')
const { SHARE, UNSHARE } = later

/** A file with two names, by two exports of its volume, at the lock servers of three movers. */
class Identity {
  readonly locks = new Locks()
  #xid = 0

  constructor() {
    const { world, primary, ino } = this.locks
    world.answer(primary, (op) => {
      const root = primary.look(op, primary.files.rootIno)
      const file = primary.files.lookup(op, root, Buffer.from('f'), primary.files.rootIno)
      if (typeof file === 'string') return file
      if (file.ino !== ino) throw new Error('another file')
      return primary.files.link(op, file, root, Buffer.from('g'))
    })
  }

  /** A mover's lock server; `ask` waits for the answer, `handle` looks a name up by way of an export. */
  serve(mover: SimulatedMover) {
    const { env } = this.locks.world
    const { files } = mover
    const exports = [1, 2].map(
      (id) =>
        new Export({ id, path: `/e${id}`, service: files, rootIno: files.rootIno, policy: 'wlock', rules: [RULE] }),
    )
    const handles = new HandleCodec(new Uint8Array(32), new ExportTable(exports))
    const { logger } = memoryLogger()
    const source = (mover as Locks['first'] | Locks['primary']).authority.locks
    const services = {
      locks: new HeldClientLocks(source.holder, source, () => source.arm()),
      records: new FakeRecords(),
    }
    const nlm = new NlmContext({
      environment: env,
      logger,
      client: NOBODY,
      handles,
      servicesOf: () => services,
      serves: () => true,
      mover: mover.name,
    })
    const dispatcher = new Dispatcher({ environment: env, logger, programs: nlmPrograms(nlm) })
    const ask = <A, R>(codec: ProcedureCodec<string, A, R>, args: A): R => {
      const connection = new FakeConnection()
      connection.attach(dispatcher.open(connection))
      const writer = new XdrWriter(10_000)
      codec.writeArgs(writer, args)
      const call = { xid: ++this.#xid, program: NLM, version: 4, procedure: codec.number }
      connection.receive(
        callMessage({ ...call, args: writer.bytes.slice(0, writer.position), credential: sysAuth({}) }),
      )
      env.runUntil(() => connection.inFlight === 0 && connection.heldBytes === 0)
      env.runUntilIdle()
      return resultOf(connection, codec)
    }
    const handle = (name: string, by: 0 | 1): Uint8Array => {
      let found: Inode | null = null
      this.locks.world.answer(mover, (op) => {
        const inode = files.lookup(op, mover.look(op, files.rootIno), Buffer.from(name), files.rootIno)
        if (typeof inode === 'string') return inode
        found = inode
        return null
      })
      const { ino, generation } = found as unknown as Inode
      return handles.encode(exports[by], ino, generation)
    }
    return {
      handle,
      lock: (fh: Uint8Array, owner: string, byte: number, exclusive = true): string => {
        const alock = { caller_name: Buffer.from(owner), fh, oh: NONE, svid: 1, l_offset: BigInt(byte), l_len: 1n }
        const args = { cookie: NONE, block: false, exclusive, reclaim: false, state: 1, alock } as never
        return statName(ask(codecs.LOCK, args).stat.stat)
      },
      unlock: (fh: Uint8Array, owner: string, byte: number): string => {
        const alock = { caller_name: Buffer.from(owner), fh, oh: NONE, svid: 1, l_offset: BigInt(byte), l_len: 1n }
        return statName(ask(codecs.UNLOCK, { cookie: NONE, alock } as never).stat.stat)
      },
      share: (fh: Uint8Array, owner: string, access: number, mode: number): string => {
        const share = { caller_name: Buffer.from(owner), fh, oh: NONE, mode, access } as never
        return statName(ask(SHARE, { cookie: NONE, share, reclaim: false }).stat)
      },
      unshare: (fh: Uint8Array, owner: string): string => {
        const share = { caller_name: Buffer.from(owner), fh, oh: NONE, mode: 0, access: 0 } as never
        return statName(ask(UNSHARE, { cookie: NONE, share, reclaim: false }).stat)
      },
    }
  }
}

t.test('locks and shares are of a file, whatever name, export and mover lead there', async (t) => {
  const identity = new Identity()
  const { primary, first, second } = identity.locks
  const servers = [primary, first, second].map((mover) => identity.serve(mover))
  const ways = servers.flatMap((server) =>
    ['f', 'g'].flatMap((name) => ([0, 1] as const).map((by) => ({ server, fh: server.handle(name, by) }))),
  )
  t.equal(new Set(ways.map(({ fh }) => Buffer.from(fh).toString('hex'))).size, 2, 'a handle for each export')
  for (const holder of ways) {
    t.equal(holder.server.lock(holder.fh, 'holder', 7), 'GRANTED')
    t.equal(holder.server.share(holder.fh, 'holder', 1, 2), 'GRANTED', 'reads, others may not write')
    for (const other of ways) {
      t.equal(other.server.lock(other.fh, 'other', 7), 'DENIED')
      t.equal(other.server.share(other.fh, 'other', 2, 0), 'DENIED')
    }
    const [elsewhere] = ways
    t.equal(
      elsewhere.server.lock(elsewhere.fh, 'other', 8),
      'GRANTED',
      'shares and ranges are not in the way of each other',
    )
    elsewhere.server.unlock(elsewhere.fh, 'other', 8)
    // The client may have found the file by another name since.
    const same = ways.filter(({ server }) => server === holder.server).at(-1) ?? holder
    t.equal(same.server.unlock(same.fh, 'holder', 7), 'GRANTED')
    t.equal(same.server.unshare(same.fh, 'holder'), 'GRANTED')
    t.equal(elsewhere.server.lock(elsewhere.fh, 'other', 7), 'GRANTED')
    elsewhere.server.unlock(elsewhere.fh, 'other', 7)
  }
})

t.test('a share is reclaimed in a time of grace, and outside of one it is not', async (t) => {
  const world = new NlmWorld()
  const fh = world.file('f')
  const { ino } = world.handles.decode(fh) as { ino: number }
  const environment = new TestEnvironment(1)
  const notes = { noteLocks: () => null, forgetLocks: () => {} }
  const graceMs = 30_000
  const noted = new Map([[ino, 1]])
  const primary = new PrimaryLocks({ notes, env: environment, graceMs, movers: ['a'], self: 'a', noted })
  primary.recovered([])
  primary.serving()
  const locks = new HeldClientLocks(primary.holder, primary, () => primary.arm())
  const { logger } = memoryLogger()
  const nlm = new NlmContext({
    environment,
    logger,
    client: NOBODY,
    handles: world.handles,
    servicesOf: () => ({ locks, records: new FakeRecords() }),
    serves: () => true,
    mover: 'a',
  })
  const dispatcher = new Dispatcher({ environment, logger, programs: nlmPrograms(nlm) })
  let xid = 0
  const share = (owner: string, access: number, mode: number, reclaim: boolean): string => {
    const connection = new FakeConnection()
    connection.attach(dispatcher.open(connection))
    const writer = new XdrWriter(1000)
    SHARE.writeArgs(writer, {
      cookie: NONE,
      share: { caller_name: Buffer.from(owner), fh, oh: NONE, mode, access } as never,
      reclaim,
    })
    const call = { xid: ++xid, program: NLM, version: 4, procedure: SHARE.number }
    const args = writer.bytes.slice(0, writer.position)
    connection.receive(callMessage({ ...call, args, credential: sysAuth({}) }))
    environment.advance(0)
    return statName(resultOf(connection, SHARE).stat)
  }
  t.equal(share('new', 1, 0, false), 'DENIED_GRACE_PERIOD', 'nobody takes what may be reclaimed')
  t.equal(share('old', 3, 2, true), 'GRANTED')
  t.equal(share('liar', 2, 0, true), 'DENIED', 'what has been reclaimed is in the way')
  environment.advance(graceMs + 2000)
  t.equal(share('late', 1, 0, true), 'DENIED_GRACE_PERIOD', 'its time is over')
  t.equal(share('new', 2, 0, false), 'DENIED', 'it is held')
  t.equal(share('new', 1, 0, false), 'GRANTED')
})
