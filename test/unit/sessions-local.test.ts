/** The stream of a mover that is secondary of itself: in order, later, as it was when it was written. */
import t from 'tap'
import { localStreams } from '../../mover/sessions/local-stream.ts'
import type { MoverStream } from '../../mover/sessions/stream.ts'
import { TestEnvironment } from '../crash/test-environment.ts'

/** What an end brings, as text, and how it is over. */
function listen(stream: MoverStream): string[] {
  const told: string[] = []
  stream.deliverTo({
    received: (bytes) => told.push(Buffer.from(bytes).toString()),
    end: (reason) => told.push(`over: ${reason}`),
  })
  return told
}

t.test('what is written arrives later, whole and in order, and then the end', async (t) => {
  const env = new TestEnvironment(1)
  const [near, far] = localStreams(env)
  const [atNear, atFar] = [listen(near), listen(far)]
  const buffer = Buffer.from('first')
  near.write(buffer)
  buffer.write('later')
  near.write(buffer)
  far.write(Buffer.from('back'))
  t.strictSame([atNear, atFar], [[], []], 'nobody is told while somebody writes')
  near.close()
  near.write(Buffer.from('too late'))
  env.runUntilIdle()
  t.strictSame(atFar, ['first', 'later', 'over: the other mover has closed it'])
  t.strictSame(atNear, [], 'who has closed it is told nothing any more')
  far.close()
  env.runUntilIdle()
  t.equal(atFar.length, 3)
})

t.test('who is cut off is told why; who is named later, too', async (t) => {
  const env = new TestEnvironment(1)
  const [near, far] = localStreams(env)
  near.cutOff('it speaks wrongly')
  env.runUntilIdle()
  t.strictSame(listen(near), ['over: it speaks wrongly'])
  t.strictSame(listen(far), ['over: the other mover has closed it'])
  t.strictSame(listen(near), [], 'once')
})
