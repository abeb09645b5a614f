/** Who becomes primary of a volume: at first as configured, then whoever lives and reigns the fewest. */
import t from 'tap'
import { Elections } from '../../mover/host/elections.ts'
import type { Resume } from '../../mover/task.ts'

/** A host without processes. */
class Host {
  /** In the order of the configuration; those that do not serve are started, or have no process. */
  readonly serving = new Set<string>()
  readonly living = new Set<string>()
  readonly told: string[][] = []
  /** Terms that are being written. */
  readonly raising: { volumes: readonly string[]; resume: Resume<void> }[] = []
  readonly elections: Elections

  constructor(volumes: readonly string[], movers: readonly string[]) {
    this.elections = new Elections({
      volumes,
      movers,
      serving: () => movers.filter((mover) => this.serving.has(mover)),
      lives: (mover) => this.living.has(mover),
      raise: (volumes, resume) => this.raising.push({ volumes, resume }),
      elected: (volumes) => this.told.push([...volumes]),
    })
  }

  /** All movers serve. */
  static up(volumes: readonly string[], movers: readonly string[]): Host {
    const host = new Host(volumes, movers)
    for (const mover of movers) {
      host.serving.add(mover)
      host.living.add(mover)
    }
    return host
  }

  get primaries(): string {
    return [...this.elections.primaries.values()].join('')
  }

  dies(mover: string): void {
    this.serving.delete(mover)
    this.living.delete(mover)
  }

  /** Calls for an election; returns what has become of it when it is over. */
  elect(...starting: string[]): { outcome: Error | null | undefined } {
    const election: { outcome: Error | null | undefined } = { outcome: undefined }
    this.elections.elect(starting, (error) => {
      election.outcome = error
    })
    return election
  }

  /** The oldest terms that are being written are, or cannot be. */
  written(error: Error | null = null): void {
    this.raising.shift()?.resume(error)
  }
}

t.test('at first the movers in their turn', async (t) => {
  t.equal(new Host(['x', 'y', 'z'], ['a', 'b']).primaries, 'aba')
  const host = new Host(['x'], ['a', 'b', 'c'])
  const election = host.elect('a', 'b', 'c')
  t.strictSame(host.raising[0].volumes, ['x'])
  t.strictSame(host.told, [], 'nobody is told before the term is written')
  host.written()
  t.strictSame([election.outcome, host.told, host.primaries], [null, [['x']], 'a'])
})

t.test('who reigns the fewest takes over; of equals the first', async (t) => {
  const host = Host.up(['p', 'q', 'r', 's', 'u', 'v'], ['a', 'b', 'c', 'd'])
  t.equal(host.primaries, 'abcdab')
  host.dies('a')
  host.elect()
  t.strictSame(host.raising[0].volumes, ['p', 'u'])
  host.written()
  t.equal(host.primaries, 'cbcddb', 'one each')
  t.strictSame(host.told, [['p', 'u']])
  host.dies('c')
  host.elect()
  host.written()
  t.equal(host.primaries, 'bbdddb')
})

t.test('who has died and is started again is a secondary', async (t) => {
  const host = Host.up(['x'], ['a', 'b'])
  host.dies('a')
  host.elect()
  const start = host.elect('a')
  t.equal(start.outcome, undefined, 'it waits until it is clear who reigns')
  host.written()
  t.strictSame([start.outcome, host.primaries, host.raising.length], [null, 'b', 0])
  host.living.add('a')
  host.serving.add('a')
  host.elect()
  t.strictSame([host.primaries, host.raising.length, host.told.length], ['b', 0, 1], 'nothing moves back')
})

t.test('while none serves, the last primary goes on in its next process, and nobody else', async (t) => {
  const host = Host.up(['x'], ['a', 'b'])
  host.dies('a')
  host.dies('b')
  host.elect()
  host.elect('b')
  t.strictSame([host.raising.length, host.told], [0, []], 'b is only a secondary')
  host.living.add('b')
  host.elect('a')
  host.written()
  t.strictSame([host.primaries, host.told], ['a', [['x']]])
})

t.test('a mover that comes to serve takes over what has no primary', async (t) => {
  const host = Host.up(['x'], ['a', 'b'])
  host.dies('a')
  host.serving.delete('b')
  host.elect()
  t.equal(host.raising.length, 0)
  host.serving.add('b')
  host.elect()
  host.written()
  t.equal(host.primaries, 'b')
})

t.test('who dies before the term is written is not elected', async (t) => {
  const host = Host.up(['x', 'y'], ['a', 'b', 'c'])
  host.dies('a')
  host.elect()
  host.dies('c')
  host.elect()
  host.written()
  t.strictSame([host.primaries, host.told], ['bb', [['x']]])
  const alone = Host.up(['x'], ['a', 'b'])
  alone.dies('a')
  const election = alone.elect()
  alone.dies('b')
  alone.written()
  t.strictSame([election.outcome, alone.primaries, alone.told], [null, 'a', []], 'it waits for the next process of a')
})

t.test('terms that cannot be written change nothing; the next call tries again', async (t) => {
  const host = Host.up(['x'], ['a', 'b'])
  host.dies('a')
  const failed = host.elect()
  const next = host.elect('a')
  const error = new Error('no room')
  host.written(error)
  t.strictSame([failed.outcome, host.primaries, host.told], [error, 'a', []])
  host.written()
  t.strictSame([next.outcome, host.primaries, host.told], [null, 'b', [['x']]])
})
