/**
 * The mover lock protocol between the processes of an appliance, message by message: its flow, what it costs, and that
 * movers write to one file at once. ARCHITECTURE.md section 2 is what is claimed.
 */
import t, { type Test } from 'tap'
import type { ShownEvent } from '../../mover/cli/trace-merger.ts'
import type { TokenStatus } from '../../mover/control/status.ts'
import { Command, until } from './appliance.ts'
import { BLOCK, type Handle, ObservedAppliance, type ObservedClient } from './movers-observed.ts'
import { inOrder, inWords } from './trace-words.ts'

t.setTimeout(300_000)

/** Less than after what time movers ask anew for a file that is written to. */
const QUIET_MS = 900
/** Files that are written to before, at most. */
const SETTLED_BEFORE = 8

/** An event in words; clients by name. */
function words(clients: Readonly<Record<string, ObservedClient>>): (event: ShownEvent) => string {
  const names = new Map(Object.entries(clients).map(([name, { nfs }]) => [nfs.localAddress, name]))
  return (event) => inWords(event, (address) => names.get(address))
}

/** Movers that may write these blocks, as the primary knows it. */
function writersOf(tokens: readonly TokenStatus[], block: number): string[] {
  const isThere = ({ kind, blocks }: TokenStatus): boolean =>
    kind === 'WF_X' || (kind === 'BR_W' && blocks !== null && blocks[0] <= block && block < (blocks[1] ?? Infinity))
  return tokens.filter(isThere).map(({ mover }) => mover)
}

t.test('two clients of a secondary: one reads, then the other writes', async (t) => {
  const appliance = await ObservedAppliance.start(t, 'a', 'b')
  const clients = {
    reader: await appliance.client('b'),
    writer: await appliance.client('b'),
    other: await appliance.client('a'),
  }
  const { reader, writer, other } = clients
  const { handle, ino } = await other.create('f', 8)
  const trace = await appliance.trace('/share/f')
  const shown = words(clients)

  /** Does something, and compares what is said meanwhile: lines of the trace, and as many frames. */
  const step = async (
    what: string,
    frames: number,
    lines: string[],
    action: () => Promise<unknown>,
  ): Promise<ShownEvent[]> => {
    t.equal(await appliance.framesOf(action), frames, `${what}: ${frames} frames`)
    const events = await trace.upTo((event) => shown(event) === lines.at(-1))
    t.strictSame(events.map(shown), lines, what)
    return events
  }
  /** The same where movers may say more about the file meanwhile, such as what they would like to have. */
  const amongOthers = async (what: string, lines: string[], action: () => Promise<unknown>): Promise<void> => {
    await action()
    const said = (await trace.upTo((event) => shown(event) === lines.at(-1))).map(shown)
    t.strictSame(inOrder(said, lines), lines, what)
  }

  const [, granted] = await step(
    'the first read takes a read lock on the entire file',
    2,
    ['b -> a LOCK WF_R whole file', 'a -> b GRANT WF_R whole file', 'b answers reader: READ OK under WF_R'],
    () => reader.read(handle, 0),
  )
  await step('later reads are granted locally', 0, ['b answers writer: READ OK under WF_R'], () =>
    writer.read(handle, 5, 2),
  )
  await step('so are looks at attributes', 0, ['b answers reader: GETATTR OK under WF_R'], () => reader.stat(handle))

  const [released, asked, range] = await step(
    'a write gives up the read lock, then asks for its range; it is acknowledged when that is granted',
    2,
    [
      'b -> a RELEASE WF_R whole file',
      'b -> a LOCK BR_W 3 to 5',
      'a -> b GRANT BR_W 3 to 5',
      'b answers writer: WRITE OK under BR_W',
    ],
    () => writer.write(handle, 3, 2, 'w'),
  )
  t.equal(released.serial, granted.serial, 'what is given up is what was granted')
  t.equal(released.frame, asked.frame, 'giving up and asking travel together')
  t.ok((range.serial ?? 0) > (granted.serial ?? 0), 'a later grant has a larger serial')
  await step('a write in the range is granted locally', 0, ['b answers writer: WRITE OK under BR_W'], () =>
    writer.write(handle, 4, 1, 'v'),
  )

  await amongOthers(
    'the primary manages the file now: its own client waits for the range',
    ['a -> b REVOKE BR_W 3 to 4', 'b -> a RELEASE BR_W 3 to 4', 'a answers other: READ OK under BR_R'],
    async () => t.equal(await other.read(handle, 3), 'w', 'and is shown what was written'),
  )
  t.equal(await other.read(handle, 2, 4), 'xwvx', 'what is left of the range goes too')
  await amongOthers(
    'a file that nobody writes to any more is read whole again',
    ['b -> a LOCK WF_R whole file', 'a -> b GRANT WF_R whole file', 'b answers reader: READ OK under WF_R'],
    async () => t.equal(await reader.read(handle, 2, 4), 'xwvx'),
  )
  t.strictSame(await appliance.fileBytes(), [0, 0], 'no data went through another mover')

  await t.test('a trace goes on when a mover has died, and ends with the appliance', (t) => restart(t, appliance))
  async function restart(t: Test, { up }: ObservedAppliance): Promise<void> {
    const byNumber = new Command(t, 'trace', `share:${ino}`, '--config', appliance.config)
    await until('it is traced for people too', () => byNumber.out.split('is traced').length === 3)
    await appliance.kill('b')
    await until('the next one is traced', () => trace.notices.length === 3)
    t.match(trace.notices[2], { mover: 'b', notice: /^is traced anew/ })
    const next = await appliance.client('b')
    await next.read(handle, 0)
    const lines = ['b -> a LOCK WF_R whole file', 'a -> b GRANT WF_R whole file', 'b answers next: READ OK under WF_R']
    const said = (await trace.upTo(({ kind, from }) => kind === 'READ' && from === 'b')).map(words({ next }))
    t.strictSame(said.slice(-3), lines)
    await appliance.kill('a')
    const [asserted] = await trace.upTo(({ kind }) => kind === 'ASSERT')
    const held = { from: 'b', to: 'b', holds: [{ token: 'WF_R', blocks: null }] }
    t.match(asserted, held, 'what is held stays held, under the reign of its holder')
    const traced = await until('the next process of a is traced', () => trace.notices[3])
    t.match(traced, { mover: 'a', notice: /^is traced anew/ })
    await next.read(handle, 0)
    t.strictSame((await trace.upTo(({ kind }) => kind === 'READ')).map(words({ next })).slice(-1), lines.slice(-1))
    const again = await appliance.client('a')
    await again.write(handle, 3)
    const exchange = (await trace.upTo(({ kind, from }) => kind === 'WRITE' && from === 'a')).map(words({ again }))
    const expected = [
      'a -> b LOCK BR_W 3 to 4',
      'b -> b REVOKE WF_R 3 to 4',
      'b -> b RELEASE WF_R whole file',
      'b -> a GRANT BR_W 3 to 4',
      'a answers again: WRITE OK under BR_W',
    ]
    t.strictSame(inOrder(exchange, expected), expected, 'a primary is asked by itself as others are')
    const writers = [{ mover: 'a', kind: 'BR_W', blocks: [3, 4] }]
    t.strictSame(await appliance.tokens(ino, 'b'), writers, 'whose tokens it tells')
    const { counters, readOnly } = (await appliance.status('b')).volumes[0]
    t.match({ ...counters, readOnly }, { sessions: 2, sharedFiles: 1, fileBytes: 0, readOnly: null })
    await until('people are told', () => byNumber.out.includes('READ'))
    t.match(byNumber.out, /^\d\d:\d\d:\d\d\.\d{3} {2}b -> a {2}LOCK WF_R whole file for blocks 0 to 0 \[frame \d+\]$/m)
    t.match(byNumber.out, /^.{12} {2}a -> b {2}GRANT WF_R whole file serial \d+ \[frame \d+\]$/m)
    t.match(byNumber.out, /^.{12} {2}b: client 127\.\S+'s READ of bytes 0 to 4095 answered under WF_R$/m)
    byNumber.process.kill('SIGINT')
    t.equal(await byNumber.ended, 0, 'Ctrl-C ends it')
    await refusals(t)
    up.process.kill('SIGTERM')
    t.equal(await up.ended, 0, up.err)
    t.equal(await trace.ended, 0, 'the trace ends with the appliance')
    t.equal(trace.err, '')
    const after = new Command(t, 'trace', `share:${ino}`, '--config', appliance.config)
    t.equal(await after.ended, 1)
    t.equal(after.err, `lockkeeper: no appliance is running for the state folder ${appliance.state}\n`)
  }

  async function refusals(t: Test): Promise<void> {
    const wrong: readonly [file: string, status: number, line: string][] = [
      ['/share/nothing', 1, 'there is no file /share/nothing (NOENT)'],
      ['/share/f/g', 1, 'there is no file /share/f/g (NOTDIR)'],
      ['share:99999', 1, 'there is no file share:99999 (STALE)'],
      ['/else/f', 1, 'the appliance serves no export that has /else/f'],
      ['else:2', 1, 'the appliance serves no volume that has else:2'],
      ['f', 2, "a file is VOLUME:INODE, or a path as clients see it, which begins with /; not 'f'"],
    ]
    for (const [file, status, line] of wrong) {
      const command = new Command(t, 'trace', file, '--config', appliance.config)
      t.equal(await command.ended, status, file)
      t.equal(command.err, `lockkeeper: ${line}\n`)
    }
  }
})

t.test('with six movers', async (t) => {
  const appliance = await ObservedAppliance.start(t, 'a', 'b', 'c', 'd', 'e', 'f')
  const client: Record<string, ObservedClient> = {}
  for (const mover of ['a', 'b', 'c', 'd', 'e', 'f']) client[mover] = await appliance.client(mover)
  const { a, b, c } = client
  const frames = (action: () => Promise<unknown>): Promise<number> => appliance.framesOf(action)

  await t.test('what the protocol costs, in frames of all sessions', async (t) => {
    const { handle } = await a.create('budget', 256)
    // A mover's first look at a file asks for it besides. So does a later one, when it has been quiet for a while: a test
    // that was held up tries again.
    const stats = async (file: Handle): Promise<number> => {
      for (let tries = 1; ; tries++) {
        const beganMs = performance.now()
        await b.write(file, 3)
        await c.stat(file)
        const count = await frames(async () => {
          await c.stat(file)
          await b.write(file, 3)
        })
        if (performance.now() - beganMs < QUIET_MS || tries === 20) return count
      }
    }
    t.equal(await frames(() => b.read(handle, 0)), 2, 'a cold read')
    t.equal(await frames(() => b.read(handle, 100)), 0, 'a warm read')
    t.equal(await frames(() => b.write(handle, 3)), 2, 'the first write, with no other holder')
    t.equal(await frames(() => b.write(handle, 3)), 0, 'a write in a held range')
    t.equal(await stats(handle), 4, 'a stat under a remote writer, who writes on')

    for (const [k, holders] of [[1, 'c'] as const, [4, 'cdef'] as const]) {
      for (const reads of [false, true]) {
        const { handle: file } = await a.create(`held-${k}-${reads}`, 8)
        for (const holder of holders) await client[holder].read(file, 0)
        if (reads) await b.read(file, 0)
        const giving = reads ? ', and its own read lock to give up' : ''
        t.equal(await frames(() => b.write(file, 0)), 2 + 2 * k, `the first write with ${k} other holders${giving}`)
      }
    }

    const { handle: growing } = await a.create('growing', 0)
    // The first one reserves blocks: for many more.
    t.equal(await frames(() => b.write(growing, 0)), 2 + 2 + 2, 'the first write to an empty file, and of a mover')
    t.equal(await frames(() => b.write(growing, 1)), 2, 'a write that allocates, in a held range')
    t.equal(await frames(() => b.write(growing, 2, 100)), 2, 'of any length')
    const { handle: read } = await a.create('read', 8)
    await b.read(read, 0)
    t.equal(await frames(() => b.write(read, 8)), 2 + 2, 'the first write, behind the end of a file that was read')

    const { handle: whole, ino } = await b.create('whole', 8)
    t.equal(await stats(whole), 4, 'a stat under a remote writer of all of the file')
    t.match(await appliance.tokens(ino), [{ mover: 'b', kind: 'WF_X' }, { mover: 'c' }])
  })

  await t.test('what listings and links cost, in frames of all sessions', async (t) => {
    const dir = await a.mkdir('dir')
    const files: Handle[] = []
    for (let i = 0; i < 20; i++) files.push((await a.create(`file ${i}`, 0, dir)).handle)
    const names = files.map((_, i) => `file ${i}`)
    const shown = names.map((name) => [name, 1])
    const lists = async (what: string, expected: number): Promise<void> => {
      t.equal(await frames(async () => t.strictSame(await b.list(dir), names)), expected, what)
    }
    const plus = async (what: string, expected: number): Promise<void> => {
      t.equal(await frames(async () => t.strictSame(await b.listWithLinks(dir), shown)), expected, what)
    }
    t.equal(await frames(() => b.stat(dir)), 2, 'a first look at a directory')
    await plus('a first listing, with attributes', 2)
    await lists('names that were listed', 0)
    await plus('attributes of what is not held, of all at once', 2)
    for (const file of files) await b.stat(file)
    await plus('attributes of what is held', 0)
    const link = await a.symlink(a.root, 'link', 'somewhere')
    await b.stat(link)
    const reads = async (expected: number): Promise<void> => {
      const action = async (): Promise<boolean> => t.equal(await b.readlink(link), 'somewhere')
      t.equal(await frames(action), expected)
    }
    await reads(2)
    await reads(0)
    await c.link(files[3] as Handle, dir, 'another name')
    t.strictSame(await b.list(dir), [...names, 'another name'], 'what another mover has made is listed')
    t.strictSame((await b.listWithLinks(dir))[3], ['file 3', 2], 'and what it has changed is shown')
  })

  await t.test('no data goes through another mover', async (t) => {
    const { handle } = await b.create('data', 256)
    const before = await appliance.carried()
    await b.write(handle, 0, 256, 'd')
    for (const mover of Object.values(client)) t.equal(await mover.read(handle, 0, 256), 'd'.repeat(256))
    await c.write(handle, 0, 256, 'e')
    t.equal(await a.read(handle, 0, 256), 'e'.repeat(256))
    const bytes = (await appliance.carried()).bytes - before.bytes
    t.ok(bytes > 0 && bytes < 2 * BLOCK, `${bytes} bytes of messages for more than 8 MiB of data`)
    t.strictSame(await appliance.fileBytes(), [0, 0, 0, 0, 0, 0], 'as each of them has counted')
  })

  await t.test('movers write to one file at once', async (t) => {
    const { handle, ino } = await a.create('shared', 64)
    await b.read(handle, 0)
    await b.write(handle, 10, 2)
    await c.write(handle, 40, 2)
    await a.write(handle, 20, 2)
    const tokens = await appliance.tokens(ino)
    t.ok(tokens.every(({ kind }) => kind === 'BR_W'))
    for (const [mover, first] of [['b', 10] as const, ['a', 20] as const, ['c', 40] as const]) {
      for (const block of [first, first + 1]) t.strictSame(writersOf(tokens, block), [mover], `block ${block}`)
    }
    const locks = new Command(t, 'locks', '--json', '--config', appliance.config)
    t.equal(await locks.ended, 0, locks.err)
    const listed = JSON.parse(locks.out).files.find((file: { ino: number }) => file.ino === ino)
    t.strictSame(listed, { volume: 'share', ino, held: tokens, waiting: [] }, '`locks` says the same')

    const letters = 'abcdefghijklmnopqrstuvwxyz'
    const writes = async (client: ObservedClient, first: number): Promise<void> => {
      for (const letter of letters) await client.write(handle, first, 2, letter)
    }
    // A file that was written to before and has been quiet for a while may be settled meanwhile: each is only once.
    for (let attempt = 0; ; attempt++) {
      const before = await appliance.carried()
      await Promise.all([writes(b, 10), writes(c, 40), writes(a, 20)])
      const after = await appliance.carried()
      if (after.bytes !== before.bytes && attempt < SETTLED_BEFORE) continue
      t.strictSame(after, before, 'not a byte is said between them')
      break
    }
    t.strictSame(await appliance.tokens(ino), tokens, 'they hold what they held')
    for (const first of [9, 19, 39]) {
      t.equal(await client['d'].read(handle, first, 4), 'xzzx', 'all see what each has written')
    }
  })

  appliance.up.process.kill('SIGTERM')
  t.equal(await appliance.up.ended, 0, appliance.up.err)
})
