import type { Environment } from '../../environment.ts'
import { type Lease, UNLIMITED } from '../../lease.ts'
import type { CarrierUser, HostAddress } from '../../net/carrier.ts'
import { DatagramCarrier } from '../../net/datagram-carrier.ts'
import type { Transport } from '../../net/message.ts'
import { StreamCarrier } from '../../net/stream-carrier.ts'
import { type OutgoingCall, OutgoingCalls } from './outgoing-calls.ts'
import { type PortFailure, PortFinder, type PortFound } from './port-finder.ts'

/** As `Answered`. */
export type ProgramAnswered<Res> = (failure: PortFailure | null, result: Res | undefined, arrivals: number) => void

/** Messages that wait for the port of their program, to all hosts and to one. Whoever hears nothing asks again. */
export const MAX_UNSENT = 512
export const MAX_UNSENT_PER_HOST = 64

/** Calls programs of other hosts, wherever their portmappers say that they listen. */
export class RpcClient {
  readonly #calls: OutgoingCalls
  readonly #ports: PortFinder
  readonly #environment: Environment
  #unsent = 0
  readonly #unsentOfHost = new Map<string, number>()

  constructor(environment: Environment, calls: OutgoingCalls, ports: PortFinder) {
    this.#environment = environment
    this.#calls = calls
    this.#ports = ports
  }

  /** Calls under way. */
  get size(): number {
    return this.#calls.size
  }

  /** Where a program listens. */
  portOf(address: HostAddress, program: number, version: number, found: PortFound): void {
    this.#ports.find(address, program, version, found)
  }

  /**
   * Calls a procedure. A port at which it fails is asked for again the next time; at once where it was remembered, and nobody
   * or somebody else listens there now.
   */
  call<Args, Res>(address: HostAddress, call: OutgoingCall<Args, Res>, done: ProgramAnswered<Res>): void {
    this.#call(address, call, done, 0)
  }

  #call<Args, Res>(
    address: HostAddress,
    call: OutgoingCall<Args, Res>,
    done: ProgramAnswered<Res>,
    /** How often it may have arrived where it was remembered to listen. */
    before: number,
  ): void {
    const { program, version } = call
    this.#ports.find(address, program, version, (problem, port, isRemembered) => {
      if (problem !== null) {
        done(problem, undefined, before)
        return
      }
      this.#calls.call({ ...address, port }, call, (failure, result, last) => {
        if (failure !== null && failure !== 'BUSY') this.#ports.forget(address, program, version)
        const isElsewhere = failure === 'UNREACHABLE' || failure === 'REFUSED'
        if (isElsewhere && isRemembered) this.#call(address, call, done, before + last)
        else done(failure, result, before + last)
      })
    })
  }

  /**
   * Sends a call whose answer means nothing, once. It may get lost. `told` is called with null when it may arrive from now on,
   * or with the reason why it is not sent; not when it is not wanted any more. Where too many wait for a port already it fails as
   * if the port had not been found in time.
   */
  tell<Args>(
    address: HostAddress,
    call: OutgoingCall<Args, undefined>,
    told: (failure: PortFailure | null) => void = () => {},
  ): void {
    const { program, version } = call
    const found: PortFound = (problem, port) => {
      if (call.isWanted?.() === false) return
      if (problem === null) this.#calls.tell({ ...address, port }, call)
      told(problem)
    }
    if (this.#ports.knows(address, program, version)) this.#ports.find(address, program, version, found)
    else if (!this.#mayKeep(address.host)) this.#environment.defer(() => found('TIMEOUT', 0, false))
    else {
      this.#countUnsent(address.host, 1)
      this.#ports.find(address, program, version, (...answer) => {
        this.#countUnsent(address.host, -1)
        found(...answer)
      })
    }
  }

  #mayKeep(host: string): boolean {
    return this.#unsent < MAX_UNSENT && (this.#unsentOfHost.get(host) ?? 0) < MAX_UNSENT_PER_HOST
  }

  #countUnsent(host: string, change: 1 | -1): void {
    this.#unsent += change
    const ofHost = (this.#unsentOfHost.get(host) ?? 0) + change
    if (ofHost > 0) this.#unsentOfHost.set(host, ofHost)
    else this.#unsentOfHost.delete(host)
  }

  /** See `OutgoingCalls.whenRoom`. */
  whenRoom({ host }: HostAddress, task: () => void): () => void {
    return this.#calls.whenRoom(host, task)
  }

  /** All calls fail; nothing is sent any more. */
  close(): void {
    this.#calls.close()
  }
}

/**
 * A client over sockets of this machine. `machineName` is what we call ourselves in credentials; `portmapPort`: see
 * `PortFinder`. Nothing leaves without the lease.
 */
export function socketClient(
  environment: Environment,
  machineName: string,
  portmapPort?: number,
  lease: Lease = UNLIMITED,
): RpcClient {
  const carriers = (user: CarrierUser) => socketCarriers(environment, user, lease)
  const calls = new OutgoingCalls(environment, machineName, carriers, {}, lease)
  return new RpcClient(environment, calls, new PortFinder(environment, calls, portmapPort))
}

function socketCarriers(
  environment: Environment,
  user: CarrierUser,
  lease: Lease,
): Record<Transport, DatagramCarrier | StreamCarrier> {
  return { tcp: new StreamCarrier(environment, user, lease), udp: new DatagramCarrier(environment, user, lease) }
}
