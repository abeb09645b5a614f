import type { message } from '../../protocol/moverlock/moverlock.gen.ts'
import type { Span, Token } from '../locks/token.ts'
import type { MoverId, TokenRequest } from '../locks/token-table.ts'

/** What a peer tells the authority that it belongs to. */
export interface PeerEvents {
  /** True while movers may have something of earlier reigns. */
  isRecovering(): boolean
  /** The mover holds this of an earlier reign; false when that cannot be. */
  assert(ino: number, mover: MoverId, token: Token): boolean
  /** All that the mover holds of earlier reigns is known. */
  asserted(): void
  request(ino: number, mover: MoverId, request: TokenRequest): void
  release(ino: number, mover: MoverId, serial: number, span: Span): void
  /** The mover has made the file, or set its attributes, and is about to be told so. */
  made(ino: number, mover: MoverId): void
  /** True when the mover may write there. */
  mayWrite(ino: number, mover: MoverId, span: Span): boolean
  /** False when that was not asked. */
  glimpsed(mover: MoverId, id: number): boolean
  /** True when the mover holds or wants anything of the file. */
  isInvolved(ino: number, mover: MoverId): boolean
  /** True when the mover holds anything of the file, or has not released it yet. */
  holds(ino: number, mover: MoverId): boolean
  /** True when the mover has not released some of this span of a token. */
  isHeld(ino: number, mover: MoverId, serial: number, span: Span): boolean
  /** A message about client locks; false when it is not about them. */
  locks(mover: MoverId, message: message): boolean
  /** True when the mover holds something of the file that it has been asked for. */
  isAsked(ino: number, mover: MoverId): boolean
  /** True when that is a right to write. */
  isWriter(ino: number, mover: MoverId): boolean
}
