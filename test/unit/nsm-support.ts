import { NLM4_VERS_codecs } from '../../protocol/nlm4/nlm.gen.ts'
import { NlmWorld } from './nlm-support.ts'

const NONE = new Uint8Array(0)

/** Clients that have a lock each, on a byte of their own. */
export function setUp(...clients: [name: string, address: string][]) {
  const world = new NlmWorld()
  const fh = world.file('f')
  let byte = 0n
  const lock = (name: string, address: string, state = 1): void => {
    const alock = { caller_name: Buffer.from(name), fh, oh: NONE, svid: 1, l_offset: byte++, l_len: 1n }
    const args = { cookie: NONE, block: false, exclusive: true, reclaim: false, state, alock }
    const { stat } = world.nlmAsk(NLM4_VERS_codecs.NLMPROC4_LOCK, args, { address })
    if (stat.stat !== 0) throw new Error(`status ${stat.stat}`)
  }
  for (const [name, address] of clients) lock(name, address)
  const notify = (name: string, state: number, address: string, port = 700): void => {
    world.notify(name, state, { address, port })
  }
  const holders = (): string[] => world.locks.list().map((text) => text.split(/[ :]+/).slice(1, 3).join(' '))
  return { world, lock, notify, holders }
}
