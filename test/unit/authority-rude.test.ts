/**
 * What a mover must not say behind a good HELLO: the session ends, what it said takes no effect, and when its process is gone
 * nothing of it is left.
 */
import t, { type Test } from 'tap'
import { FILE_END } from '../../mover/locks/token.ts'
import { MAX_FILE_BYTES } from '../../mover/volume/layout.ts'
import { LOST_CHANGES } from '../../mover/volume/records/apply.ts'
import {
  MOVERLOCK_VERSION,
  type message,
  message_kind,
  type run,
  token_kind,
} from '../../protocol/moverlock/moverlock.gen.ts'
import { isClean, MOST_RESERVED, Rude, removal, runOf, WHOLE } from './rude-mover.ts'

/** After these preparations, this must not be said: for this reason. */
type Wrong = Record<string, [prepare: (rude: Rude) => message, reason: RegExp]>

const WRONG: Wrong = {
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
  'a commit of blocks that the file has': [
    (rude) => {
      rude.lock(token_kind.BR_W)
      const [{ start }] = rude.reserve(8)
      return rude.commit({ runs: [{ file_block: 0, device_block: start, length: 1 }] })
    },
    /where it has some/,
  ],
  'a commit of one block of the file, twice': [
    (rude) => {
      rude.lock(token_kind.BR_W, 0, FILE_END)
      const [{ start }] = rude.reserve(8)
      const size = 4 * 4096
      const runs = [start, start + 1].map((device_block) => ({ file_block: 3, device_block, length: 1 }))
      return rude.commit({ size, changes: rude.written({ size }), runs })
    },
    /where it has some/,
  ],
  'a commit of blocks behind the end': [
    (rude) => {
      rude.lock(token_kind.BR_W, 0, FILE_END)
      const [{ start }] = rude.reserve(8)
      return rude.commit({ runs: [{ file_block: 3, device_block: start, length: 1 }] })
    },
    /or behind its end/,
  ],
  'a commit of its blocks, with a time that is none': [
    (rude) => {
      rude.lock(token_kind.BR_W, 0, FILE_END)
      const [{ start }] = rude.reserve(8)
      const size = 4 * 4096
      const changes = rude.written({ size, ctime: { sec: 2 ** 31, nsec: 1e9 } })
      return rude.commit({ size, changes, runs: [{ file_block: 3, device_block: start, length: 1 }] })
    },
    /what cannot be/,
  ],
  'a commit that it has said before': [
    (rude) => {
      rude.lock(token_kind.BR_W, 0, FILE_END)
      const [{ start }] = rude.reserve(8)
      const size = 4 * 4096
      const runs = [{ file_block: 3, device_block: start, length: 1 }]
      const message = rude.commit({ size, changes: rude.written({ size }), runs })
      rude.say(message)
      return message
    },
    /which it has not reserved/,
  ],
  'a release with changes that it has said before': [
    (rude) => {
      const { granted } = rude.lock(token_kind.BR_W)
      const { serial, blocks } = granted
      const message: message = {
        kind: message_kind.RELEASE,
        release: { ino: rude.ino, serial, blocks, changes: rude.written() },
      }
      rude.say(message)
      return message
    },
    /does not hold enough/,
  ],
  'a request with the number of one that is under way': [
    (rude) => {
      const message: message = {
        kind: message_kind.LOCK,
        lock: { ino: rude.ino, id: 7, kind: token_kind.BR_W, need: { start: 0, end: 1 }, exact: false },
      }
      // It waits for the file's mark; both are one frame.
      rude.session.send(message)
      return message
    },
    /request 7 is under way already/,
  ],
  'that all has been said which it holds, once more': [() => ({ kind: message_kind.ASSERTED }), /must not come now/],
  'what it holds of an earlier reign, when all has been said': [(rude) => asserted(rude), /must not come now/],
}

/** A file that is held since an earlier reign. */
function asserted({ ino }: Pick<Rude, 'ino'>, { start, end } = WHOLE): message {
  const tokens = [{ serial: 40, kind: token_kind.BR_W, blocks: { start, end } }]
  return { kind: message_kind.ASSERT, assertion: { ino, tokens, changes: null } }
}

function assertedSpace(...runs: run[]): message {
  return { kind: message_kind.ASSERT_SPACE, assert_space: { runs } }
}

/** The device block of the first of the file's. */
function firstBlock({ world, ino }: Rude): number {
  const stretch = { deviceBlock: 0, length: 0 }
  world.files.volume.mapBlock(ino, 0, 1, stretch)
  return stretch.deviceBlock
}

/** Blocks that are nobody's: the mover is given some, and another one that has taken over does not know of it. */
function freeBlock(rude: Rude): number {
  return firstBlock(rude) + 1000
}

/** The same of a mover that may hold something of an earlier reign, and has not said yet what. */
const WRONG_AT_FIRST: Wrong = {
  'a request for a token': [
    ({ ino }) => ({
      kind: message_kind.LOCK,
      lock: { ino, id: 1, kind: token_kind.BR_W, need: { start: 0, end: 1 }, exact: false },
    }),
    /must not come now/,
  ],
  'a call': [(rude) => ({ kind: message_kind.CALL, call: removal(rude) }), /must not come now/],
  'a request for blocks': [() => ({ kind: message_kind.RESERVE, reserve: { id: 1, count: 1 } }), /must not come now/],
  'a file that does not exist': [() => asserted({ ino: 99_999 }), /does not exist/],
  'a token that ends before it begins': [(rude) => asserted(rude, { start: 2, end: 1 }), /which cannot be/],
  'a token behind the end of every file': [
    (rude) => asserted(rude, { start: 0, end: FILE_END + 1 }),
    /which cannot be/,
  ],
  "a file's blocks as reserved": [(rude) => assertedSpace(runOf(firstBlock(rude), 1)), /cannot be reserved for it/],
  'blocks as reserved, twice': [
    (rude) => assertedSpace(runOf(freeBlock(rude), 2), runOf(freeBlock(rude) + 1, 1)),
    /cannot be reserved for it/,
  ],
  'more blocks than it has memory to write': [
    (rude) => assertedSpace(runOf(freeBlock(rude), MOST_RESERVED + 1)),
    /more than 64 device blocks reserved/,
  ],
  'a commit of blocks that others have': [
    (rude) => {
      rude.say(asserted(rude))
      return rude.commit({ runs: [{ file_block: 1, device_block: firstBlock(rude), length: 1 }] })
    },
    /cannot be reserved for it/,
  ],
}

for (const [when, table, make] of [
  ['', WRONG, () => new Rude()],
  [' before others are known', WRONG_AT_FIRST, () => new Rude(true)],
] as const) {
  t.test(`what must not be said${when} ends the session and takes no effect`, (t) => {
    refusesAll(t, table, make)
    t.end()
  })
}

t.test('who was no part of an earlier reign holds nothing of it', async (t) => {
  for (const message of [asserted, () => assertedSpace(runOf(5000, 1))]) {
    const rude = new Rude(false, true)
    const before = rude.state()
    rude.say(message(rude))
    t.match(rude.endedWith, /of a reign that it was no part of/)
    t.same(rude.state(), before)
    rude.die()
    isClean(t, rude)
  }
})

function refusesAll(t: Test, wrong: Wrong, make: () => Rude): void {
  for (const [what, [prepare, reason]] of Object.entries(wrong)) {
    const rude = make()
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
}
