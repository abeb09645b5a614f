import type { EnumDefinition, StructDefinition, Type, UnionDefinition } from '../../protocol/xdr/compiler/ast.ts'
import { parse } from '../../protocol/xdr/compiler/parser.ts'
import { Schema } from '../../protocol/xdr/compiler/schema.ts'
import { padded, type XdrReader } from '../../protocol/xdr/reader.ts'

/** One row of a golden vector: the bytes, and which part of the value they are (null: structure without a value). */
export interface Row {
  hex: string
  path: string | null
  text: string
}

/** A value in a vector's words: `text` in quotes where bytes are printable, hex otherwise. */
export function bytesText(bytes: Uint8Array): string {
  const printable = bytes.length > 0 && bytes.every((byte) => byte >= 0x20 && byte < 0x7f && byte !== 0x22)
  return printable ? `"${Buffer.from(bytes).toString('latin1')}"` : `0x${Buffer.from(bytes).toString('hex')}`
}

/**
 * Decodes XDR by interpreting the specification, independently of the generated code, into rows that name every field:
 * how a capture becomes a golden vector.
 */
export function annotate(schema: Schema, type: Type, reader: XdrReader): Row[] {
  const rows: Row[] = []
  new Walker(schema, reader, rows).walk(type, '')
  return rows
}

/** Parses a `.x` source for `annotate`. */
export function schemaOf(source: string): Schema {
  return new Schema(parse(source))
}

class Walker {
  readonly #schema: Schema
  readonly #reader: XdrReader
  readonly #rows: Row[]

  constructor(schema: Schema, reader: XdrReader, rows: Row[]) {
    this.#schema = schema
    this.#reader = reader
    this.#rows = rows
  }

  walk(type: Type, path: string): void {
    const shape = this.#schema.shape(type)
    switch (shape.kind) {
      case 'struct': {
        const definition = this.#schema.definition(shape.name) as StructDefinition
        for (const field of this.#schema.fields(definition)) this.walk(field.type, join(path, field.name))
        return
      }
      case 'union':
        this.#union(this.#schema.definition(shape.name) as UnionDefinition, path)
        return
      case 'list':
        for (let i = 0; this.#marker(`${path}[${i}]`); i++)
          this.walk({ kind: 'ref', name: shape.node }, `${path}[${i}]`)
        return
      case 'optional':
        if (this.#marker(path)) this.walk(shape.element, path)
        return
      case 'array': {
        const count = this.#scalar(4, null, (value) => `${value} elements of ${path}`)
        for (let i = 0; i < count; i++) this.walk(shape.element, `${path}[${i}]`)
        return
      }
      case 'arrayFixed':
        for (let i = 0; i < shape.length; i++) this.walk(shape.element, `${path}[${i}]`)
        return
      case 'opaque':
      case 'string':
        this.#bytes(
          this.#scalar(4, null, (value) => `${value} bytes`),
          path,
        )
        return
      case 'opaqueFixed':
        this.#bytes(shape.length, path)
        return
      case 'enum': {
        const members = (this.#schema.definition(shape.name) as EnumDefinition).members
        const name = (value: bigint) =>
          members.find((member) => BigInt(this.#schema.number(member.value)) === value)?.name
        this.#scalar(4, path, (value) => `${value} ${name(value)}`)
        return
      }
      case 'bool':
        this.#scalar(4, path, (value) => (value === 1n ? 'true' : 'false'))
        return
      case 'int':
        this.#scalar(4, path, (value) => String(BigInt.asIntN(32, value)))
        return
      case 'hyper':
        this.#scalar(8, path, (value) => String(BigInt.asIntN(64, value)))
        return
      case 'uhyper':
      case 'number64':
        this.#scalar(8, path, String)
        return
      default:
        this.#scalar(4, path, String)
    }
  }

  #union(definition: UnionDefinition, path: string): void {
    const at = this.#reader.position
    this.walk(definition.discriminant.type, join(path, definition.discriminant.name))
    const tag = new DataView(this.#reader.bytes.buffer, this.#reader.bytes.byteOffset).getUint32(at)
    const arm =
      definition.arms.find(({ values }) => values.some((value) => this.#schema.number(value) === tag)) ??
      definition.arms.find(({ values }) => values.length === 0)
    if (arm === undefined) throw new Error(`${definition.name} has no arm ${tag}`)
    if (arm.field !== null) this.walk(arm.field.type, join(path, arm.field.name))
  }

  #marker(path: string): boolean {
    return this.#scalar(4, null, (value) => (value === 1n ? `${path} follows` : `no ${path}`)) === 1
  }

  #scalar(bytes: number, path: string | null, text: (value: bigint) => string): number {
    const hex = this.#take(bytes)
    const value = BigInt(`0x${hex}`)
    this.#rows.push({ hex, path: named(path), text: text(value) })
    return Number(value)
  }

  #bytes(length: number, path: string): void {
    const at = this.#reader.position
    const value = this.#reader.bytes.slice(at, at + length)
    this.#rows.push({ hex: this.#take(padded(length)), path: named(path), text: bytesText(value) })
  }

  #take(bytes: number): string {
    return Buffer.from(this.#reader.opaqueFixed(bytes)).toString('hex')
  }
}

/** A value that is no part of another is called `value`. */
function named(path: string | null): string | null {
  return path === '' ? 'value' : path
}

function join(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`
}
