import pino from 'pino'
import { Export } from '../../mover/files/exports.ts'
import type { FileService } from '../../mover/files/service.ts'
import type { HostAddress } from '../../mover/net/carrier.ts'
import { NlmContext } from '../../mover/nlm4/context.ts'
import { nlmPrograms } from '../../mover/nlm4/program.ts'
import { Announcer } from '../../mover/nsm/announcer.ts'
import { announceRestart } from '../../mover/nsm/restart.ts'
import type { OutgoingCall } from '../../mover/rpc/client/outgoing-calls.ts'
import type { ProgramAnswered, RpcClient } from '../../mover/rpc/client/rpc-client.ts'
import type { Call } from '../../mover/rpc/program.ts'
import { NLM_PROG, NLM4_VERS, type nlm4_res, nlm4_stats, type nlm4_testargs } from '../../protocol/nlm4/nlm.gen.ts'
import type { ProcedureCodec } from '../../protocol/xdr/procedure.ts'
import type { Random } from '../crash/random.ts'
import type { TestEnvironment } from '../crash/test-environment.ts'
import type { Attempt } from './failure-attempts.ts'
import { CALL_MS } from './failure-call.ts'
import { Violation } from './failure-checks.ts'
import type { SimulatedMover } from './failure-mover.ts'
import { idOf } from './nlm-words.ts'

/** How often a mover's call of a client is lost, or its answer is, and when it gives up to wait for that. */
const LOST_CHANCE = 0.1
const DEADLINE_MS = 300

/** A host whose clients lock: what movers call there. */
export interface LockingHost {
  /** NLM_GRANTED: the lock that it waits for is its own. False: it waits for none. */
  granted(args: nlm4_testargs, mover: SimulatedMover): boolean
  /** SM_NOTIFY: its mover has started anew. */
  notified(mover: SimulatedMover): void
}

type Served = NonNullable<ReturnType<typeof nlmPrograms>[number]['procedures'][number]>

export interface LockServerSite {
  readonly env: TestEnvironment
  readonly random: Random
  /** By address. */
  readonly hosts: ReadonlyMap<string, LockingHost>
}

/**
 * The lock manager and status monitor of a mover's process, which serves: the product's, from its procedures on. What would be
 * calls over a network, in both directions, are calls that take their time and may get lost.
 */
export class LockServer {
  readonly nlm: NlmContext
  readonly #site: LockServerSite
  readonly #mover: SimulatedMover
  readonly #procedures: ReturnType<typeof nlmPrograms>[number]['procedures']

  constructor(mover: SimulatedMover, site: LockServerSite) {
    this.#site = site
    this.#mover = mover
    const client = this.#rpcClient()
    const entry = exportOf(mover.service as FileService)
    this.nlm = new NlmContext({
      environment: mover.process,
      logger: pino({ level: 'silent' }),
      client,
      handles: { decode: (handle) => ({ export: entry, ...idOf(handle) }) },
      servicesOf: ({ locks, clients }) => (locks === null ? null : { locks, records: clients }),
      serves: () => true,
      mover: mover.incarnation.name,
    })
    const programs = nlmPrograms(this.nlm)
    this.#procedures = programs.find(({ version }) => version === NLM4_VERS)?.procedures ?? []
    this.#announce(client)
  }

  /** As the product's `Mover`. */
  #announce(client: RpcClient): void {
    const { process, service, incarnation } = this.#mover
    const { clients: records } = service as FileService
    announceRestart({
      announcer: new Announcer(process, client, 1),
      records,
      mover: incarnation.name,
      movers: null,
      sourceFor: ({ localAddress }) => localAddress,
      isBack: (one) => this.nlm.clients.has(one),
      forget: (one) => this.nlm.remembered.forget(records, one),
      failed: (failure) => {
        throw new Violation(`clients cannot be listed: ${failure}`)
      },
    })
  }

  /** A call of version 4 that comes from `address`. */
  asking<Args>(
    codec: ProcedureCodec<string, Args, nlm4_res>,
    args: Args,
    address: string,
  ): Attempt<{ stat: nlm4_stats }> {
    const procedure = this.#procedures[codec.number] as Served
    // One for all its runs: it is known by that.
    const call = this.callFrom(address)
    return (_, op) => {
      call.barrier = null
      call.forwarded = op.forwarded
      try {
        const { stat } = procedure.handle(args, call) as nlm4_res
        call.ended?.()
        return stat
      } finally {
        op.barrier = call.barrier
        op.forwarded = call.forwarded
      }
    }
  }

  callFrom(address: string): Call {
    return {
      xid: 0,
      credentials: { flavour: 1, uid: 0, gid: 0, gids: [], machineName: address },
      address,
      port: 700,
      transport: 'tcp',
      localAddress: this.#mover.incarnation.name,
      replay: null,
      barrier: null,
      release: null,
      forwarded: null,
      ended: null,
    }
  }

  /** As far as it is used: calls arrive at once, or never. */
  #rpcClient(): RpcClient {
    const call = <Args, Res>(to: HostAddress, call: OutgoingCall<Args, Res>, done: ProgramAnswered<Res>): void =>
      this.#carry(to, call, (result) => {
        if (result === null) done('TIMEOUT', undefined, 1)
        else done(null, result as Res, 1)
      })
    const tell = <Args>(to: HostAddress, call: OutgoingCall<Args, undefined>, told: (failure: null) => void): void => {
      told(null)
      this.#carry(to, call, (result) => {
        const { cookie, stat } = (result ?? { cookie: null, stat: null }) as Partial<nlm4_res>
        if (cookie && stat) this.nlm.grants.answered(to.host, cookie, stat.stat)
      })
    }
    return { call, tell, whenRoom: () => () => {} } as unknown as RpcClient
  }

  /** A call of ours; `done` is told the result, or null when there is none. */
  #carry(
    { host }: HostAddress,
    { program, args, isWanted }: OutgoingCall<unknown, unknown>,
    done: (result: unknown) => void,
  ): void {
    const { env, random, hosts } = this.#site
    const { process } = this.#mover
    if (isWanted?.() === false) return
    const client = hosts.get(host)
    if (client === undefined) throw new Violation(`${this.#mover.name} calls ${host}, where nobody is`)
    const isLost = random.chance(LOST_CHANCE)
    // News of a start that is lost comes again when the time of grace here is over.
    const isHeard = !isLost || program !== NLM_PROG || random.chance(0.5)
    const answer = (result: unknown, ms: number): void => env.work(ms, () => process.deliver(() => done(result)))
    process.emit(() =>
      env.work(random.float() * CALL_MS, () => {
        const result = isHeard ? this.#hear(client, program, args) : null
        if (isLost) answer(null, DEADLINE_MS)
        else answer(result, random.float() * CALL_MS)
      }),
    )
  }

  #hear(client: LockingHost, program: number, args: unknown): unknown {
    if (program !== NLM_PROG) return client.notified(this.#mover)
    const given = args as nlm4_testargs
    const stat = client.granted(given, this.#mover) ? nlm4_stats.NLM4_GRANTED : nlm4_stats.NLM4_DENIED
    return { cookie: given.cookie, stat: { stat } }
  }
}

function exportOf(service: FileService): Export {
  const all = { text: 'all', has: () => true }
  const rules = [{ clients: all, access: 'rw', squash: 'none', privilegedPort: false } as const]
  return new Export({ id: 1, path: '/share', service, rootIno: service.rootIno, policy: 'wlock', rules })
}
