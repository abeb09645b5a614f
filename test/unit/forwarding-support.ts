import { Session } from '../../mover/authority/session.ts'
import type { Failure } from '../../mover/failure.ts'
import { ForwardedCalls } from '../../mover/files/forwarded.ts'
import { type CallTransport, RemoteCalls } from '../../mover/files/remote-calls.ts'
import { type FileService, newOperation, type Operation, type PrimaryFiles } from '../../mover/files/service.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import { type answer, type call, type message, message_kind } from '../../protocol/moverlock/moverlock.gen.ts'
import type { TestEnvironment } from '../crash/test-environment.ts'

/** A frame is under way for up to so long. */
const MOST_DELAY_MS = 2

type Done = (answer: answer | null) => void

/** One end of a stream on the virtual clock: bytes come in order, each some time after they were written. */
class Pipe {
  readonly #env: TestEnvironment
  #arrivesAtMs = 0

  constructor(env: TestEnvironment) {
    this.#env = env
  }

  /** `arrive` runs after all that was sent before. */
  send(arrive: () => void): void {
    const now = this.#env.monotonicMs()
    this.#arrivesAtMs = Math.max(this.#arrivesAtMs, now + this.#env.random.float() * MOST_DELAY_MS)
    this.#env.work(this.#arrivesAtMs - now, arrive)
  }
}

/** The primary's side: carries out what sessions bring. */
export class TestPrimary {
  readonly env: TestEnvironment
  readonly files: PrimaryFiles
  /** What failed unexpectedly. */
  readonly errors: unknown[] = []
  /** CALLs that have arrived. */
  received = 0
  readonly #calls: ForwardedCalls

  constructor(files: PrimaryFiles, env: TestEnvironment) {
    this.env = env
    this.files = files
    this.#calls = new ForwardedCalls({ files, env, onError: (_call, error) => this.errors.push(error) })
  }

  message(session: Session, message: message): void {
    if (message.kind !== message_kind.CALL) throw new Error(`a message of kind ${message.kind}`)
    this.received++
    this.#calls.perform(message.call, (answer) => session.send({ kind: message_kind.ANSWER, answer }))
  }
}

/** A secondary's way to the primary, over one session after another; connected from the beginning. */
export class TestTransport implements CallTransport {
  readonly #primary: TestPrimary
  readonly #pending = new Map<number, Done>()
  #waiting: [call, Done][] = []
  #near: Session | null = null
  #far: Session | null = null

  constructor(primary: TestPrimary) {
    this.#primary = primary
    this.connect()
  }

  /** CALLs without an answer yet, over the session there is. */
  get pending(): number {
    return this.#pending.size
  }

  /** CALLs that no session has been there for. */
  get waiting(): number {
    return this.#waiting.length
  }

  call(call: call, done: Done): void {
    if (this.#near === null) {
      this.#waiting.push([call, done])
      return
    }
    this.#pending.set(call.id, done)
    this.#near.send({ kind: message_kind.CALL, call })
  }

  /** A new session. */
  connect(): void {
    const { env } = this.#primary
    const [there, back] = [new Pipe(env), new Pipe(env)]
    const stream = (pipe: Pipe, peer: () => Session) => ({
      write: (bytes: Uint8Array) => {
        const sent = bytes.slice()
        pipe.send(() => {
          peer().received(sent)
          // The bytes are another message's now.
          sent.fill(0xee)
        })
      },
      close: () => pipe.send(() => peer().end('the other side has closed')),
    })
    const near: Session = new Session(
      stream(there, () => far),
      env,
      {
        message: (message) => this.#message(message),
        ended: () => this.#ended(near),
      },
    )
    const far: Session = new Session(
      stream(back, () => near),
      env,
      {
        message: (message) => this.#primary.message(far, message),
        ended: () => {},
      },
    )
    this.#near = near
    this.#far = far
    for (const [call, done] of this.#waiting.splice(0)) this.call(call, done)
  }

  /** The session is over at both ends: what is under way gets lost. */
  cut(): void {
    this.#far?.end('cut')
    this.#near?.end('cut')
  }

  #message(message: message): void {
    if (message.kind !== message_kind.ANSWER) throw new Error(`a message of kind ${message.kind}`)
    const done = this.#pending.get(message.answer.id)
    if (done === undefined) throw new Error(`an answer to ${message.answer.id}, which was not asked`)
    this.#pending.delete(message.answer.id)
    done(message.answer)
  }

  #ended(session: Session): void {
    if (session !== this.#near) return
    this.#near = null
    const lost = [...this.#pending.values()]
    this.#pending.clear()
    for (const done of lost) done(null)
  }
}

/** A secondary's file service as far as names and attributes go, without tokens: attributes are always asked for. */
export class RemoteFiles extends RemoteCalls implements FileService {
  locks = null
  readonly transport: TestTransport
  readonly volumeUuid: Uint8Array
  readonly rootIno: number
  readonly trace = null
  readonly #primary: PrimaryFiles

  constructor(primary: TestPrimary) {
    const transport = new TestTransport(primary)
    super(transport)
    this.transport = transport
    this.#primary = primary.files
    this.volumeUuid = primary.files.volumeUuid
    this.rootIno = primary.files.rootIno
  }

  get writeVerifier(): Uint8Array {
    return this.#primary.writeVerifier
  }

  inode(op: Operation, ino: number, generation: number): Inode | Failure {
    const isForwarded = op.intent === 'names' || op.intent === 'change'
    return isForwarded ? this.subject(op, ino, generation) : this.object(op, ino, generation)
  }

  getattr(_op: Operation, _inode: Inode): void {}

  /** Not by messages: what is granted is the primary's word all the same. */
  access(op: Operation, { ino, generation }: Inode, wanted: number): number {
    const own = newOperation(op.credentials, op.readOnly)
    const inode = this.#primary.inode(own, ino, generation)
    return typeof inode === 'string' ? 0 : this.#primary.access(own, inode, wanted)
  }

  read(): Failure {
    throw new Error('data is not forwarded')
  }

  write(): Failure {
    throw new Error('data is not forwarded')
  }

  commit(): Failure {
    throw new Error('data is not forwarded')
  }
}
