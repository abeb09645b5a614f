import fc from 'fast-check'
import t from 'tap'
import { LockOwners, MOST_IDLE, type Owner } from '../../mover/locks/lock-owners.ts'

const SEED = 20261127

function finder(owners: LockOwners, client = 'c 10.0.0.1'): (name: string) => Owner {
  return (name) => owners.find({ protocol: 'nlm', client, owner: name })
}

function useOnce(owner: Owner): void {
  owner.gained()
  owner.lost()
}

t.test('owners are the same as long as they have something, and clients too', async (t) => {
  const owners = new LockOwners(1)
  const find = finder(owners)
  const [first, second] = [find('1'), find('2')]
  first.gained()
  second.gained()
  t.equal(find('1'), first)
  t.equal(find('2'), second)
  t.equal(first.client, second.client)
  t.equal(first.client.locks, 2)
  t.equal(owners.locks, 2)
})

t.test('who has had nothing is not known', async (t) => {
  const find = finder(new LockOwners(1))
  t.not(find('1'), find('1'))
})

t.test('who has nothing any more is known until so many others have nothing either', async (t) => {
  const owners = new LockOwners(1)
  const find = finder(owners)
  const first = find('first')
  useOnce(first)
  t.equal(find('first'), first)
  t.notOk(owners.has('nlm', 'c 10.0.0.1'))
  for (let i = 1; i < MOST_IDLE; i++) useOnce(find(`${i}`))
  t.equal(find('first'), first)
  useOnce(find('last'))
  t.not(find('first'), first)
})

t.test('who comes and goes again and again takes the place of nobody', async (t) => {
  const find = finder(new LockOwners(1))
  const [first, second] = [find('first'), find('second')]
  useOnce(first)
  for (let i = 0; i <= MOST_IDLE; i++) useOnce(second)
  t.equal(find('first'), first)
})

t.test('who has something when its turn to be forgotten comes has another turn', async (t) => {
  const find = finder(new LockOwners(1))
  const first = find('first')
  useOnce(first)
  first.gained()
  for (let i = 0; i < MOST_IDLE; i++) useOnce(find(`a${i}`))
  t.equal(find('first'), first)
  first.lost()
  t.equal(find('first'), first)
  for (let i = 0; i < MOST_IDLE; i++) useOnce(find(`b${i}`))
  t.not(find('first'), first)
})

t.test('who has nothing any more knows no files, however many it has locked in turn', async (t) => {
  const owner = finder(new LockOwners(1))('o')
  for (const ino of [1, 2, 3]) {
    owner.gained()
    owner.uses(ino, true)
    t.same(owner.files, [ino])
    owner.lost()
    t.same(owner.files, [])
  }
})

t.test('clients and addresses that nobody is known of are forgotten', async (t) => {
  const owners = new LockOwners(1)
  const first = owners.find({ protocol: 'nlm', client: 'c 10.0.0.1', owner: 'o' })
  useOnce(first)
  for (let i = 0; i < MOST_IDLE; i++) {
    useOnce(owners.find({ protocol: 'nlm', client: `d${i} 10.0.0.2`, owner: 'o' }))
  }
  const again = owners.find({ protocol: 'nlm', client: 'c 10.0.0.1', owner: 'o' })
  t.not(again.client, first.client)
  t.not(again.client.address, first.client.address)
})

t.test('owners who come and go, more than are known at a time, against a list of what each has', async (t) => {
  const steps = fc.array(fc.tuple(fc.nat(MOST_IDLE * 4), fc.integer({ min: -3, max: 2 })), {
    maxLength: 2000,
    size: 'max',
  })
  const whoIs = (index: number) => {
    return { protocol: 'nlm' as const, client: `c${index % 7} 10.0.0.${index % 3}`, owner: `${index}` }
  }
  const play = (played: [number, number][]): void => {
    const owners = new LockOwners(1)
    const used = new Map<number, { owner: Owner; count: number }>()
    for (const [index, change] of played) {
      const owner = owners.find(whoIs(index))
      const known = used.get(index)
      if (known !== undefined && known.owner !== owner) throw new Error(`owner ${index} is another one`)
      const had = known?.count ?? 0
      const has = Math.max(0, had + change)
      for (let i = had; i < has; i++) owner.gained()
      for (let i = has; i < had; i++) owner.lost()
      if (has === 0) used.delete(index)
      else used.set(index, { owner, count: has })
    }
    for (let client = 0; client < 21; client++) {
      const { client: name } = whoIs(client)
      const there = [...used].filter(([index]) => whoIs(index).client === name)
      const of = owners.of('nlm', name)
      const isSame = of.length === there.length && there.every(([, { owner }]) => of.includes(owner))
      if (!isSame) throw new Error(`${name}: ${of.length} owners, not ${there.length}`)
      if (owners.has('nlm', name) !== there.length > 0) throw new Error(`${name} is used, or not`)
    }
    for (let place = 0; place < 3; place++) {
      const count = [...used].reduce((sum, [index, { count }]) => (index % 3 === place ? sum + count : sum), 0)
      if (owners.locksAt(`10.0.0.${place}`) !== count) throw new Error(`10.0.0.${place} has not ${count}`)
    }
  }
  t.doesNotThrow(() => fc.assert(fc.property(steps, play), { seed: SEED, numRuns: 50, endOnFailure: true }))
})
