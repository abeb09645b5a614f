/**
 * Random operations of NFS clients on two equal volumes, the one at its primary, the other at a secondary: the answers are
 * the same but for their times; and those are the primary's.
 */
import fc from 'fast-check'
import t from 'tap'
import type { Credentials } from '../../mover/files/service.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import { createmode3, type fattr3, ftype3, nfsstat3, type sattr3, type wcc_attr } from '../../protocol/nfs3/nfs3.gen.ts'
import { WorldMemory } from '../crash/world.ts'
import { FilesWorld, filled } from '../unit/files-support.ts'
import { type Args, type Name, type Result, TestMover } from '../unit/movers-support.ts'
import { nothingSet } from '../unit/nfs3-client.ts'

const memories = [new WorldMemory(), new WorldMemory()] as const
/** Inode numbers are these bytes of a handle. */
const INO_AT = 17

/** An operation; objects are meant by their place among all that were ever seen. */
interface Step {
  name: Name | 'write'
  objects: [number, number]
  names: [Uint8Array, Uint8Array]
  set: sattr3
  how: number
  target: Uint8Array
  count: number
  caller: Credentials
}

const callers: Credentials[] = [
  { uid: 0, gid: 0, gids: [] },
  { uid: 5, gid: 6, gids: [] },
  { uid: 7, gid: 8, gids: [9, 6] },
]
const name = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('a', 'b', 'c', '\xff\x01', 'n'.repeat(255)) },
  { weight: 1, arbitrary: fc.constantFrom('.', '..', '', 'x/y', 'x\0', 'n'.repeat(256)) },
)
const bytesOf = name.map((text): Uint8Array => Buffer.from(text, 'latin1'))
const maybe = <T>(arbitrary: fc.Arbitrary<T>, field: string) =>
  fc.option(arbitrary, { nil: undefined }).map((value) => (value === undefined ? {} : { [field]: value }))
const time = fc.constantFrom(0, 1, 2)
const set = fc
  .tuple(
    maybe(fc.constantFrom(0o777, 0o777, 0o700, 0o1777, 0o2775, 0o644, 0o4755), 'mode'),
    maybe(fc.constantFrom(0, 5, 7), 'uid'),
    maybe(fc.constantFrom(0, 6, 8, 9), 'gid'),
    maybe(fc.constantFrom(0, 0, 1, 5000, 5000, 2 ** 44 + 1, 2 ** 63), 'size'),
    time,
    time,
    fc.constantFrom(7, 7, 999_999_999, 1_000_000_000),
  )
  .map(([mode, uid, gid, size, atime, mtime, nseconds]): sattr3 => {
    const given: Record<string, number> = { ...mode, ...uid, ...gid, ...size }
    const field = (name: string) => (name in given ? { set_it: true, [name]: given[name] } : { set_it: false })
    const attributes = nothingSet() as unknown as Record<string, unknown>
    for (const name of ['mode', 'uid', 'gid', 'size']) attributes[name] = field(name)
    const at = { seconds: 1_000_000, nseconds }
    attributes['atime'] = atime === 2 ? { set_it: 2, atime: at } : { set_it: atime }
    attributes['mtime'] = mtime === 2 ? { set_it: 2, mtime: at } : { set_it: mtime }
    return attributes as unknown as sattr3
  })
const NAMES: (Name | 'write')[] = [
  'NFSPROC3_CREATE',
  'NFSPROC3_MKDIR',
  'NFSPROC3_SYMLINK',
  'NFSPROC3_MKNOD',
  'NFSPROC3_LINK',
  'NFSPROC3_RENAME',
  'NFSPROC3_REMOVE',
  'NFSPROC3_RMDIR',
  'NFSPROC3_SETATTR',
  'NFSPROC3_LOOKUP',
  'NFSPROC3_READLINK',
  'NFSPROC3_READDIR',
  'NFSPROC3_READDIRPLUS',
  'NFSPROC3_GETATTR',
  'NFSPROC3_ACCESS',
  'write',
]
const object = fc.oneof(fc.constant(0), fc.nat(8), fc.nat(60))
const step: fc.Arbitrary<Step> = fc.record({
  // What makes objects comes more often.
  name: fc.constantFrom(...NAMES, ...NAMES.slice(0, 3), ...NAMES.slice(0, 2)),
  objects: fc.tuple(object, object),
  names: fc.tuple(bytesOf, bytesOf),
  set,
  how: fc.nat(5),
  target: fc.uint8Array({ min: 1, max: 255, minLength: 1, maxLength: 10 }),
  count: fc.constantFrom(0, 140, 300, 1000, 20_000),
  caller: fc.constantFrom(...callers, callers[0], callers[0]),
})

/** The arguments of a step's call. `handles`: of all objects that were ever seen. */
function argsOf({ name, objects, names, set, how, target, count }: Step, handles: readonly Uint8Array[]): unknown {
  const [object, second] = objects.map((at) => ({ data: handles[at % handles.length] }))
  const where = { dir: object, name: names[0] }
  const other = { dir: second, name: names[1] }
  const listing = { dir: object, cookie: how, cookieverf: filled(8, 0), count, dircount: count, maxcount: count }
  switch (name) {
    case 'NFSPROC3_CREATE':
      return {
        where,
        how:
          how % 3 === createmode3.EXCLUSIVE
            ? { mode: createmode3.EXCLUSIVE, verf: filled(8, how) }
            : { mode: how % 3, obj_attributes: set },
      }
    case 'NFSPROC3_MKDIR':
      return { where, attributes: set }
    case 'NFSPROC3_SYMLINK':
      return { where, symlink: { symlink_attributes: set, symlink_data: target } }
    case 'NFSPROC3_MKNOD': {
      const device = { dev_attributes: set, spec: { specdata1: 7, specdata2: how } }
      const nodes = [
        { type: ftype3.NF3CHR, device },
        { type: ftype3.NF3BLK, device },
        { type: ftype3.NF3FIFO, pipe_attributes: set },
        { type: ftype3.NF3SOCK, pipe_attributes: set },
        { type: ftype3.NF3REG },
      ]
      return { where, what: nodes[how % nodes.length] }
    }
    case 'NFSPROC3_LINK':
      return { file: second, link: where }
    case 'NFSPROC3_RENAME':
      return { from: where, to: other }
    case 'NFSPROC3_REMOVE':
    case 'NFSPROC3_RMDIR':
      return { object: where }
    case 'NFSPROC3_SETATTR': {
      const guard = how === 0 ? { check: true, obj_ctime: { seconds: 1, nseconds: 2 } } : { check: false }
      return { object, new_attributes: set, guard }
    }
    case 'NFSPROC3_LOOKUP':
      return { what: where }
    case 'NFSPROC3_READLINK':
      return { symlink: object }
    case 'NFSPROC3_GETATTR':
      return { object }
    case 'NFSPROC3_ACCESS':
      return { object, access: 0x3f }
    default:
      return listing
  }
}

/** As text, without times; `attributes`: with what is told of objects on the side. */
function plain(result: unknown, attributes: boolean): string {
  return JSON.stringify(result, (key, part) => {
    if (['atime', 'mtime', 'ctime'].includes(key)) return 0
    if (part?.type === 'Buffer') return Buffer.from(part.data).toString('hex')
    if (part instanceof Uint8Array) return Buffer.from(part).toString('hex')
    if (!attributes && typeof part === 'object' && part !== null && 'attributes_follow' in part) return null
    return typeof part === 'bigint' ? String(part) : part
  })
}

type Half = { attributes_follow: boolean; attributes?: fattr3 | wcc_attr }

/** Calls `see` with all attributes in a result, and what they show from before the operation if that is told too. */
function eachAttributes(part: unknown, see: (after: fattr3, before: wcc_attr | null) => void): void {
  if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part)) return
  const { before, after } = part as { before?: Half; after?: Half }
  if (before !== undefined && after !== undefined) {
    if (before.attributes_follow !== after.attributes_follow) throw new Error('half of wcc_data')
    if (after.attributes !== undefined) see(after.attributes as fattr3, before.attributes as wcc_attr)
  } else if ('fileid' in part && 'ctime' in part) see(part as fattr3, null)
  else for (const inner of Object.values(part)) eachAttributes(inner, see)
}

interface Times {
  size: number
  mtime: string
  ctime: string
}

function timesOf(shown: fattr3 | wcc_attr): Times {
  const text = ({ seconds, nseconds }: { seconds: number; nseconds: number }) => `${seconds}.${nseconds}`
  return { size: shown.size, mtime: text(shown.mtime), ctime: text(shown.ctime) }
}

/** One of the two volumes, and who uses it. */
class Side {
  readonly world: FilesWorld
  readonly mover: TestMover
  #xid = 0

  constructor(world: FilesWorld, mover: TestMover) {
    this.world = world
    this.mover = mover
  }

  run<N extends Name>(name: N, args: Args<N>, caller: Credentials): Result<N> {
    this.mover.caller = caller
    const result = this.mover.call(++this.#xid, name, args)
    this.world.env.runUntilIdle()
    return result
  }

  /** Data comes another way: at the primary, and not all of it is logged when an answer shows it. */
  write(ino: number, offset: number, count: number): void {
    const inode = this.truth(ino)
    if (inode?.type === 'file') this.world.write(ino, offset, filled(count, 7))
  }

  truth(ino: number): Inode | null {
    const inode = this.world.call((op) => this.world.files.find(op, ino))
    return typeof inode === 'string' ? null : inode
  }

  times(ino: number): Times | null {
    const inode = this.truth(ino)
    if (inode === null) return null
    const { size, mtimeSec, mtimeNsec, ctimeSec, ctimeNsec } = inode
    return { size, mtime: `${mtimeSec}.${mtimeNsec}`, ctime: `${ctimeSec}.${ctimeNsec}` }
  }
}

function inoOf(handle: Uint8Array): number {
  return Number(Buffer.from(handle).readBigUInt64BE(INO_AT))
}

/** The handle of an object that was found or made. */
function newHandle(result: { status: number; resok?: object }): Uint8Array | null {
  const resok = result.resok as { object?: { data: Uint8Array }; obj?: { handle?: { data: Uint8Array } } } | undefined
  const handle = resok?.object ?? resok?.obj?.handle
  return handle === undefined ? null : Uint8Array.from(handle.data)
}

/** How often something was checked, so that nothing is checked by never being met. */
const met = new Map<string, number>()

function meet(what: string): void {
  met.set(what, (met.get(what) ?? 0) + 1)
}

function compare(steps: readonly Step[]): void {
  const localWorld = new FilesWorld(1, {}, null, 'primary', memories[0])
  const remoteWorld = new FilesWorld(1, { nodeCapacity: 48, inodeCapacity: 40 }, null, 'primary', memories[1])
  const local = new Side(localWorld, TestMover.primaryOf(localWorld))
  const remote = new Side(remoteWorld, TestMover.secondaryOf(remoteWorld))
  const handles: Uint8Array[] = [local.mover.handle().data]
  for (const step of steps) {
    const inos = handles.map(inoOf)
    if (step.name === 'write') {
      for (const side of [local, remote])
        side.write(inos[step.objects[0] % inos.length], 10 * step.count, 1 + step.count)
      continue
    }
    const before = new Map(inos.map((ino) => [ino, remote.times(ino)]))
    const { received } = remoteWorld.primary
    const args = argsOf(step, handles) as never
    const wanted = local.run(step.name, args, step.caller)
    const found = remote.run(step.name, args, step.caller)
    const wasAsked = remoteWorld.primary.received > received
    const text = `${step.name}: ${plain(found, true)} instead of ${plain(wanted, true)}`
    const isStale = !wasAsked && wanted.status === nfsstat3.NFS3ERR_STALE
    if (!isStale && plain(found, wasAsked) !== plain(wanted, wasAsked)) throw new Error(text)
    meet(`${step.name} ${isStale ? 'unasked' : wanted.status}`)
    eachAttributes(found, (after, earlier) => {
      const { fileid } = after
      const ino = Number(fileid)
      if (plainTimes(timesOf(after)) !== plainTimes(remote.times(ino)))
        throw new Error(`${text}: other times: ${plainTimes(timesOf(after))} ${plainTimes(remote.times(ino))}`)
      if (earlier === null) return
      meet('wcc_data')
      if (plainTimes(timesOf(earlier)) !== plainTimes(before.get(ino))) throw new Error(`${text}: other times before`)
    })
    const handle = newHandle(wanted)
    if (handle !== null && !handles.some((known) => Buffer.compare(known, handle) === 0)) handles.push(handle)
  }
  if (remoteWorld.primary.errors.length > 0) throw remoteWorld.primary.errors[0]
}

function plainTimes(times: Times | null | undefined): string {
  return JSON.stringify(times ?? null)
}

t.test('the same at a secondary', (t) => {
  fc.assert(fc.property(fc.array(step, { minLength: 60, maxLength: 120 }), compare), {
    numRuns: 60,
    seed: 1,
  })
  const changes = NAMES.filter((name) => name !== 'write')
  for (const name of changes) t.ok((met.get(`${name} 0`) ?? 0) > 5, `${name}: ${met.get(`${name} 0`)} times done`)
  t.ok((met.get('wcc_data') ?? 0) > 100)
  const failures = [...met.keys()].filter((what) => !what.endsWith(' 0'))
  t.ok(failures.length > 25, failures.sort().join(', '))
  t.end()
})
