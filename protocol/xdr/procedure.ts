import type { XdrReader } from './reader.ts'
import type { XdrWriter } from './writer.ts'

/** The wire side of one procedure of a program (RFC 5531 §12): generated from its `.x` file, both directions. */
export interface ProcedureCodec<Name extends string, Args, Result> {
  readonly number: number
  readonly name: Name
  readArgs(reader: XdrReader): Args
  writeArgs(writer: XdrWriter, args: Args): void
  readResult(reader: XdrReader): Result
  writeResult(writer: XdrWriter, result: Result): void
}

/** `void` arguments or results: no bytes. */
export function readVoid(_reader: XdrReader): undefined {
  return undefined
}

/** `void` arguments or results: no bytes. */
export function writeVoid(_writer: XdrWriter, _value: undefined): void {}
