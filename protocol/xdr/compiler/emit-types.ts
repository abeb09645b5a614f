import type { EnumDefinition, Field, Type, TypeDefinition, UnionDefinition, Value } from './ast.ts'
import type { Schema, Shape } from './schema.ts'

const SCALAR_TYPES: Readonly<Record<string, string>> = {
  int: 'number',
  uint: 'number',
  hyper: 'bigint',
  uhyper: 'bigint',
  number64: 'number',
  float: 'number',
  double: 'number',
  bool: 'boolean',
  opaqueFixed: 'Uint8Array',
  opaque: 'Uint8Array',
  string: 'Uint8Array',
}

/** The TypeScript type of `type` where it is used: its name if it has one. */
export function tsType(schema: Schema, type: Type): string {
  return type.kind === 'ref' ? type.name : shapeType(schema, schema.shape(type))
}

function shapeType(schema: Schema, shape: Shape): string {
  switch (shape.kind) {
    case 'enum':
    case 'struct':
    case 'union':
      return shape.name
    case 'arrayFixed':
    case 'array':
      return `${tsType(schema, shape.element)}[]`
    case 'optional':
      return `${tsType(schema, shape.element)} | null`
    case 'list':
      return `${shape.node}[]`
    default:
      return SCALAR_TYPES[shape.kind]
  }
}

/** The declaration of a type, with its docstring. */
export function emitType(schema: Schema, definition: TypeDefinition): string[] {
  const lines = docstring(definition.doc)
  switch (definition.kind) {
    case 'enum':
      return [...lines, ...emitEnum(schema, definition)]
    case 'struct':
      return [
        ...lines,
        `export interface ${definition.name} {`,
        ...emitFields(schema, schema.fields(definition), '  '),
        '}',
      ]
    case 'union':
      return [...lines, ...emitUnion(schema, definition)]
    case 'typedef':
      return [...lines, `export type ${definition.name} = ${typedefType(schema, definition.name, definition.type)}`]
  }
}

/** A typedef of a typedef keeps that name, unless a `%number` line makes the two differ. */
function typedefType(schema: Schema, name: string, type: Type): string {
  const own = schema.shape({ kind: 'ref', name })
  return type.kind === 'ref' && schema.shape(type).kind === own.kind ? type.name : shapeType(schema, own)
}

/** A `/** … *​/` block of a comment's text, or nothing. */
export function docstring(doc: string | null): string[] {
  if (doc === null) return []
  const rows = doc.split('\n')
  if (rows.length === 1) return [`/** ${doc} */`]
  return ['/**', ...rows.map((row) => ` * ${row}`.trimEnd()), ' */']
}

function emitEnum(schema: Schema, definition: EnumDefinition): string[] {
  const { name, members } = definition
  return [
    `export const ${name} = {`,
    ...members.map((member) => `  ${member.name}: ${schema.number(member.value)},`),
    '} as const',
    `export type ${name} = (typeof ${name})[keyof typeof ${name}]`,
  ]
}

function emitFields(schema: Schema, fields: Field[], indent: string): string[] {
  return fields.map((field) => `${indent}${field.name}: ${tsType(schema, field.type)}`)
}

function emitUnion(schema: Schema, definition: UnionDefinition): string[] {
  const { name, discriminant, arms } = definition
  const lines = [`export type ${name} =`]
  for (const arm of arms) {
    const field = arm.field === null ? '' : `; ${arm.field.name}: ${tsType(schema, arm.field.type)}`
    lines.push(`  | { ${discriminant.name}: ${armType(schema, definition, arm.values)}${field} }`)
  }
  return lines
}

function armType(schema: Schema, union: UnionDefinition, values: Value[]): string {
  const listed = (list: Value[]) => list.map((value) => discriminantType(schema, union, value)).join(' | ')
  if (values.length > 0) return listed(values)
  const others = listed(union.arms.flatMap((arm) => arm.values))
  const shape = schema.shape(union.discriminant.type)
  if (shape.kind === 'enum') return `Exclude<${shape.name}, ${others}>`
  return shape.kind === 'bool' ? `Exclude<boolean, ${others}>` : 'number'
}

function discriminantType(schema: Schema, union: UnionDefinition, value: Value): string {
  const literal = discriminantLiteral(schema, union, value)
  return literal.includes('.') ? `typeof ${literal}` : literal
}

/** A discriminant's value as TypeScript: `nfsstat3.NFS3_OK`, `true` or a number. */
export function discriminantLiteral(schema: Schema, union: UnionDefinition, value: Value): string {
  const shape = schema.shape(union.discriminant.type)
  const number = schema.number(value)
  if (shape.kind === 'bool') return number === 1 ? 'true' : 'false'
  if (shape.kind !== 'enum') return String(number)
  const definition = schema.definition(shape.name) as EnumDefinition
  const member = definition.members.find((candidate) => schema.number(candidate.value) === number)
  return `${shape.name}.${member?.name}`
}
