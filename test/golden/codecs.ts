import type { ProgramDefinition, Type } from '../../protocol/xdr/compiler/ast.ts'
import type { Schema } from '../../protocol/xdr/compiler/schema.ts'
import type { XdrReader } from '../../protocol/xdr/reader.ts'
import type { XdrWriter } from '../../protocol/xdr/writer.ts'

/** A generated module, looked into by name. */
export type GeneratedModule = Readonly<Record<string, unknown>>

/** The generated functions of one type. */
export interface Codec {
  type: Type
  read(reader: XdrReader): unknown
  readInto: ((reader: XdrReader, out: unknown) => void) | null
  write(writer: XdrWriter, value: unknown): void
  size: ((value: unknown) => number) | null
}

/** The functions of a type, or of `call PROCEDURE` or `result PROCEDURE` by way of the program's table. */
export function codecOf(schema: Schema, module: GeneratedModule, what: string): Codec {
  const [direction, procedure] = what.split(' ')
  if (procedure === undefined) return typeCodec(module, what)
  for (const program of schema.programs) {
    const found = procedureCodec(program, module, direction, procedure)
    if (found !== null) return found
  }
  throw new Error(`no procedure ${procedure}`)
}

function typeCodec(module: GeneratedModule, name: string): Codec {
  const part = (prefix: string, suffix = '') => module[`${prefix}${name}${suffix}`]
  if (part('read') === undefined) throw new Error(`no type ${name}`)
  return {
    type: { kind: 'ref', name },
    read: part('read') as Codec['read'],
    readInto: (part('read', 'Into') as Codec['readInto']) ?? null,
    write: part('write') as Codec['write'],
    size: part('size') as Codec['size'],
  }
}

interface Row {
  readArgs: Codec['read']
  writeArgs: Codec['write']
  readResult: Codec['read']
  writeResult: Codec['write']
}

function procedureCodec(
  program: ProgramDefinition,
  module: GeneratedModule,
  direction: string,
  procedure: string,
): Codec | null {
  for (const version of program.versions) {
    const definition = version.procedures.find((candidate) => candidate.name === procedure)
    if (definition === undefined) continue
    const row = (module[`${version.name}_codecs`] as Readonly<Record<string, Row>>)[procedure]
    const type = direction === 'call' ? definition.args : definition.result
    if (type === null) throw new Error(`${procedure} has no ${direction} data`)
    return {
      type,
      read: direction === 'call' ? row.readArgs : row.readResult,
      readInto: null,
      write: direction === 'call' ? row.writeArgs : row.writeResult,
      size: type.kind === 'ref' ? (module[`size${type.name}`] as Codec['size']) : null,
    }
  }
  return null
}
