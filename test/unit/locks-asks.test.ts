import fc from 'fast-check'
import t from 'tap'
import { HeldLocks, type LockAsk } from '../../mover/locks/held-locks.ts'
import { LockOwners } from '../../mover/locks/lock-owners.ts'

const SEED = 20261127
const OWNERS = 3

t.test(
  'what is asked about one file is found by its number and its owner, and in order, whatever else is asked',
  async (t) => {
    const lockOwners = new LockOwners(1)
    const owners = Array.from({ length: OWNERS }, (_, i) => {
      return lockOwners.find({ protocol: 'nlm', client: 'c 10.0.0.1', owner: `${i}` })
    })
    const ask = (id: number, owner: number): LockAsk => {
      const { who } = owners[owner]
      return { id, owner: owners[owner], op: { type: 'release', owner: who }, isSent: false, done: () => {} }
    }
    const check = (file: HeldLocks, asked: readonly LockAsk[]): void => {
      const isSame = (found: readonly LockAsk[], expected: readonly LockAsk[]): boolean =>
        found.length === expected.length && found.every((one, i) => one === expected[i])
      if (!isSame(file.asks, asked)) throw new Error('other asks, or in another order')
      if (file.isIdle !== (asked.length === 0)) throw new Error('idle, or not')
      for (const owner of owners) {
        const expected = asked.filter((one) => one.owner === owner)
        if (!isSame(file.asksOf(owner), expected)) throw new Error(`other asks of owner ${owner.name}`)
        if (owner.isUsed !== expected.length > 0) throw new Error(`owner ${owner.name} is used, or not`)
      }
      for (let id = 0; id < 8; id++) {
        if (file.findAsk(id) !== (asked.find((one) => one.id === id) ?? null)) throw new Error(`another ask ${id}`)
      }
    }
    const play = (steps: [number, number][]): void => {
      const file = new HeldLocks()
      let asked: LockAsk[] = []
      for (const [id, owner] of steps) {
        const known = asked.find((one) => one.id === id)
        if (known === undefined) {
          const one = ask(id, owner)
          file.addAsk(one)
          asked.push(one)
        } else {
          file.removeAsk(known)
          asked = asked.filter((one) => one !== known)
        }
        check(file, asked)
      }
      for (const one of asked) file.removeAsk(one)
    }
    const steps = fc.array(fc.tuple(fc.nat(7), fc.nat(OWNERS - 1)), { maxLength: 100, size: 'max' })
    t.doesNotThrow(() => fc.assert(fc.property(steps, play), { seed: SEED, numRuns: 100, endOnFailure: true }))
  },
)
