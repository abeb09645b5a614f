import { FRAGMENT_HEADER_BYTES } from '../../protocol/rpc/record.ts'
import { accept_stat } from '../../protocol/rpc/rpc.gen.ts'
import { XdrError, XdrReader } from '../../protocol/xdr/reader.ts'
import type { ReplayCache } from '../clients/replay-cache.ts'
import type { Environment } from '../environment.ts'
import type { Failure } from '../failure.ts'
import type { LimitedLog } from '../net/limited-log.ts'
import type { MessageConnection } from '../net/message.ts'
import { OutWriter } from '../net/out-writer.ts'
import { MAX_MESSAGE_BYTES } from '../net/output-queue.ts'
import type { Barrier, KnownCall, ReplayTag } from '../operation.ts'
import { Suspend } from '../suspend.ts'
import { ActiveCall, type HeldReply } from './active-call.ts'
import { NoResult } from './program.ts'
import { writeAccepted } from './replies.ts'
import type { ServedProcedure } from './served.ts'

/** The time of one call in so many is taken: reading the clock costs a tenth of a small call. */
const SAMPLE_EVERY = 13
/** The longest reply that can be held back, beyond what is spliced in. */
const MAX_HELD_BYTES = MAX_MESSAGE_BYTES - FRAGMENT_HEADER_BYTES
const MAX_IDLE_CALLS = 1024

/** Remembers, across restarts and movers, which calls have run: durable, kept with the volume. */
export interface ReplayMemory {
  /** Null when this call has not run, or has changed nothing. */
  find(tag: ReplayTag): KnownCall | null
}

/**
 * Runs calls whose header has been understood, until they are answered: decodes, handles, encodes; runs a call again
 * that had to wait for something, holds back replies that must not leave yet, and turns every error into an answer.
 */
export class CallRunner {
  /** Calls that wait for something now. */
  heldCalls = 0
  /** Calls with arguments that cannot be decoded. */
  garbageArgs = 0
  /** Calls answered with SYSTEM_ERR. */
  systemErr = 0
  /** Monotonic milliseconds when the newest input arrived. */
  nowMs = 0
  readonly #environment: Environment
  readonly #log: LimitedLog
  readonly #memory: ReplayMemory | null
  readonly #replays: ReplayCache<ActiveCall>
  readonly #reader = new XdrReader()
  /** Where replies are written that are held back or remembered. */
  readonly #scratch = new OutWriter(MAX_HELD_BYTES)
  readonly #scratchCopyBytes = this.#scratch.copyBytes
  /** The object of the call being served, unless that has to wait: then it keeps it and another takes its place. */
  #spare: ActiveCall | null = null
  readonly #idle: ActiveCall[] = []
  #untilSample = SAMPLE_EVERY
  /** True while a call runs: whatever wakes up in it must not run inside it, where reused objects are in use. */
  #isBusy = false
  #postponed: (() => void)[] = []

  constructor(
    environment: Environment,
    log: LimitedLog,
    replays: ReplayCache<ActiveCall>,
    memory: ReplayMemory | null,
  ) {
    this.#environment = environment
    this.#log = log
    this.#replays = replays
    this.#memory = memory
  }

  /** The object for the next call, to be filled in and started. */
  take(connection: MessageConnection, served: ServedProcedure): ActiveCall {
    let call = this.#spare
    if (call === null) {
      call = this.#idle.pop() ?? new ActiveCall(connection, served)
      this.#spare = call
    }
    call.connection = connection
    call.served = served
    return call
  }

  /** Serves a call for the first time. Afterwards it is answered, or waits and has kept its bytes. */
  start(call: ActiveCall): void {
    const { served } = call
    served.calls++
    if (--this.#untilSample > 0) {
      this.#run(call)
      return
    }
    this.#untilSample = SAMPLE_EVERY
    const beganMs = this.#environment.monotonicMs()
    this.#run(call)
    if (call.isHeld) return
    served.sampledCalls++
    served.sampledMs += this.#environment.monotonicMs() - beganMs
  }

  #run(call: ActiveCall): void {
    this.#isBusy = true
    try {
      this.#execute(call)
    } finally {
      this.#isBusy = false
    }
  }

  #execute(call: ActiveCall): void {
    const { procedure } = call.served
    const reader = this.#reader.reset(call.bytes, call.start, call.end)
    let args: unknown
    try {
      args = procedure.read(reader)
      reader.expectEnd()
    } catch (error) {
      if (error instanceof XdrError) this.#refuseArgs(call)
      else this.#unexpected(call, error)
      return
    }
    let result: unknown
    try {
      result = this.#perform(call, args)
    } catch (error) {
      if (error instanceof Suspend) this.#suspend(call, error, procedure.replyBytes?.(args) ?? 0)
      else if (error instanceof NoResult) this.#refuse(call, error.stat)
      else this.#unexpected(call, error)
      return
    }
    if (procedure.isError?.(result)) call.served.errors++
    if (call.barrier !== null) this.#holdBack(call, result, call.barrier)
    else if (call.record !== null) this.#answerRemembered(call, result)
    else this.#answer(call, result)
  }

  #perform(call: ActiveCall, args: unknown): unknown {
    const { procedure } = call.served
    if (call.replay !== null && this.#memory !== null && procedure.replayed !== undefined) {
      const known = this.#memory.find(call.replay)
      if (known !== null) {
        const result = procedure.replayed(known.objectIno, args, call)
        // What the answer looks at is not newer.
        if (known.barrier !== null) call.barrier = known.barrier
        return result
      }
    }
    return procedure.handle(args, call)
  }

  /** Answers straight into the connection's output. */
  #answer(call: ActiveCall, result: unknown): void {
    const { connection, served } = call
    if (connection.open) {
      const writer = connection.beginMessage()
      try {
        writeAccepted(writer, call.xid, accept_stat.SUCCESS)
        served.procedure.write(writer, result)
      } catch (error) {
        connection.cancelMessage()
        this.#unexpected(call, error)
        return
      }
      connection.endMessage(call.release)
    } else {
      call.release?.()
    }
    call.release = null
    this.#finish(call)
  }

  #answerRemembered(call: ActiveCall, result: unknown): void {
    try {
      call.reply = this.#encode(call, result)
    } catch (error) {
      this.#unexpected(call, error)
      return
    }
    this.#deliver(call)
  }

  /** Encodes now, while the result shows what the call did, and answers when the barrier is done. */
  #holdBack(call: ActiveCall, result: unknown, barrier: Barrier): void {
    try {
      call.reply = this.#encode(call, result)
    } catch (error) {
      this.#unexpected(call, error)
      return
    }
    this.#detach(call)
    call.dropBytes()
    let byteCount = call.reply.bytes.length
    for (const splice of call.reply.splices) byteCount += splice.byteCount
    call.hold(byteCount)
    this.#await(
      call,
      (done) => barrier.wait(done),
      (failure: Failure | null) => {
        if (failure === null) {
          this.#deliver(call)
          return
        }
        call.served.errors++
        this.#fail(call, failure)
      },
    )
  }

  /** The call waits. Its reply is counted already: a client that does not read must not have many of them made. */
  #suspend(call: ActiveCall, suspend: Suspend, replyBytes: number): void {
    this.#abandon(call)
    if (!call.isHeld) {
      this.#detach(call)
      call.keepBytes()
      call.hold(replyBytes + (call.lender === null ? call.end - call.start : call.bytes.length))
    }
    this.#await(
      call,
      (done) =>
        suspend.waitDeferred(
          (task) => this.#whenFree(task),
          () => done(null),
        ),
      () => {
        // Nobody is left to answer, and nothing has been changed. A call that may be sent again elsewhere runs on.
        const runsOn = call.connection.open || call.record !== null || call.forwarded?.runsOn === true
        if (!runsOn) this.#finish(call)
        else this.#run(call)
      },
    )
  }

  /** Calls `then` once when `start`'s callback is called, but never inside another call. */
  #await(
    call: ActiveCall,
    start: (done: (failure: Failure | null) => void) => void,
    then: (failure: Failure | null) => void,
  ): void {
    const turn = ++call.turn
    try {
      start((failure) => {
        if (call.turn !== turn) return
        call.turn++
        this.#whenFree(() => then(failure))
      })
    } catch (error) {
      call.turn++
      this.#unexpected(call, error)
    }
  }

  #whenFree(task: () => void): void {
    if (!this.#isBusy) {
      task()
      return
    }
    if (this.#postponed.push(task) > 1) return
    this.#environment.defer(() => {
      const tasks = this.#postponed
      this.#postponed = []
      for (const postponed of tasks) this.#whenFree(postponed)
    })
  }

  /** The call waits: it keeps its object, and is counted as held. */
  #detach(call: ActiveCall): void {
    if (call.isHeld) return
    if (call === this.#spare) this.#spare = null
    call.startedMs = this.nowMs
    this.heldCalls++
  }

  /** GARBAGE_ARGS: the call did not run. */
  #refuseArgs(call: ActiveCall): void {
    this.garbageArgs++
    this.#refuse(call, accept_stat.GARBAGE_ARGS)
  }

  /** The call has not run, and is answered by an accept_stat, or not at all. */
  #refuse(call: ActiveCall, stat: number | null): void {
    call.served.errors++
    this.#abandon(call)
    if (call.record !== null) this.#replays.forget(call.record)
    call.record = null
    if (stat === null) {
      this.#finish(call)
      return
    }
    call.reply = this.#encodeStatus(call, stat)
    this.#deliver(call)
  }

  #unexpected(call: ActiveCall, error: unknown): void {
    const { label } = call.served
    const { address } = call
    this.#log.error(`call ${label}`, address, error, () => `${label} from ${address} failed unexpectedly: ${error}`)
    call.served.errors++
    this.#fail(call, 'SERVERFAULT')
  }

  /** Answers that the call has failed, in the procedure's own words where it has any. */
  #fail(call: ActiveCall, failure: Failure): void {
    this.#abandon(call)
    const { procedure, label } = call.served
    let reply: HeldReply | null = null
    if (procedure.fail !== null) {
      try {
        reply = this.#encode(call, procedure.fail(failure))
      } catch (error) {
        this.#log.error(`fail ${label}`, call.address, error, () => `${label} cannot say ${failure}: ${error}`)
      }
    }
    if (reply === null) {
      this.systemErr++
      reply = this.#encodeStatus(call, accept_stat.SYSTEM_ERR)
    }
    call.reply = reply
    this.#deliver(call)
  }

  /** Forgets what a run of the handler has left behind. */
  #abandon(call: ActiveCall): void {
    call.barrier = null
    const { release } = call
    call.release = null
    release?.()
  }

  /** Sends `call.reply` to where the call came from last, remembers it if need be, and ends the call. */
  #deliver(call: ActiveCall): void {
    const { connection, reply, release, record } = call
    call.release = null
    if (record !== null) {
      call.record = null
      this.#replays.answered(record, reply.bytes, this.#environment.monotonicMs())
    }
    if (connection.open) {
      connection.beginMessage().append(reply.bytes, reply.splices)
      connection.endMessage(release)
    } else {
      release?.()
    }
    this.#finish(call)
  }

  #finish(call: ActiveCall): void {
    const { served } = call
    if (call.isHeld) {
      this.heldCalls--
      served.waitedMs += this.#environment.monotonicMs() - call.startedMs
    } else {
      served.promptCalls++
    }
    call.clear()
    if (call !== this.#spare && this.#idle.length < MAX_IDLE_CALLS) this.#idle.push(call)
  }

  /** A reply of its own. What is remembered is copied whole, so that it does not hold on to pages. */
  #encode(call: ActiveCall, result: unknown): HeldReply {
    const writer = this.#scratch.reset()
    writer.copyBytes = call.record === null ? this.#scratchCopyBytes : Number.POSITIVE_INFINITY
    writeAccepted(writer, call.xid, accept_stat.SUCCESS)
    call.served.procedure.write(writer, result)
    return { bytes: writer.bytes.slice(0, writer.position), splices: writer.splices.slice() }
  }

  #encodeStatus(call: ActiveCall, stat: number): HeldReply {
    const writer = this.#scratch.reset()
    writeAccepted(writer, call.xid, stat)
    return { bytes: writer.bytes.slice(0, writer.position), splices: [] }
  }
}
