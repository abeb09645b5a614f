import { message_kind } from '../../protocol/moverlock/moverlock.gen.ts'

/** A mover begins with what it holds of earlier reigns, waits until all others have done so, and asks for what it wants. */
export type Phase = 'asserting' | 'waiting' | 'ready'

const ASSERTIONS: readonly message_kind[] = [
  message_kind.ASSERT,
  message_kind.LOCK_ASSERT,
  message_kind.ASSERT_SPACE,
  message_kind.ASSERTED,
]
const GIVEN_BACK: readonly message_kind[] = [message_kind.RELEASE, message_kind.LOCK_DEMOTE]
/** A delegation may be given back behind a request that is taken for done with the reign that was asked. */
const AMONG_ASSERTIONS: readonly message_kind[] = [...ASSERTIONS, message_kind.COMMIT, message_kind.LOCK_DEMOTE]
/** What may come when. */
export const MAY_COME: Readonly<Record<Phase, (kind: message_kind) => boolean>> = {
  asserting: (kind) => AMONG_ASSERTIONS.includes(kind),
  waiting: (kind) => GIVEN_BACK.includes(kind),
  ready: (kind) => !ASSERTIONS.includes(kind),
}
