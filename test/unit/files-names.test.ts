import t from 'tap'
import type { Credentials, Operation } from '../../mover/files/service.ts'
import { bytes, FilesWorld, filled, PLACES, type Place, ROOT } from './files-support.ts'

const USER: Credentials = { uid: 100, gid: 200, gids: [] }
const OTHER: Credentials = { uid: 101, gid: 201, gids: [] }

/** A world with directories `names`, in one another where there is a slash; all may write there. */
class Names {
  readonly world: FilesWorld
  readonly inos = new Map<string, number>()

  constructor(place: Place, ...names: string[]) {
    this.world = FilesWorld.at(place)
    this.inos.set('', this.world.files.rootIno)
    for (const name of names) this.mkdir(name)
    this.set('', { mode: 0o777 })
  }

  split(path: string): [number, Uint8Array] {
    const at = path.lastIndexOf('/')
    return [this.inos.get(path.slice(0, Math.max(0, at))) as number, bytes(path.slice(at + 1))]
  }

  set(path: string, attributes: { mode?: number; uid?: number; gid?: number }): void {
    this.world.call((op) => this.service.setattr(op, this.object(op, path), attributes, null))
  }

  get service() {
    return this.world.service
  }

  /** An object for an operation. */
  object(op: Operation, path: string) {
    return this.world.object(op, this.inos.get(path) as number)
  }

  /** What an object shows at the owner. */
  inode(path: string) {
    return this.world.inode(this.inos.get(path) as number)
  }

  run<T>(path: string, who: Credentials, run: (op: Operation, dir: number, name: Uint8Array) => T): T | string {
    const [dir, name] = this.split(path)
    return this.world.call((op) => run(op, dir, name) as never, who) as T | string
  }

  mkdir(path: string, who = ROOT, mode = 0o777): unknown {
    const made = this.run(path, who, (op, dir, name) =>
      this.service.mkdir(op, this.world.object(op, dir), name, { mode }),
    )
    if (typeof made !== 'string') this.inos.set(path, made.ino)
    return typeof made === 'string' ? made : null
  }

  create(path: string, who = ROOT, mode = 0o644): unknown {
    const made = this.run(path, who, (op, dir, name) =>
      this.service.create(op, this.world.object(op, dir), name, { kind: 'guarded', attributes: { mode } }),
    )
    if (typeof made !== 'string') this.inos.set(path, made.ino)
    return typeof made === 'string' ? made : null
  }

  remove(path: string, who = ROOT) {
    return this.run(path, who, (op, dir, name) => this.service.remove(op, this.world.object(op, dir), name))
  }

  rmdir(path: string, who = ROOT) {
    return this.run(path, who, (op, dir, name) => this.service.rmdir(op, this.world.object(op, dir), name))
  }

  link(from: string, to: string, who = ROOT) {
    return this.run(to, who, (op, dir, name) =>
      this.service.link(op, this.object(op, from), this.world.object(op, dir), name),
    )
  }

  rename(from: string, to: string, who = ROOT) {
    const [fromDir, fromName] = this.split(from)
    return this.run(to, who, (op, dir, name) =>
      this.service.rename(op, this.world.object(op, fromDir), fromName, this.world.object(op, dir), name),
    )
  }

  lookup(path: string, who = ROOT) {
    const found = this.run(path, who, (op, dir, name) =>
      this.service.lookup(op, this.world.object(op, dir), name, this.world.files.rootIno),
    )
    return typeof found === 'string' ? found : found.ino
  }
}

for (const place of PLACES) {
  t.test(`at the ${place}: which names can be made, found and removed`, (t) => {
    const n = new Names(place, 'd')
    const long = 'n'.repeat(255)
    t.equal(n.create(long), null)
    t.equal(n.create(`${long}n`), 'NAMETOOLONG')
    t.equal(n.lookup(`${long}n`), 'NAMETOOLONG')
    t.equal(n.create('é☃'), null)
    t.equal(n.create('.'), 'EXIST')
    t.equal(n.mkdir('..'), 'EXIST')
    t.equal(n.create(''), 'INVAL')
    t.equal(n.create('nul\0'), 'INVAL')
    t.equal(n.remove('.'), 'INVAL')
    t.equal(n.rmdir('..'), 'EXIST')
    t.equal(n.remove('none'), 'NOENT')
    t.equal(n.remove('d'), 'ISDIR')
    t.equal(n.rmdir('é☃'), 'NOTDIR')
    t.equal(n.create('É'), null, 'bytes, not letters')
    t.equal(n.lookup('é'), 'NOENT')
    t.equal(n.lookup('d/..'), n.inos.get(''))
    t.equal(n.lookup('..'), n.inos.get(''), 'the root is its own parent')
    t.end()
  })

  t.test(`at the ${place}: links count, directories cannot have any`, (t) => {
    const n = new Names(place, 'd')
    n.create('a')
    t.equal(n.link('a', 'd/b'), null)
    t.equal(n.inode('a').nlink, 2)
    t.equal(n.link('a', 'd/b'), 'EXIST')
    t.equal(n.link('d', 'e'), 'PERM')
    t.equal(n.remove('a'), null)
    t.equal(n.inode('a').nlink, 1)
    t.equal(n.lookup('d/b'), n.inos.get('a'))
    const { ino, generation } = n.inode('a')
    t.equal(n.remove('d/b'), null)
    t.equal(
      n.world.call((op) => n.world.files.inode(op, ino, generation)),
      'STALE',
    )
    t.equal(n.inode('').nlink, 3)
    t.equal(n.rmdir('d'), null)
    t.equal(n.inode('').nlink, 2)
    t.end()
  })

  t.test(`at the ${place}: RENAME`, (t) => {
    const n = new Names(place, 'd', 'd/e', 'full', 'empty')
    n.create('a')
    n.create('b')
    n.create('full/x')
    t.equal(n.rename('none', 'b'), 'NOENT')
    t.equal(n.rename('a', 'a'), null, 'onto itself')
    n.link('a', 'a2')
    t.equal(n.rename('a', 'a2'), null, 'onto another name of the same file')
    t.equal(n.lookup('a'), n.inos.get('a'), 'both names stay')
    t.equal(n.rename('a', 'd'), 'ISDIR')
    t.equal(n.rename('d', 'a'), 'NOTDIR')
    t.equal(n.rename('d', 'full'), 'NOTEMPTY')
    t.equal(n.rename('d', 'd/e/f'), 'INVAL', 'into itself')
    t.equal(n.rename('d', 'd/f'), 'INVAL')
    t.equal(n.rename('d/e', 'd'), 'NOTEMPTY', 'over its own parent')
    const rootLinks = n.inode('').nlink
    t.equal(n.rename('d', 'empty'), null, 'over an empty directory')
    t.equal(n.inode('').nlink, rootLinks - 1)
    t.equal(n.rename('empty', 'full/moved'), null)
    t.equal(n.inode('').nlink, rootLinks - 2)
    t.equal(n.inode('full').nlink, 3)
    t.equal(n.lookup('d/..'), n.inos.get('full'), '.. follows')
    t.equal(n.rename('a', 'b'), null, 'over a file')
    t.equal(n.lookup('b'), n.inos.get('a'))
    t.end()
  })

  t.test(`at the ${place}: who may change a directory`, (t) => {
    const n = new Names(place, 'open', 'closed', 'sticky')
    n.set('closed', { mode: 0o755 })
    n.set('sticky', { mode: 0o1777 })
    n.create('closed/f')
    t.equal(n.create('closed/g', USER), 'ACCES')
    t.equal(n.create('closed/f', USER), 'EXIST', 'what is there is there')
    t.equal(n.remove('closed/f', USER), 'ACCES')
    t.equal(n.rename('closed/f', 'open/f', USER), 'ACCES')
    t.equal(n.create('sticky/mine', USER), null)
    t.equal(n.remove('sticky/mine', OTHER), 'ACCES')
    t.equal(n.rename('sticky/mine', 'open/stolen', OTHER), 'ACCES')
    n.create('sticky/theirs', OTHER)
    t.equal(n.rename('sticky/theirs', 'sticky/mine', OTHER), 'ACCES', 'nor replaces it')
    t.equal(n.rename('sticky/mine', 'sticky/moved', USER), null)
    t.equal(n.remove('sticky/moved', USER), null)
    t.equal(n.mkdir('open/sub', USER, 0o755), null)
    t.equal(n.rename('open/sub', 'sticky/sub', OTHER), 'ACCES', 'its .. would change')
    n.set('closed', { mode: 0o600 })
    t.equal(n.lookup('closed/f', USER), 'ACCES')
    t.equal(n.lookup('closed/f'), n.inos.get('closed/f'), 'the superuser passes')
    t.end()
  })

  t.test(`at the ${place}: who may read a directory sees names, who may also search it the objects`, (t) => {
    const n = new Names(place, 'd')
    n.create('d/f')
    const room = { bytes: 1000, attributes: true }
    const listed = (mode: number) => {
      n.set('d', { mode })
      const found = n.world.call((op) => {
        const seen: unknown[] = []
        const dir = n.object(op, 'd')
        const whole = n.service.readdir(op, dir, 2, 0, room, (_cookie, ino, all, start, end) => {
          const inode = n.service.entry(op, dir, ino)
          seen.push(Buffer.from(all.subarray(start, end)).toString(), typeof inode === 'string' ? inode : inode.ino)
          return true
        })
        return typeof whole === 'string' ? whole : { seen }
      }, USER)
      return typeof found === 'string' ? found : found.seen
    }
    t.same(listed(0o705), ['f', n.inos.get('d/f')])
    t.same(listed(0o704), ['f', 'ACCES'])
    t.equal(listed(0o701), 'ACCES')
    t.end()
  })

  t.test(`at the ${place}: a setgid directory gives its group`, (t) => {
    const n = new Names(place, 'shared')
    n.set('shared', { gid: 900 })
    n.set('shared', { mode: 0o2777 })
    n.create('shared/f', USER, 0o2755)
    t.same([n.inode('shared/f').gid, n.inode('shared/f').mode], [900, 0o755], 'setgid is for members')
    n.mkdir('shared/d', USER, 0o755)
    t.same([n.inode('shared/d').gid, n.inode('shared/d').mode], [900, 0o2755])
    n.create('plain', USER)
    t.equal(n.inode('plain').gid, 200)
    t.end()
  })
}

t.test('a file that goes while its data is on its way', (t) => {
  for (let seed = 1; seed <= 10; seed++) {
    const world = new FilesWorld(seed)
    const ino = world.create('f')
    const free = world.files.statistics().freeBytes
    world.startWrite(ino, 0, filled(20_000, 1))
    const commit = world.startCommit(ino)
    const stable = world.startWrite(ino, 50_000, filled(20_000, 2), 'fileSync')
    const removal = world.start((op) => world.files.remove(op, world.root, bytes('f')) ?? true)
    world.env.runUntil(() => removal.outcome !== undefined && commit.outcome !== undefined)
    world.env.runUntilIdle()
    world.env.advance(20_000)
    t.equal(removal.outcome, true, `seed ${seed}`)
    t.equal(commit.outcome, true)
    t.not(stable.outcome, undefined)
    t.equal(world.files.volume.failure, null)
    t.equal(world.files.volume.space.reservedBlocks, 0)
    t.equal(world.files.context.pages.dirtyCount, 0)
    t.equal(world.files.statistics().freeBytes, free)
  }
  t.end()
})

for (const place of PLACES) {
  t.test(`at the ${place}: that a file is gone is told when its removal is durable`, (t) => {
    const world = FilesWorld.at(place)
    const { service } = world
    const ino = world.create('f')
    const { generation } = world.inode(ino)
    const removal = world.start((op) => world.files.remove(op, world.root, bytes('f')) ?? true)
    const look = world.start((op) => {
      op.intent = 'attributes'
      return service.inode(op, ino, generation)
    })
    t.equal(look.outcome, undefined)
    const { log } = world.files.volume
    const { lastLsn } = log
    world.env.runUntil(() => {
      if (look.outcome !== undefined && log.durableLsn < lastLsn) throw new Error('it is told too early')
      return look.outcome !== undefined
    })
    t.equal(removal.outcome, true)
    t.equal(look.outcome, 'STALE')
    t.end()
  })

  t.test(`at the ${place}: an exclusive CREATE may be repeated whatever its verifier`, (t) => {
    for (const byte of [0, 7]) {
      const world = FilesWorld.at(place)
      const create = (fill: number) => {
        const how = { kind: 'exclusive', verifier: filled(8, fill) } as const
        const made = world.call((op) =>
          world.service.create(op, world.object(op, world.files.rootIno), bytes('x'), how),
        )
        return typeof made === 'string' ? made : made.ino
      }
      const first = create(byte)
      t.type(first, 'number')
      t.equal(create(byte), first)
      t.equal(create(9), 'EXIST')
    }
    t.end()
  })

  t.test(
    `at the ${place}: a CREATE that only truncates is remembered: sent again after a restart it must not truncate what came since`,
    (t) => {
      const world = FilesWorld.at(place)
      const ino = world.create('f')
      world.write(ino, 0, filled(5000, 1))
      const replay = { clientHigh: 1, clientLow: 2, program: 100003, procedure: 8, xid: 3, checksum: 4 }
      const made = world.call((op) => {
        op.replay = replay
        const root = world.object(op, world.files.rootIno)
        return world.service.create(op, root, bytes('f'), { kind: 'unchecked', attributes: { size: 0 } })
      })
      t.equal(typeof made === 'string' ? made : made.ino, ino)
      t.equal(world.inode(ino).size, 0)
      const { volume } = world.files
      volume.settle()
      const nowSec = world.env.wallMs() / 1000
      t.ok(volume.replays.find(replay, nowSec))
      t.notOk(volume.replays.find({ ...replay, xid: 5 }, nowSec))
      t.end()
    },
  )
}
