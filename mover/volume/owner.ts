import { crc32 } from 'node:zlib'
import type { Environment } from '../environment.ts'
import type { BlockDevice, DeviceError } from '../store/device.ts'
import { start, type Task, wait } from '../task.ts'
import { tryWrite } from './device-io.ts'
import { BLOCK_BYTES, OWNER_BLOCK } from './layout.ts'

/*
 * The owner block says who serves a volume. It is the claim that reaches other hosts: flock(2) and O_EXCL end at the
 * kernel. Little-endian:
 *
 *   0 magic u32     4 checksum u32 (CRC-32 of bytes 8 to 4096)     8 owner id (16)     24 boot id (16)
 *   40 term u64     48 counter u64     56 state u32 (1 running, 2 released)     60 zero     64 wall time u64 (ms)
 *   72 host name (64 bytes of UTF-8, zeros behind it)     136 zero
 *
 * It tells of a mistake (two hosts told to serve one volume); it does not fence. Whoever reads it through another host's
 * page cache sees nothing: it needs a device with `direct`.
 *
 * In order: `takeOwnership` before the volume is opened (opening writes already), `term` when it is open, `release`
 * behind a clean close, `stop` when the volume has failed. Tools that only read call `checkOwner`.
 */
const MAGIC = 0x574f4b4c
const STATE = { running: 1, released: 2 } as const
const HOST_BYTES = 64
const AT = { checksum: 4, owner: 8, boot: 24, term: 40, counter: 48, state: 56, wall: 64, host: 72 } as const

const BEAT_MS = 1000
/** Two beats and a half: a living owner is seen also when one of its beats is late. */
const WATCH_MS = 2500
const LOOK_MS = 250
/** Two hosts that start at the same time have both written their records after this. */
const SETTLE_MS = 250

/** What the owner block says. */
export interface OwnerRecord {
  /** 16 bytes, drawn anew by every mover incarnation. */
  ownerId: Uint8Array
  /** 16 bytes, of the owner's kernel. */
  bootId: Uint8Array
  term: number
  /** Grows by one with every beat. */
  counter: number
  state: keyof typeof STATE
  /** The owner's wall clock at the last beat, milliseconds since 1970. */
  wallMs: number
  /** The owner's host name, for messages. */
  host: string
}

/** Somebody else serves the volume, or the record of ours has been overwritten. */
export class OwnerError extends Error {
  /** The other one's record; null when what stands there is none. */
  readonly other: OwnerRecord | null

  constructor(message: string, other: OwnerRecord | null) {
    super(message)
    this.name = 'OwnerError'
    this.other = other
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The bytes of a boot id as Linux writes it: 32 hexadecimal digits with hyphens. Throws RangeError for anything else. */
export function parseBootId(text: string): Uint8Array {
  const digits = text.trim().replaceAll('-', '')
  if (!/^[0-9a-f]{32}$/i.test(digits)) throw new RangeError(`'${text}' is no boot id`)
  return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16))
}

/** Encodes into a block of 4096 bytes. */
export function encodeOwner(record: OwnerRecord, block: Uint8Array): void {
  const view = new DataView(block.buffer, block.byteOffset, BLOCK_BYTES)
  block.fill(0)
  view.setUint32(0, MAGIC, true)
  block.set(record.ownerId, AT.owner)
  block.set(record.bootId, AT.boot)
  view.setBigUint64(AT.term, BigInt(record.term), true)
  view.setBigUint64(AT.counter, BigInt(record.counter), true)
  view.setUint32(AT.state, STATE[record.state], true)
  view.setBigUint64(AT.wall, BigInt(record.wallMs), true)
  encoder.encodeInto(record.host, block.subarray(AT.host, AT.host + HOST_BYTES))
  view.setUint32(AT.checksum, crc32(block.subarray(8)), true)
}

/** Decodes a block; null when it holds no whole record. */
export function decodeOwner(block: Uint8Array): OwnerRecord | null {
  const view = new DataView(block.buffer, block.byteOffset, BLOCK_BYTES)
  if (!isBegun(block) || crc32(block.subarray(8, BLOCK_BYTES)) !== view.getUint32(AT.checksum, true)) return null
  const number = view.getUint32(AT.state, true)
  if (number !== STATE.running && number !== STATE.released) return null
  const host = block.subarray(AT.host, AT.host + HOST_BYTES)
  const end = host.indexOf(0)
  return {
    ownerId: block.slice(AT.owner, AT.owner + 16),
    bootId: block.slice(AT.boot, AT.boot + 16),
    term: Number(view.getBigUint64(AT.term, true)),
    counter: Number(view.getBigUint64(AT.counter, true)),
    state: number === STATE.running ? 'running' : 'released',
    wallMs: Number(view.getBigUint64(AT.wall, true)),
    host: decoder.decode(host.subarray(0, end < 0 ? HOST_BYTES : end)),
  }
}

/** True when the block is an owner record, maybe a torn one. */
function isBegun(block: Uint8Array): boolean {
  return new DataView(block.buffer, block.byteOffset, BLOCK_BYTES).getUint32(0, true) === MAGIC
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

function readInto(device: BlockDevice, page: Uint8Array): Task<void> {
  return wait((resume) => device.read(OWNER_BLOCK * BLOCK_BYTES, page, resume))
}

/** What the owner block of a volume says now; null when it holds no whole record. */
export function* readOwner(device: BlockDevice): Task<OwnerRecord | null> {
  const page = device.allocatePages(1)
  yield* readInto(device, page)
  return decodeOwner(page)
}

/** An owner for people: host, term, last sign of life. */
export function describeOwner(owner: OwnerRecord): string {
  const host = owner.host === '' ? 'an unnamed host' : `host ${owner.host}`
  const time = Number.isFinite(new Date(owner.wallMs).getTime())
    ? new Date(owner.wallMs).toISOString()
    : 'an unknown time'
  // The term is not known before the volume is open.
  const term = owner.term === 0 ? '' : `term ${owner.term}, `
  return `${host} (${term}last sign of life at ${time} by its clock)`
}

export interface CheckOwnerOptions {
  device: BlockDevice
  env: Environment
  /** 16 bytes: of /proc/sys/kernel/random/boot_id. */
  bootId: Uint8Array
}

/**
 * Makes sure that no other host serves the volume; call it before anything of the volume is written, with the device
 * claimed on this host. Returns at once unless the block says that an owner of another boot is running: then the block
 * is watched for 2.5 seconds. Throws OwnerError when it changes meanwhile, DeviceError when it cannot be read. Returns
 * the former owner's record, null when there is none.
 */
export function* checkOwner(options: CheckOwnerOptions): Task<OwnerRecord | null> {
  const { device, env, bootId } = options
  const page = device.allocatePages(1)
  yield* readInto(device, page)
  const first = page.slice()
  const found = decodeOwner(first)
  if (!isBegun(first) || found?.state === 'released') return found
  // On this host the claim of the device has already said that nobody else is there.
  if (found !== null && sameBytes(found.bootId, bootId)) return found
  const endMs = env.monotonicMs() + WATCH_MS
  while (env.monotonicMs() < endMs) {
    yield* wait<void>((resume) => void env.timer(LOOK_MS, () => resume(null)))
    yield* readInto(device, page)
    if (sameBytes(page, first)) continue
    const now = decodeOwner(page)
    if (now?.state === 'released') return now
    const known = now ?? found
    const who = known === null ? 'another host, whose record is being written' : describeOwner(known)
    throw new OwnerError(`${device.name} is being served by ${who}; stop it there first`, known)
  }
  return found
}

export interface HeartbeatOptions extends CheckOwnerOptions {
  /** This host's name, for messages elsewhere. */
  host: string
  /** Called once, when the volume must not be served any longer: another owner stands in the block, or it cannot be renewed. */
  onLost: (error: Error) => void
}

/**
 * Makes this mover the volume's owner, as far as the block can: `checkOwner`, then the first record, then the beat. Call
 * it with the device claimed on this host, before the volume is opened. Throws OwnerError or DeviceError.
 */
export function* takeOwnership(options: HeartbeatOptions): Task<OwnerHeartbeat> {
  const former = yield* checkOwner(options)
  const heartbeat = new OwnerHeartbeat(options)
  yield* heartbeat.begin(former)
  return heartbeat
}

/** Keeps the owner block of a volume alive while it is being served: a beat a second, each after a look at the last. */
export class OwnerHeartbeat {
  readonly ownerId: Uint8Array
  /** Why the first record could not be written; null when it was. The volume may be read then, as long as nobody takes it. */
  readOnly: DeviceError | null = null
  /** When the device has last answered, in monotonic milliseconds: a second or so ago, unless it has come to a halt. */
  answeredMs: number
  readonly #o: HeartbeatOptions
  readonly #written: Uint8Array
  readonly #seen: Uint8Array
  readonly #record: OwnerRecord
  #cancelTimer: () => void = () => {}
  #isBeating = false
  #isOver = false
  /** Our record has been in the block. */
  #isWritten = false
  #onQuiet: (() => void) | null = null

  constructor(options: HeartbeatOptions) {
    const { device, env, bootId, host } = options
    const pages = device.allocatePages(2)
    this.#o = options
    this.#written = pages.subarray(0, BLOCK_BYTES)
    this.#seen = pages.subarray(BLOCK_BYTES)
    this.answeredMs = env.monotonicMs()
    this.ownerId = env.randomBytes(16)
    this.#record = { ownerId: this.ownerId, bootId, term: 0, counter: 0, state: 'running', wallMs: 0, host }
  }

  /**
   * Writes the first record and starts the beat. `former` is what `checkOwner` has returned: when that was of another
   * boot, hosts may be starting side by side, and a quarter of a second later the record must still be ours. A device that
   * does not take the record is only looked at (`readOnly`). Throws OwnerError or DeviceError.
   */
  *begin(former: OwnerRecord | null): Task<void> {
    const { env, bootId } = this.#o
    this.readOnly = yield* tryWrite(this.#write())
    // What a failed write has left is anyone's guess: whatever it is must stay.
    if (this.readOnly !== null) yield* readInto(this.#o.device, this.#written)
    if (former !== null && !sameBytes(former.bootId, bootId)) {
      yield* wait<void>((resume) => void env.timer(SETTLE_MS, () => resume(null)))
      yield* this.#look()
    }
    this.#schedule(BEAT_MS)
  }

  /** The term of the reign, for the records from now on; known only when the volume is open. */
  set term(term: number) {
    this.#record.term = term
  }

  /** No further beat: the volume is given up. The block keeps saying that we run. */
  stop(): void {
    this.#isOver = true
    this.#cancelTimer()
  }

  /** Behind a clean close: ends the beat and leaves word, durably, that nobody serves the volume. */
  *release(): Task<void> {
    const wasOver = this.#isOver
    this.stop()
    if (this.#isBeating) yield* wait<void>((resume) => this.#whenQuiet(() => resume(null)))
    if (wasOver || !this.#isWritten) return
    yield* this.#look()
    this.#record.state = 'released'
    this.#encode()
    yield* wait((resume) => this.#o.device.writeDurable(OWNER_BLOCK * BLOCK_BYTES, this.#written, 'log', resume))
  }

  #whenQuiet(done: () => void): void {
    this.#onQuiet = done
  }

  #schedule(delayMs: number): void {
    if (!this.#isOver) this.#cancelTimer = this.#o.env.timer(delayMs, () => this.#beat())
  }

  #beat(): void {
    const { env } = this.#o
    const startMs = env.monotonicMs()
    this.#isBeating = true
    start(this.#lookAndWrite(), (error) => {
      this.#isBeating = false
      this.answeredMs = env.monotonicMs()
      if (error === null) this.#schedule(Math.max(0, startMs + BEAT_MS - env.monotonicMs()))
      else if (!this.#isOver) {
        this.stop()
        this.#o.onLost(error)
      }
      this.#onQuiet?.()
    })
  }

  *#lookAndWrite(): Task<void> {
    yield* this.#look()
    if (!this.#isOver && this.readOnly === null) yield* this.#write()
  }

  /** Throws OwnerError when the block is not as we left it. */
  *#look(): Task<void> {
    const { device } = this.#o
    yield* readInto(device, this.#seen)
    if (sameBytes(this.#seen, this.#written)) return
    const other = decodeOwner(this.#seen)
    const who = other === null ? 'its owner block was overwritten' : `it has been taken over by ${describeOwner(other)}`
    throw new OwnerError(`${device.name} must not be served any longer: ${who}`, other)
  }

  *#write(): Task<void> {
    this.#encode()
    yield* wait((resume) => this.#o.device.write(OWNER_BLOCK * BLOCK_BYTES, [this.#written], 'log', resume))
    this.#isWritten = true
  }

  #encode(): void {
    const record = this.#record
    record.counter++
    record.wallMs = this.#o.env.wallMs()
    encodeOwner(record, this.#written)
  }
}
