import type { VolumeTrace } from '../authority/trace.ts'
import { FILE_END, type Span, type TokenKind } from '../locks/token.ts'
import { BLOCK_BYTES } from '../volume/layout.ts'
import type { CallTrace, Intent, Operation } from './service.ts'

const WHOLE: Readonly<Span> = { start: 0, end: FILE_END }
/** What a mover must hold to answer on its own; who looks at attributes or names has need of the whole file. */
const NEEDS: Partial<Record<Intent, TokenKind>> = { read: 'BR_R', write: 'BR_W' }

/** Shows how a mover answers its own clients about the files that are traced, and by which rights. */
export class TracedCalls implements CallTrace {
  readonly #trace: VolumeTrace

  constructor(trace: VolumeTrace) {
    this.#trace = trace
  }

  answered(procedure: string, ino: number, op: Operation, client: string, status: string): void {
    const trace = this.#trace
    if (!trace.has(ino)) return
    const { intent, rangeStart, rangeEnd, barrier } = op
    const need = NEEDS[intent]
    const blocks = { start: Math.floor(rangeStart / BLOCK_BYTES), end: Math.ceil(rangeEnd / BLOCK_BYTES) }
    // What it holds now: it may have lost it when the barrier is done.
    const under = need === undefined ? trace.rights(ino, 'WF_R', WHOLE) : trace.rights(ino, need, blocks)
    const bytes = need === undefined ? {} : { bytes: [rangeStart, rangeEnd] as [number, number] }
    const tell = (outcome: string): void => trace.answered(ino, client, procedure, { status: outcome, ...bytes, under })
    if (barrier === null) {
      tell(status)
      return
    }
    op.barrier = {
      wait: (done) =>
        barrier.wait((failure) => {
          tell(failure ?? status)
          done(failure)
        }),
    }
  }
}
