import type { Environment } from '../../environment.ts'
import type { CarrierUser, HostAddress } from '../../net/carrier.ts'
import { DatagramCarrier } from '../../net/datagram-carrier.ts'
import type { Transport } from '../../net/message.ts'
import { StreamCarrier } from '../../net/stream-carrier.ts'
import { type OutgoingCall, OutgoingCalls } from './outgoing-calls.ts'
import { type PortFailure, PortFinder, type PortFound } from './port-finder.ts'

/** As `Answered`; whose port cannot be found has been sent nothing. */
export type ProgramAnswered<Res> = (failure: PortFailure | null, result: Res | undefined, sendings: number) => void

/** Calls programs of other hosts, wherever their portmappers say that they listen. */
export class RpcClient {
  readonly #calls: OutgoingCalls
  readonly #ports: PortFinder

  constructor(calls: OutgoingCalls, ports: PortFinder) {
    this.#calls = calls
    this.#ports = ports
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
    const { program, version } = call
    this.#ports.find(address, program, version, (problem, port, isRemembered) => {
      if (problem !== null) {
        done(problem, undefined, 0)
        return
      }
      this.#calls.call({ ...address, port }, call, (failure, result, sendings) => {
        if (failure !== null && failure !== 'BUSY') this.#ports.forget(address, program, version)
        const isElsewhere = failure === 'UNREACHABLE' || failure === 'REFUSED'
        if (isElsewhere && isRemembered) this.call(address, call, done)
        else done(failure, result, sendings)
      })
    })
  }

  /** Sends a call whose answer means nothing, once. It may get lost. */
  tell<Args>(address: HostAddress, call: OutgoingCall<Args, undefined>): void {
    this.#ports.find(address, call.program, call.version, (problem, port) => {
      if (problem === null && call.isWanted?.() !== false) this.#calls.tell({ ...address, port }, call)
    })
  }

  /** What the host has not received so far of calls that are over does not reach it any more. */
  drop(address: HostAddress): void {
    this.#calls.drop(address)
  }

  /** All calls fail; nothing is sent any more. */
  close(): void {
    this.#calls.close()
  }
}

/** A client over sockets of this machine. `machineName` is what we call ourselves in credentials. */
export function socketClient(environment: Environment, machineName: string): RpcClient {
  const calls = new OutgoingCalls(environment, machineName, (user) => socketCarriers(environment, user))
  return new RpcClient(calls, new PortFinder(environment, calls))
}

function socketCarriers(
  environment: Environment,
  user: CarrierUser,
): Record<Transport, DatagramCarrier | StreamCarrier> {
  return { tcp: new StreamCarrier(environment, user), udp: new DatagramCarrier(environment, user) }
}
