/**
 * The mover lock protocol between simulated movers, message by message: its flow, and what it costs, whatever time messages
 * take. ARCHITECTURE.md section 2 is what is claimed; test/unit/movers-protocol.test.ts has the same between processes.
 */
import t, { type Test } from 'tap'
import type { ShownEvent } from '../../mover/cli/trace-merger.ts'
import { BLOCK_BYTES } from '../../mover/volume/layout.ts'
import { inOrder, inWords } from '../unit/trace-words.ts'
import { ObservedWorld } from './observed-world.ts'

/** Worlds whose messages and device requests take other times, and whose caches are larger and smaller. */
const SEEDS = [1, 2, 3, 4, 5, 6]
/** Blocks of a file, and of what is written at once: all of them go into the smallest cache. */
const BLOCKS = 8

for (const seed of SEEDS) {
  t.test(`seed ${seed}: two clients of a secondary: one reads, then the other writes`, async (t) => claim(t, seed))
  t.test(`seed ${seed}: what the protocol costs, in frames of all sessions`, async (t) => budget(t, seed))
  t.test(`seed ${seed}: no data goes through another mover`, async (t) => noData(t, seed))
}

function claim(t: Test, seed: number): void {
  const observed = new ObservedWorld(seed, 1)
  const { primary, secondaries } = observed.world
  const [secondary] = secondaries
  const ino = observed.create('f', BLOCKS)

  /** Does something, and compares what is said meanwhile: lines of the trace, and as many frames. */
  const step = (what: string, frames: number, lines: string[], action: () => unknown): ShownEvent[] => {
    let said: ShownEvent[] = []
    t.equal(
      observed.framesOf(() => {
        said = observed.said(ino, action)
      }),
      frames,
      `${what}: ${frames} frames`,
    )
    t.strictSame(
      said.map((event) => inWords(event)),
      lines,
      what,
    )
    return said
  }

  const wholeRead = [
    'secondary 1 -> primary LOCK WF_R whole file',
    'primary -> secondary 1 GRANT WF_R whole file',
    'secondary 1 answers reader: READ OK under WF_R',
  ]
  const [, granted] = step('the first read takes a read lock on the entire file', 2, wholeRead, () =>
    observed.as('reader').read(secondary, ino, 0),
  )
  step('later reads are granted locally', 0, ['secondary 1 answers writer: READ OK under WF_R'], () =>
    observed.as('writer').read(secondary, ino, 5, 2),
  )
  step('so are looks at attributes', 0, ['secondary 1 answers reader: GETATTR OK under WF_R'], () =>
    observed.as('reader').stat(secondary, ino),
  )
  const written = [
    'secondary 1 -> primary RELEASE WF_R whole file',
    'secondary 1 -> primary LOCK BR_W 3 to 5',
    'primary -> secondary 1 GRANT BR_W 3 to 5',
    'secondary 1 answers writer: WRITE OK under BR_W',
  ]
  const [released, asked, range] = step(
    'a write gives up the read lock, then asks for its range; it is acknowledged when that is granted',
    2,
    written,
    () => observed.as('writer').write(secondary, ino, 3, 2, 'w'),
  )
  t.equal(released?.serial, granted?.serial, 'what is given up is what was granted')
  t.equal(released?.frame, asked?.frame, 'giving up and asking travel together')
  t.ok((range?.serial ?? 0) > (granted?.serial ?? 0), 'a later grant has a larger serial')
  step('a write in the range is granted locally', 0, ['secondary 1 answers writer: WRITE OK under BR_W'], () =>
    observed.as('writer').write(secondary, ino, 4, 1, 'v'),
  )

  const taken = [
    'primary -> secondary 1 REVOKE BR_W 3 to 4',
    'secondary 1 -> primary RELEASE BR_W 3 to 4',
    'primary answers other: READ OK under BR_R',
  ]
  const said = observed.said(ino, () => {
    t.equal(observed.as('other').read(primary, ino, 3), 'w', 'what was written is shown')
  })
  const words = said.map((event) => inWords(event))
  t.strictSame(inOrder(words, taken), taken, 'the primary manages the file now: its own client waits for the range')
  t.equal(observed.read(primary, ino, 2, 4), 'xwvx', 'what is left of the range goes too')
  step('a file that nobody writes to any more is read whole again', 2, wholeRead, () =>
    t.equal(observed.as('reader').read(secondary, ino, 2, 4), 'xwvx'),
  )
  t.strictSame(observed.fileBytes, [0, 0], 'no data went through another mover')
}

function budget(t: Test, seed: number): void {
  const observed = new ObservedWorld(seed, 5)
  const [writer, other, ...more] = observed.world.secondaries
  const costs = (frames: number, what: string, action: () => unknown): void => {
    t.equal(observed.framesOf(action), frames, what)
  }
  const ino = observed.create('budget', BLOCKS)
  costs(2, 'a cold read', () => observed.read(writer, ino, 0))
  costs(0, 'a warm read', () => observed.read(writer, ino, BLOCKS - 1))
  costs(2, 'the first write, with no other holder', () => observed.write(writer, ino, 3))
  costs(0, 'a write in a held range', () => observed.write(writer, ino, 3))

  // A first look asks for the file besides (2), and may have the writer asked whether it writes on (2).
  const first = observed.framesOf(() => observed.stat(other, ino))
  t.ok([4 + 2, 4 + 2 + 2].includes(first), `a first look at a file under a remote writer: ${first}`)
  costs(4, 'a stat under a remote writer, who writes on', () => {
    t.equal(observed.stat(other, ino), BLOCKS)
    observed.write(writer, ino, 3)
  })

  for (const holders of [[other], [other, ...more]]) {
    for (const reads of [false, true]) {
      const file = observed.create(`held-${holders.length}-${reads}`, BLOCKS)
      for (const holder of holders) observed.read(holder, file, 0)
      if (reads) observed.read(writer, file, 0)
      const giving = reads ? ', and its own read lock to give up' : ''
      const what = `the first write with ${holders.length} other holders${giving}`
      costs(2 + 2 * holders.length, what, () => observed.write(writer, file, 0))
    }
  }

  const growing = observed.create('growing', 0)
  costs(2 + 2 + 2, 'the first write to an empty file, and of a mover: it reserves blocks', () =>
    observed.write(writer, growing, 0),
  )
  costs(2, 'a write that allocates, in a held range', () => observed.write(writer, growing, 1))
  costs(2, 'of any length', () => observed.write(writer, growing, 2, BLOCKS))
  t.ok(
    observed.fileBytes.every((bytes) => bytes === 0),
    'no data went through another mover',
  )
}

function noData(t: Test, seed: number): void {
  const observed = new ObservedWorld(seed, 3)
  const { primary, movers, secondaries } = observed.world
  const ino = observed.create('data', 0)
  const before = observed.bytes
  let blocks = 0
  for (const [i, letter] of [...'defghijklm'].entries()) {
    observed.write(secondaries[i % 3] ?? primary, ino, 0, BLOCKS, letter)
    for (const mover of movers) t.equal(observed.read(mover, ino, 0, BLOCKS), letter.repeat(BLOCKS))
    blocks += movers.length * BLOCKS
  }
  const bytes = observed.bytes - before
  t.ok(bytes > 0 && 10 * bytes < blocks * BLOCK_BYTES, `${bytes} bytes of messages for ${blocks} blocks of data`)
  t.strictSame(observed.fileBytes, [0, 0, 0, 0, 0, 0], 'as both ends of each session have counted them')
}
