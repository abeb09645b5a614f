import { XdrReader } from '../xdr/reader.ts'
import { XdrWriter } from '../xdr/writer.ts'
import {
  type answer,
  type call,
  readanswer,
  readcall,
  sizeanswer,
  sizecall,
  writeanswer,
  writecall,
} from './moverlock.gen.ts'

/** The same call with bytes of its own: those that it was decoded from, or made of, may soon be something else. */
export function ownCall(call: call): call {
  const size = sizecall(call)
  const writer = new XdrWriter(size, size)
  writecall(writer, call)
  return readcall(new XdrReader().reset(writer.bytes, 0, size))
}

/** The same answer with bytes of its own. */
export function ownAnswer(answer: answer): answer {
  const size = sizeanswer(answer)
  const writer = new XdrWriter(size, size)
  writeanswer(writer, answer)
  return readanswer(new XdrReader().reset(writer.bytes, 0, size))
}
