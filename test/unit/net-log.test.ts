import t from 'tap'
import { plainAddress } from '../../mover/net/address.ts'
import { LimitedLog } from '../../mover/net/limited-log.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { memoryLogger } from './rpc-support.ts'

t.test('one line a minute for each client and kind', (t) => {
  const { logger, lines } = memoryLogger()
  const environment = new TestEnvironment(1)
  const log = new LimitedLog(logger, environment)
  const warn = (kind: string, client: string): void => log.warn(kind, client, () => `${kind} of ${client}`)
  for (let i = 0; i < 4; i++) warn('noise', 'a')
  warn('noise', 'b')
  warn('other', 'a')
  t.same(
    lines.map(({ msg }) => msg),
    ['noise of a', 'noise of b', 'other of a'],
  )
  environment.advance(59_999)
  warn('noise', 'a')
  t.equal(lines.length, 3)
  environment.advance(1)
  warn('noise', 'a')
  t.match(lines[3], { level: 40, client: 'a', suppressed: 4, lost: 0 })
  t.end()
})

t.test('many clients at once: a bound a second, and the rest is counted', (t) => {
  const { logger, lines } = memoryLogger()
  const environment = new TestEnvironment(1)
  const log = new LimitedLog(logger, environment)
  for (let i = 0; i < 50; i++) log.warn('noise', `client${i}`, () => 'noise')
  t.equal(lines.length, 20)
  environment.advance(1000)
  log.error('fault', 'client99', new Error('ours'), () => 'fault')
  t.match(lines[20], { level: 50, lost: 30, err: { message: 'ours' } })
  t.end()
})

t.test('addresses', (t) => {
  t.equal(plainAddress('::ffff:10.1.2.3'), '10.1.2.3')
  t.equal(plainAddress('10.1.2.3'), '10.1.2.3')
  t.equal(plainAddress('::1'), '::1')
  t.equal(plainAddress('::ffff:1'), '::ffff:1')
  t.end()
})
