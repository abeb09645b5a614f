/** Listings and links that a secondary remembers: no message for what nobody can have changed, and one for what it may not show. */
import t from 'tap'
import type { Failure } from '../../mover/failure.ts'
import { HeldNames } from '../../mover/files/held-names.ts'
import { newOperation } from '../../mover/files/service.ts'
import { Suspend } from '../../mover/suspend.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import { MoverWorld } from '../sim/mover-world.ts'
import { bytes, ROOT } from './files-support.ts'
import { call, HeldClient, type ListingOptions, type Page } from './held-client.ts'

const COUNT = 10
const NAMES = Array.from({ length: COUNT }, (_, i) => `file ${i}`)
const ALL = ['.', '..', ...NAMES]
const NOBODY = { uid: 1000, gid: 1000, gids: [] }

/** A directory with some files, and clients of two secondaries, the first of which holds it. */
function directory(mode = 0o755): { world: MoverWorld; a: HeldClient; b: HeldClient; dir: number; inos: number[] } {
  const world = new MoverWorld(1, 2)
  const { files } = world
  const made = found(files.call((op) => files.files.mkdir(op, files.root, bytes('dir'), { mode })))
  const inos = NAMES.map((name) => {
    const how = { kind: 'guarded', attributes: { mode: 0o644 } } as const
    return found(files.call((op) => files.files.create(op, files.inode(made.ino), bytes(name), how))).ino
  })
  const [a, b] = world.secondaries.map((mover) => new HeldClient(world, mover)) as [HeldClient, HeldClient]
  a.attributes(made.ino)
  return { world, a, b, dir: made.ino, inos }
}

function found(made: Inode | Failure): Inode {
  if (typeof made === 'string') throw new Error(made)
  return made
}

/** All pages of a listing, and the messages that it takes. */
function listed(client: HeldClient, dir: number, options: ListingOptions = {}): { pages: Page[]; messages: number } {
  const pages: Page[] = []
  const messages = client.messages(() => {
    for (let cookie = options.cookie ?? 0, isEnd = false; !isEnd; ) {
      const page = client.list(dir, { ...options, cookie })
      if (typeof page === 'string') throw new Error(page)
      pages.push(page)
      cookie = page.entries.at(-1)?.cookie ?? cookie
      isEnd = page.isEnd
    }
  })
  return { pages, messages }
}

function namesOf(pages: readonly Page[]): string[] {
  return pages.flatMap(({ entries }) => entries.map(({ name }) => name))
}

t.test('what has been listed once is listed again without a message, whatever the room', async (t) => {
  const { world, a, b, dir } = directory()
  const first = listed(a, dir)
  t.same([namesOf(first.pages), first.messages], [ALL, 1])
  for (const most of [1000, 1, 5, 12, 11]) {
    const { pages, messages } = listed(a, dir, { most })
    t.same([namesOf(pages), messages], [ALL, 0], `${most} entries at a time`)
    t.equal(pages.length, Math.ceil(ALL.length / most))
    t.ok(pages.slice(0, -1).every(({ isEnd }) => !isEnd))
  }
  for (const cookie of [1, 2, 3, 7, 12]) {
    const { pages, messages } = listed(a, dir, { cookie })
    t.same([namesOf(pages), messages], [ALL.slice(cookie), 0], `behind cookie ${cookie}`)
  }
  t.same(a.list(dir), first.pages[0], 'with the same numbers and cookies')
  b.create(dir, 'new')
  t.same(namesOf(listed(a, dir).pages), [...ALL, 'new'], 'what another mover has made is listed at once')
  a.attributes(dir)
  listed(a, dir)
  t.equal(listed(a, dir).messages, 0)
  world.files.call((op) => world.files.files.remove(op, world.files.inode(dir), bytes('file 3')))
  t.same(namesOf(listed(a, dir).pages), [...ALL.filter((name) => name !== 'file 3'), 'new'], 'what is removed is gone')
  a.remove(dir, 'new')
  t.notOk(namesOf(listed(a, dir).pages).includes('new'), 'also what this mover has had removed')
})

t.test('a part that has been listed is listed again, and no more', async (t) => {
  const { a, dir } = directory()
  const page = (cookie: number, most: number, messages: number, names: string[], isEnd = false): void => {
    const spent = a.messages(() => {
      const got = a.list(dir, { cookie, most })
      if (typeof got === 'string') throw new Error(got)
      t.same([got.entries.map(({ name }) => name), got.isEnd], [names, isEnd], `${most} behind ${cookie}`)
    })
    t.equal(spent, messages, `${most} behind ${cookie}: ${messages} messages`)
  }
  page(0, 1, 1, ['.'])
  page(0, 1, 0, ['.'])
  page(1, 1, 1, ['..'])
  page(0, 2, 0, ['.', '..'])
  page(5, 3, 1, ['file 3', 'file 4', 'file 5'])
  page(6, 1, 0, ['file 4'])
  page(5, 9, 0, ['file 3', 'file 4', 'file 5'])
  page(2, 3, 1, ['file 0', 'file 1', 'file 2'])
  page(2, 6, 0, ['file 0', 'file 1', 'file 2', 'file 3', 'file 4', 'file 5'])
  page(8, 9, 1, ['file 6', 'file 7', 'file 8', 'file 9'], true)
  page(0, 12, 0, ALL, true)
  page(12, 1, 0, [], true)
  page(700, 9, 1, [], true)
  page(700, 9, 0, [], true)
})

t.test('above the root of an export is that root, above the same directory elsewhere is not', async (t) => {
  const { a, dir } = directory()
  const { rootIno } = a.mover.files
  const parents = (root: number): (number | undefined)[] => {
    const page = a.list(dir, { root })
    if (typeof page === 'string') throw new Error(page)
    return page.entries.slice(0, 2).map(({ ino }) => ino)
  }
  t.same(parents(dir), [dir, dir])
  // What lies behind '.' is not known there yet, and is asked for when a client goes on.
  t.same(
    listed(a, dir, { root: rootIno })
      .pages.flatMap(({ entries }) => entries.map(({ ino }) => ino))
      .slice(0, 2),
    [dir, rootIno],
  )
  t.equal(
    a.messages(() =>
      t.same(
        [parents(rootIno), parents(dir)],
        [
          [dir, rootIno],
          [dir, dir],
        ],
      ),
    ),
    0,
  )
})

t.test('an empty directory, and what is none', async (t) => {
  const { world, a } = directory()
  const { files } = world
  const { ino } = found(files.call((op) => files.files.mkdir(op, files.root, bytes('empty'), {})))
  a.attributes(ino)
  t.same(namesOf(listed(a, ino).pages), ['.', '..'])
  t.same([namesOf(listed(a, ino).pages), listed(a, ino).messages], [['.', '..'], 0])
  const file = files.create('a file')
  a.attributes(file)
  t.equal(a.list(file), 'NOTDIR')
})

t.test('who may not read a directory is not shown what others have listed', async (t) => {
  const { a, dir, inos } = directory(0o711)
  listed(a, dir)
  t.equal(
    a.messages(() => t.equal(a.list(dir, { credentials: NOBODY }), 'ACCES')),
    0,
  )
  const other = directory(0o744)
  listed(other.a, other.dir)
  const spent = other.a.messages(() => {
    const page = other.a.list(other.dir, { attributes: true, credentials: NOBODY })
    if (typeof page === 'string') throw new Error(page)
    t.equal(page.entries.length, ALL.length)
    t.ok(
      page.entries.every(({ object }) => object === 'ACCES'),
      'who may not look names up is shown names only',
    )
  })
  t.equal(spent, 0)
  t.equal(inos.length, COUNT)
})

t.test('attributes of what is held are known, those of all else of a page come in one message', async (t) => {
  const { world, a, b, dir, inos } = directory()
  const parent = a.mover.files.rootIno
  const show = (): { modes: (number | string)[]; messages: number } => {
    let modes: (number | string)[] = []
    const messages = a.messages(() => {
      const page = a.list(dir, { attributes: true })
      if (typeof page === 'string') throw new Error(page)
      modes = page.entries.slice(2).map(({ object, ino }) => {
        if (typeof object === 'string' || object === null) return String(object)
        t.equal(object.ino, ino)
        return object.isCurrent ? object.mode : 'not told'
      })
    })
    return { modes, messages }
  }
  const plain = NAMES.map(() => 0o644)
  t.same(show(), { modes: plain, messages: 1 }, 'the first time with the names')
  t.same(show(), { modes: plain, messages: 1 }, 'then without')
  for (const ino of inos.slice(0, 4)) a.attributes(ino)
  t.same(show(), { modes: plain, messages: 1 }, 'some are held')
  const chmod = (ino: number, mode: number): void => {
    world.files.call((op) => world.files.files.setattr(op, world.files.inode(ino), { mode }, null) ?? true)
  }
  chmod(inos[1] as number, 0o600)
  chmod(inos[7] as number, 0o611)
  const changed = plain.map((mode, i) => ({ 1: 0o600, 7: 0o611 })[i] ?? mode)
  t.same(show(), { modes: changed, messages: 1 }, 'what has changed is shown, whether it was held or not')
  for (const ino of [...inos, parent]) a.attributes(ino)
  t.same(show(), { modes: changed, messages: 0 }, 'all are held')
  const last = inos[9] as number
  a.attributes(last)
  b.attributes(last)
  chmod(last, 0o604)
  t.same(show(), { modes: changed.with(9, 0o604), messages: 1 }, 'one is not held any more')
})

t.test('a page of many entries takes one message for their attributes too', async (t) => {
  const { world, a, dir } = directory()
  const { files } = world
  for (let i = 0; i < 1500; i++) {
    files.start((op) =>
      files.files.create(op, files.inode(dir), bytes(`more ${i}`), { kind: 'guarded', attributes: {} }),
    )
  }
  world.env.runUntilIdle()
  a.attributes(dir)
  const names = namesOf(listed(a, dir, { most: 5000 }).pages)
  t.equal(names.length, 2 + COUNT + 1500)
  for (const [most, pages] of [
    [5000, 2],
    [400, 4],
  ] as const) {
    const again = listed(a, dir, { most, attributes: true })
    t.same(namesOf(again.pages), names)
    t.equal(again.pages.length, pages)
    t.equal(again.messages, pages, 'one a page')
    t.ok(again.pages.every(({ entries }) => entries.every(({ object, ino }) => (object as Inode).ino === ino)))
  }
})

t.test('a directory that is changed while attributes of its entries are asked for is listed anew', async (t) => {
  for (const meanwhile of ['not held any more', 'held again', 'without a primary']) {
    const { world, a, dir } = directory()
    listed(a, dir)
    const { files } = world
    let runs = 0
    const names = call(world, (op) => {
      runs++
      const isParted = runs === 2 && meanwhile === 'without a primary'
      Object.defineProperty(a.mover.authority, 'isReady', { get: () => !isParted, configurable: true })
      if (runs === 2 && !isParted) {
        files.call((inner) => files.files.remove(inner, files.inode(dir), bytes('file 5')) ?? true)
        if (meanwhile === 'held again') a.attributes(dir)
      }
      op.intent = 'names'
      const inode = a.mover.files.inode(op, dir, files.inode(dir).generation)
      if (typeof inode === 'string') return inode
      const shown: string[] = []
      const room = { bytes: 10_000, attributes: true }
      a.mover.files.readdir(op, inode, 2, 0, room, (_cookie, ino, all, start, end) => {
        const object = a.mover.files.entry(op, inode, ino)
        shown.push(`${Buffer.from(all.subarray(start, end))}${typeof object === 'string' ? ` ${object}` : ''}`)
        return true
      })
      return shown
    })
    const isWhole = meanwhile === 'without a primary'
    t.same(
      names,
      NAMES.filter((name) => isWhole || name !== 'file 5'),
      meanwhile,
    )
    t.ok(runs > 2, `${runs} runs`)
  }
})

t.test('what was told of a directory before it was held is not remembered', async (t) => {
  const { world, b: client, dir } = directory()
  t.same(namesOf(listed(client, dir).pages), ALL)
  t.ok(client.mover.authority.tokens.allows(dir, 'WF_R', 0, 1), 'it is held behind a first listing')
  t.equal(listed(client, dir).messages, 1)
  t.equal(listed(client, dir).messages, 0)
  // Asked under one token, answered under the next.
  const { files } = client.mover
  const { generation } = world.files.inode(dir)
  const readAt = (cookie: number, onSecond: () => void): string[] => {
    let runs = 0
    return call(world, (op) => {
      if (++runs === 2) onSecond()
      op.intent = 'names'
      const inode = files.inode(op, dir, generation)
      const shown: string[] = []
      if (typeof inode !== 'string')
        files.readdir(
          op,
          inode,
          cookie,
          0,
          { bytes: 1000, attributes: false },
          (_, __, all, start, end) => shown.push(String(Buffer.from(all.subarray(start, end)))) < 99,
        )
      return shown
    })
  }
  world.files.create('elsewhere')
  readAt(800, () => {
    world.files.call((op) =>
      world.files.files.create(op, world.files.inode(dir), bytes('new'), { kind: 'guarded', attributes: {} }),
    )
    client.attributes(dir)
  })
  t.equal(
    client.messages(() => readAt(800, () => {})),
    1,
    'it is asked for again',
  )
})

t.test('where a link leads is asked for once, as long as it is held', async (t) => {
  const { world, a, b } = directory()
  const { files } = world
  const target = Uint8Array.from({ length: 4096 }, (_, i) => (i % 255) + 1)
  const link = found(files.call((op) => files.files.symlink(op, files.root, bytes('link'), target, {})))
  const { ino, generation } = link
  const read = (client: HeldClient): number =>
    client.messages(() => {
      const found = client.readlink(ino, generation)
      t.equal(typeof found === 'string' ? found : Buffer.compare(found, target), 0)
    })
  t.equal(read(a), 2, 'the token is asked for behind it')
  t.equal(read(a), 0)
  a.attributes(ino)
  b.attributes(ino)
  t.equal(read(b), 1)
  t.equal(read(b), 0)
  files.call((op) => files.files.setattr(op, files.inode(ino), { mode: 0o700 }, null) ?? true)
  t.equal(read(a), 2, 'its token was asked back')
  t.equal(read(a), 0)
  b.remove(files.files.rootIno, 'link')
  t.equal(a.readlink(ino, generation), 'STALE')
  t.equal(b.readlink(ino, generation), 'STALE')
  // As it would be before the token has come that is asked for behind an answer.
  a.mover.held.names.learnTarget(ino, target)
  t.equal(a.readlink(ino, generation), 'STALE', 'that it is known is not enough')
  const file = files.create('file')
  a.attributes(file)
  t.equal(a.readlink(file), 'INVAL')
  t.equal(a.readlink(file), 'INVAL')
})

t.test('what is remembered has a bound, which names, listings and links share', async (t) => {
  const most = 100_000
  const names = new HeldNames(most)
  const op = newOperation(ROOT, false)
  const under = (dir: number) => {
    op.forwarded = { runsOn: false, rewind: () => {} }
    const directory = names.of(dir)
    t.throws(() =>
      names.asking(op, directory, () => {
        throw new Suspend(() => {})
      }),
    )
    return directory
  }
  const entry = (cookie: number) => ({ cookie, ino: cookie, name: bytes('x'.repeat(200)) })
  for (let dir = 10; dir < 40; dir++) {
    under(dir)
    names.learn(op, dir, (known) => known.noteObject(bytes(`name ${dir}`), null))
    names.learn(op, dir, (known) => known.noteListed(2, false, [entry(3), entry(4), entry(5)], true))
    names.learnTarget(1000 + dir, new Uint8Array(4096))
    t.ok(names.bytes <= most, `${names.bytes}`)
  }
  t.ok(names.bytes > most / 2)
  t.same([names.of(10).after(2, false), names.target(1010)], [undefined, undefined], 'what came first is gone')
  t.same([names.of(39).after(5, false), names.target(1039)?.length], [null, 4096])
  const bytesBefore = names.bytes
  under(39)
  names.learn(op, 39, (known) => known.noteListed(2, false, [entry(3)], false))
  names.learnTarget(1039, new Uint8Array(4096))
  t.equal(names.bytes, bytesBefore, 'what is told again counts once')
  for (let ino = 0; ino < 2000; ino++) names.forget(ino)
  t.equal(names.bytes, 0)
  under(7)
  names.learn(op, 7, (known) =>
    known.noteListed(
      2,
      false,
      Array.from({ length: 1000 }, (_, i) => entry(i + 3)),
      true,
    ),
  )
  t.equal(names.bytes, 0, 'a directory that is larger is not remembered')
  t.equal(names.since(op, 7), null)
})
