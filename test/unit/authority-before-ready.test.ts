/** What a primary says to a mover while it takes over. */
import t from 'tap'
import { Session } from '../../mover/authority/session.ts'
import { PrimaryReign } from '../../mover/primary-reign.ts'
import { MOVERLOCK_VERSION, type message, message_kind, token_kind } from '../../protocol/moverlock/moverlock.gen.ts'
import { FilesWorld } from './files-support.ts'
import { memoryLogger } from './rpc-support.ts'

t.test('nothing is asked back before READY', async (t) => {
  const world = new FilesWorld()
  const ino = world.create('f')
  world.write(ino, 0, new Uint8Array(10_000).fill(1), 'fileSync')
  const { files, env } = world
  const DEVICE = { identity: 'file 1:2', direct: true }
  const [b, c] = ['01'.repeat(16), '02'.repeat(16)]
  const reign = new PrimaryReign({
    name: 'share',
    term: 1,
    device: DEVICE,
    files,
    mostReserved: 64,
    env,
    answeredMs: () => env.monotonicMs(),
    logger: memoryLogger().logger,
    holders: [
      { name: 'b', incarnation: b },
      { name: 'c', incarnation: c },
    ],
    movers: [],
    self: '',
    noted: new Map(),
    graceMs: 30_000,
    isCalm: false,
    trace: null,
  })
  const got: message[] = []
  let primary: Session | null = null
  const session = new Session(
    {
      write: (bytes) => {
        const copy = bytes.slice()
        env.defer(() => primary?.received(copy))
      },
      close: () => {},
    },
    env,
    {
      message: (message) => got.push(structuredClone(message)),
      ended: (reason) => t.fail(`the session has ended: ${reason}`),
    },
  )
  primary = reign.accept(
    {
      write: (bytes) => {
        const copy = bytes.slice()
        env.defer(() => session.received(copy))
      },
      close: () => {},
    },
    {
      protocol: MOVERLOCK_VERSION,
      mover: Buffer.from('b'),
      incarnation: Buffer.from(b, 'hex'),
      volume: files.volumeUuid,
      term: 1,
      device: Buffer.from(DEVICE.identity),
      direct: true,
    },
  )
  // 4096 tokens that it may keep, and two that it has been asked for by the dead primary, and is about to give back
  const tokens = Array.from({ length: 4098 }, (_, i) => ({
    serial: i + 1,
    kind: token_kind.BR_R,
    blocks: { start: 2 * i, end: 2 * i + 1 },
  }))
  session.send({ kind: message_kind.ASSERT, assertion: { ino, tokens, changes: null } })
  session.send({ kind: message_kind.ASSERTED })
  session.flush()
  env.runUntilIdle()
  session.send({ kind: message_kind.RELEASE, release: { ino, serial: 1, blocks: { start: 0, end: 1 }, changes: null } })
  session.flush()
  env.runUntilIdle()
  const kinds = got.map(({ kind }) => kind)
  t.notOk(kinds.includes(message_kind.READY), 'c has not asserted yet')
  t.notOk(kinds.includes(message_kind.REVOKE), 'REVOKE before READY: a secondary ends its session then')
  reign.gone({ name: 'c', incarnation: c })
  env.runUntilIdle()
  const later = got.slice(kinds.length).map(({ kind }) => kind)
  t.equal(later[0], message_kind.READY)
  t.ok(later.includes(message_kind.REVOKE), 'behind it, what is beyond the bound is asked back')
})
