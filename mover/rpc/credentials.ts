import { createHash } from 'node:crypto'
import { auth_flavor, auth_stat, readauthsys_parms } from '../../protocol/rpc/rpc.gen.ts'
import { XdrError, XdrReader } from '../../protocol/xdr/reader.ts'
import type { RpcCredentials } from './program.ts'

/** The stamp is arbitrary, and some clients renew it with each call: it tells nothing about who calls. */
const STAMP_BYTES = 4
/** uid and gid of calls without credentials. */
const NOBODY = 65534

/** Who a call comes from, for telling retransmissions from new calls. */
export interface ClientIdentity {
  /** Address and machine name. */
  key: string
  /** Hashes of the address and of the key, 32 bits each. */
  high: number
  low: number
}

/** Credentials as decoded from one call; never changed afterwards. */
export class SessionCredentials implements RpcCredentials {
  readonly flavour: number
  readonly uid: number
  readonly gid: number
  readonly gids: readonly number[]
  readonly machineName: string
  readonly #nameBytes: string
  #identity: ClientIdentity | null = null

  constructor(flavour: number, uid: number, gid: number, gids: readonly number[], name: Uint8Array) {
    this.flavour = flavour
    this.uid = uid
    this.gid = gid
    this.gids = gids
    const bytes = Buffer.from(name.buffer, name.byteOffset, name.byteLength)
    this.machineName = bytes.toString('utf8')
    this.#nameBytes = bytes.toString('latin1')
  }

  /** The client at `address` with these credentials; always the same address, since a connection has one. */
  identityAt(address: string): ClientIdentity {
    this.#identity ??= identify(address, this.#nameBytes)
    return this.#identity
  }
}

const ANONYMOUS_NAME = new Uint8Array(0)

/** The last credential of a connection: a client sends the same bytes with nearly every call. */
export class CredentialCache {
  /** The auth_stat to answer after `read` returned null. */
  failure: number = auth_stat.AUTH_BADCRED
  readonly #anonymous = new SessionCredentials(auth_flavor.AUTH_NONE, NOBODY, NOBODY, [], ANONYMOUS_NAME)
  #credentials: SessionCredentials | null = null
  #body: Uint8Array = ANONYMOUS_NAME

  /**
   * The credentials whose body is `bytes[start, start + length)`, at most 400 bytes long. Null when they are refused:
   * `failure` then says why. A reference to credentials sent earlier (AUTH_SHORT, RFC 5531 appendix A) was never
   * issued by this server, so that it is answered "begin a new session"; other flavours are not strong enough for us.
   */
  read(flavour: number, bytes: Uint8Array, start: number, length: number): SessionCredentials | null {
    if (flavour === auth_flavor.AUTH_SYS) {
      if (this.#credentials !== null && this.#isLast(bytes, start, length)) return this.#credentials
      return this.#readSys(bytes, start, length)
    }
    if (flavour === auth_flavor.AUTH_NONE) return this.#anonymous
    this.failure = flavour === auth_flavor.AUTH_SHORT ? auth_stat.AUTH_REJECTEDCRED : auth_stat.AUTH_TOOWEAK
    return null
  }

  #isLast(bytes: Uint8Array, start: number, length: number): boolean {
    const body = this.#body
    if (length !== body.length) return false
    for (let i = STAMP_BYTES; i < length; i++) if (bytes[start + i] !== body[i]) return false
    return true
  }

  #readSys(bytes: Uint8Array, start: number, length: number): SessionCredentials | null {
    try {
      const credentials = readAuthSys(bytes, start, length)
      this.#body = bytes.slice(start, start + length)
      this.#credentials = credentials
      return credentials
    } catch (error) {
      if (!(error instanceof XdrError)) throw error
      this.failure = auth_stat.AUTH_BADCRED
      return null
    }
  }
}

/** RFC 5531 appendix A authsys_parms. Throws `XdrError`. */
function readAuthSys(bytes: Uint8Array, start: number, length: number): SessionCredentials {
  const reader = new XdrReader().reset(bytes, start, start + length)
  const { uid, gid, gids, machinename } = readauthsys_parms(reader)
  reader.expectEnd()
  return new SessionCredentials(auth_flavor.AUTH_SYS, uid, gid, gids, machinename)
}

function identify(address: string, name: string): ClientIdentity {
  const key = `${address}\0${name}`
  return { key, high: hash(address), low: hash(key) }
}

function hash(text: string): number {
  return createHash('sha256').update(text, 'latin1').digest().readUInt32BE(0)
}
