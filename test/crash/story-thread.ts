/** Tells one story after the other in a thread: see stories.test.ts. */
import { parentPort } from 'node:worker_threads'
import { Coverage } from './coverage.ts'
import { tell, type UsualStory } from './usual-stories.ts'

/** What a story has come to. */
export interface ToldStory {
  readonly coverage: Coverage
  /** Null when nothing was wrong. */
  readonly mistake: string | null
}

parentPort?.on('message', (story: UsualStory) => {
  const coverage = new Coverage()
  const mistake = tell(story, coverage)
  const told: ToldStory = { coverage, mistake }
  parentPort?.postMessage(told)
})
