/** What a mover holds is known to the primary as long as it holds it: when it is refused more, and when the file is removed. */
import t from 'tap'
import { FILE_END } from '../../mover/locks/token.ts'
import { ORDINARY } from '../../mover/volume/volume.ts'
import { failure, type message, message_kind, token_kind } from '../../protocol/moverlock/moverlock.gen.ts'
import { Rude } from './rude-mover.ts'

const ID = 1000

function write(ino: number): message {
  return {
    kind: message_kind.LOCK,
    lock: { ino, id: ID, kind: token_kind.BR_W, need: { start: 0, end: FILE_END }, exact: true },
  }
}

/** Tokens of the mover as the primary knows them. */
function held({ reign, ino }: Rude, of = ino): unknown[] {
  const file = [...reign.tokens('a')].find((one) => one.ino === of)
  return (file?.held ?? []).filter(({ mover }) => mover === 'b')
}

/** A mover that may read a file of which no mark is set. */
function reader(): Rude {
  const rude = new Rude()
  const { env } = rude.world
  // It is there from its beginning, and quiet.
  env.advance(60_000)
  env.runUntilIdle()
  const { granted } = rude.lock(token_kind.BR_R, 0, 3)
  if (granted.kind !== token_kind.BR_R) throw new Error('more has been granted')
  return rude
}

t.test('who may not write, for want of room, goes on reading', async (t) => {
  const rude = reader()
  const { files, env } = rude.world
  t.notOk(rude.world.inode(rude.ino).marked)
  const before = held(rude)
  t.match(before, [{ mover: 'b', kind: 'BR_R' }])
  const { space } = files.volume
  Object.defineProperty(space, 'metaHeadroom', { value: 0, configurable: true })
  const answers = rude.say(write(rude.ino))
  t.match(answers, [{ kind: message_kind.DENIED, denied: { ino: rude.ino, id: ID, why: failure.NOSPC } }])
  t.strictSame(held(rude), before, 'nothing has taken the place of what it holds')
  env.runUntilIdle()
  t.equal(rude.endedWith, null)
})

t.test('what a mover has of a file that is removed it is asked for', async (t) => {
  const rude = new Rude()
  const { ino, world } = rude
  const grant = rude.lock(token_kind.BR_R, 0, 0)
  const changes = rude.written({ changes: 0 })
  rude.got.length = 0
  world.call((op) => world.files.remove(op, world.root, Buffer.from('f')))
  world.env.runUntilIdle()
  const asked = (): message | undefined => rude.got.find(({ kind }) => kind === message_kind.REVOKE)
  t.match(asked(), { revoke: { ino, serial: grant.granted.serial } })
  rude.say({
    kind: message_kind.RELEASE,
    release: { ino, serial: grant.granted.serial, blocks: { start: 0, end: FILE_END }, changes },
  })
  t.equal(rude.endedWith, null, 'its last look at the file is of no interest')
  t.strictSame(held(rude), [])
})

t.test('so it is after a take-over, if it has not heard of it', async (t) => {
  const rude = new Rude(true)
  const ino = 99_999
  const blocks = { start: 0, end: 0 }
  const tokens = [{ serial: 40, kind: token_kind.BR_R, blocks }]
  rude.say({ kind: message_kind.ASSERT, assertion: { ino, tokens, changes: null } })
  const answers = rude.say({ kind: message_kind.ASSERTED })
  t.equal(rude.endedWith, null)
  t.ok(rude.reign.isRecovered)
  t.strictSame(
    answers.map(({ kind }) => kind),
    [message_kind.READY, message_kind.REVOKE],
  )
  t.match(answers[1], { revoke: { ino, serial: 40, blocks } })
  rude.say({ kind: message_kind.RELEASE, release: { ino, serial: 40, blocks, changes: null } })
  t.equal(rude.endedWith, null)
  t.strictSame(held(rude, ino), [])
})

t.test('where the log cannot be written, movers go on with what it has', async (t) => {
  const rude = new Rude()
  const { world, ino } = rude
  const other = world.create('other')
  world.device.inject({ on: 'anyWrite', code: 'IO', times: Number.POSITIVE_INFINITY })
  t.equal(
    world.call((op) => world.files.setattr(op, world.inode(ino), { mode: 0o600 }, null)),
    'IO',
  )
  t.ok(world.inode(ino).lastLsn > world.files.volume.log.durableLsn)
  const read = (of: number): message => {
    const need = { start: 0, end: 1 }
    return { kind: message_kind.LOCK, lock: { ino: of, id: ID + of, kind: token_kind.BR_R, need, exact: true } }
  }
  t.match(rude.say(read(ino)), [{ kind: message_kind.DENIED, denied: { ino, why: failure.IO } }])
  t.match(rude.say(read(other)), [{ kind: message_kind.GRANT, grant: { ino: other } }])
  t.match(rude.say(write(other)), [{ kind: message_kind.DENIED, denied: { ino: other, why: failure.ROFS } }])
  t.equal(rude.endedWith, null)
  t.match(held(rude, other), [{ kind: 'BR_R' }])
  rude.die()
  t.match(rude.again().at(-1), { kind: message_kind.READY }, 'a mover that starts is served')
})

t.test(
  'who reads a file goes on with what it has of it, when what others have made of it can never be durable',
  async (t) => {
    const rude = reader()
    const { world, ino } = rude
    const before = held(rude)
    world.device.inject({ on: 'anyWrite', code: 'IO', times: Number.POSITIVE_INFINITY })
    const inode = world.inode(ino)
    const { volume } = world.files
    const lsn = volume.submit('mark', { ino, mover: 0 }, ORDINARY)
    if (typeof lsn !== 'number') throw new Error(lsn)
    world.env.runUntilIdle()
    t.ok(volume.log.failed && inode.lastLsn > volume.log.durableLsn)
    const lock = { ino, id: ID, kind: token_kind.WF_R, need: { start: 0, end: 0 }, exact: false }
    t.match(rude.say({ kind: message_kind.LOCK, lock }), [
      { kind: message_kind.DENIED, denied: { ino, why: failure.IO } },
    ])
    t.equal(rude.endedWith, null)
    t.strictSame(held(rude), before)
  },
)
