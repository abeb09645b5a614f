import fc from 'fast-check'
import type { EnumDefinition, StructDefinition, Type, UnionDefinition } from '../../protocol/xdr/compiler/ast.ts'
import type { Schema } from '../../protocol/xdr/compiler/schema.ts'

const MAX_ELEMENTS = 5
const MAX_BYTES = 40

/** Values of a type of a specification, in the form that the generated code gives and takes. */
export function arbitraryOf(schema: Schema, type: Type): fc.Arbitrary<unknown> {
  const shape = schema.shape(type)
  switch (shape.kind) {
    case 'int':
      return fc.integer()
    case 'uint':
      return fc.nat(0xffffffff)
    case 'hyper':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    case 'uhyper':
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    case 'number64':
      return fc.maxSafeNat()
    case 'float':
      return fc.float({ noNaN: true })
    case 'double':
      return fc.double({ noNaN: true })
    case 'bool':
      return fc.boolean()
    case 'enum':
      return fc.constantFrom(...enumValues(schema, shape.name))
    case 'opaqueFixed':
      return fc.uint8Array({ minLength: shape.length, maxLength: shape.length })
    case 'opaque':
    case 'string':
      return fc.uint8Array({ maxLength: Math.min(shape.max, MAX_BYTES) })
    case 'arrayFixed':
      return fc.array(arbitraryOf(schema, shape.element), { minLength: shape.length, maxLength: shape.length })
    case 'array':
      return fc.array(arbitraryOf(schema, shape.element), { maxLength: Math.min(shape.max, MAX_ELEMENTS) })
    case 'list':
      return fc.array(arbitraryOf(schema, { kind: 'ref', name: shape.node }), { maxLength: MAX_ELEMENTS })
    case 'optional':
      return fc.option(arbitraryOf(schema, shape.element))
    case 'struct':
      return arbitraryStruct(schema, schema.definition(shape.name) as StructDefinition)
    case 'union':
      return arbitraryUnion(schema, schema.definition(shape.name) as UnionDefinition)
  }
}

function enumValues(schema: Schema, name: string): number[] {
  return (schema.definition(name) as EnumDefinition).members.map((member) => schema.number(member.value))
}

function arbitraryStruct(schema: Schema, definition: StructDefinition): fc.Arbitrary<unknown> {
  const fields = schema.fields(definition).map((field) => [field.name, arbitraryOf(schema, field.type)] as const)
  return fc.record(Object.fromEntries(fields), { noNullPrototype: true })
}

function arbitraryUnion(schema: Schema, definition: UnionDefinition): fc.Arbitrary<unknown> {
  const tag = definition.discriminant.name
  const listed = definition.arms.flatMap((arm) => arm.values.map((value) => schema.number(value)))
  const arms = definition.arms.flatMap((arm) => {
    const values =
      arm.values.length > 0 ? arm.values.map((value) => schema.number(value)) : others(schema, definition, listed)
    const field =
      arm.field === null ? fc.constant({}) : fc.record({ [arm.field.name]: arbitraryOf(schema, arm.field.type) })
    return values.map((value) => field.map((part) => ({ [tag]: native(schema, definition, value), ...part })))
  })
  return fc.oneof(...arms)
}

/** Discriminants that select the default arm. */
function others(schema: Schema, definition: UnionDefinition, listed: number[]): number[] {
  const shape = schema.shape(definition.discriminant.type)
  const all = shape.kind === 'enum' ? enumValues(schema, shape.name) : shape.kind === 'bool' ? [0, 1] : [7, 0x7fffffff]
  return all.filter((value) => !listed.includes(value))
}

function native(schema: Schema, definition: UnionDefinition, value: number): number | boolean {
  return schema.shape(definition.discriminant.type).kind === 'bool' ? value === 1 : value
}
