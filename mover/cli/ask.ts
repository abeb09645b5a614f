import { getControl, NobodyThere } from '../control/client.ts'
import type { SupervisorStatus } from '../control/status.ts'
import { Refusal } from '../host/refusal.ts'
import { controlSocket } from '../host/state-folder.ts'

/** What movers look through very many locks for, and others have their turn meanwhile, may take longer, ms. */
export const LOCKS_LIMIT_MS = 60_000

/** Asks the supervisor of the appliance that has this state folder; a `Refusal` with status 1 when there is none. */
export async function askSupervisor(stateDir: string): Promise<SupervisorStatus> {
  try {
    return (await getControl(controlSocket(stateDir, 'supervisor'), '/status')) as SupervisorStatus
  } catch (error) {
    if (error instanceof NobodyThere) throw new Refusal(1, `no appliance is running for the state folder ${stateDir}`)
    throw new Refusal(1, `the supervisor does not answer: ${(error as Error).message}`)
  }
}
