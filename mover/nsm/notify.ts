import { SM_VERS_codecs, type stat_chge } from '../../protocol/nsm/nsm.gen.ts'
import { isPrivileged } from '../files/exports.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Call, Procedure } from '../rpc/program.ts'

/** Told that a host has started anew: the name it gives itself (a character for each byte), its state, who says so. */
export type OnNotify = (name: string, state: number, call: Call) => void

/** Hosts whose last state is remembered. */
const MAX_REMEMBERED = 4096

/** SM_NOTIFY (C702 §11.3): a host has started anew. Said again, of the same state, it is no news. */
export function notify(onNotify: OnNotify): Procedure<stat_chge, undefined> {
  /** The oldest first. */
  const states = new Map<string, number>()
  return procedure(SM_VERS_codecs.SM_NOTIFY, {
    handle: ({ mon_name, state }, call) => {
      const name = Buffer.from(mon_name).toString('latin1')
      // What anybody at that host may have made up must not hide what is so.
      const key = `${name} ${call.address} ${isPrivileged(call.port)}`
      const isNews = states.get(key) !== state
      states.delete(key)
      states.set(key, state)
      for (const oldest of states.keys()) {
        if (states.size <= MAX_REMEMBERED) break
        states.delete(oldest)
      }
      if (isNews) onNotify(name, state, call)
      return undefined
    },
    fail: null,
    idempotent: true,
  })
}
