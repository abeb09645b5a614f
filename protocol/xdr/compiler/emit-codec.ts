import type { EnumDefinition, StructDefinition, Type, TypeDefinition, UnionDefinition } from './ast.ts'
import { CompileError } from './ast.ts'
import { discriminantLiteral, tsType } from './emit-types.ts'
import { NO_LIMIT, type Schema, type Shape } from './schema.ts'

const READ: Readonly<Record<string, string>> = {
  int: 'i32',
  uint: 'u32',
  hyper: 'i64',
  uhyper: 'u64',
  number64: 'number64',
  float: 'float',
  double: 'double',
  bool: 'bool',
}

/** The functions of a type: readX, readXInto (structs), writeX, sizeX. */
export function emitCodec(schema: Schema, definition: TypeDefinition): string[] {
  switch (definition.kind) {
    case 'enum':
      return emitEnum(schema, definition)
    case 'struct':
      return emitStruct(schema, definition)
    case 'union':
      return emitUnion(schema, definition)
    case 'typedef':
      return emitTypedef(schema, definition.name)
  }
}

/** An expression that reads `type` from `r`. */
function readExpression(schema: Schema, type: Type): string {
  const shape = schema.shape(type)
  switch (shape.kind) {
    case 'enum':
    case 'struct':
    case 'union':
      return `read${shape.name}(r)`
    case 'opaqueFixed':
      return `r.opaqueFixed(${shape.length})`
    case 'opaque':
    case 'string':
      return `r.opaque(${limit(shape.max)})`
    case 'arrayFixed':
    case 'array':
    case 'list':
    case 'optional':
      return `read${nameOf(type)}(r)`
    default:
      return `r.${READ[shape.kind]}()`
  }
}

/** A statement that writes the value of the expression `value` to `w`. */
function writeStatement(schema: Schema, type: Type, value: string): string {
  const shape = schema.shape(type)
  switch (shape.kind) {
    case 'enum':
      return `w.i32(${value})`
    case 'struct':
    case 'union':
      return `write${shape.name}(w, ${value})`
    case 'opaqueFixed':
      return `w.opaqueFixed(${value}, ${shape.length})`
    case 'opaque':
    case 'string':
      return shape.max === NO_LIMIT ? `w.opaque(${value})` : `w.opaque(${value}, ${shape.max})`
    case 'arrayFixed':
    case 'array':
    case 'list':
    case 'optional':
      return `write${nameOf(type)}(w, ${value})`
    default:
      return `w.${READ[shape.kind]}(${value})`
  }
}

/** An expression for the encoded bytes of the value of the expression `value`. */
function sizeExpression(schema: Schema, type: Type, value: string): string {
  const { fixed } = schema.size(type)
  if (fixed !== null) return String(fixed)
  const shape = schema.shape(type)
  if (shape.kind === 'opaque' || shape.kind === 'string') return `4 + padded(${value}.length)`
  return `size${shape.kind === 'struct' || shape.kind === 'union' ? shape.name : nameOf(type)}(${value})`
}

function nameOf(type: Type): string {
  if (type.kind !== 'ref') throw new CompileError(`give the ${type.kind} a typedef`)
  return type.name
}

function limit(max: number): string {
  return max === NO_LIMIT ? '0xffffffff' : String(max)
}

function emitSize(schema: Schema, name: string, body: () => string[]): string[] {
  const { fixed } = schema.size({ kind: 'ref', name })
  if (fixed !== null) return [`export function size${name}(_v: ${name}): number {`, `  return ${fixed}`, '}', '']
  return [`export function size${name}(v: ${name}): number {`, ...body(), '}', '']
}

function emitEnum(schema: Schema, definition: EnumDefinition): string[] {
  const { name } = definition
  const values = definition.members.map((member) => schema.number(member.value)).sort((a, b) => a - b)
  const first = values[0]
  const last = values[values.length - 1]
  const dense = last - first === values.length - 1
  const known = dense ? `value >= ${first} && value <= ${last}` : `${name}_values.has(value)`
  return [
    ...(dense ? [] : [`const ${name}_values: ReadonlySet<number> = new Set(Object.values(${name}))`, '']),
    `export function read${name}(r: XdrReader): ${name} {`,
    '  const value = r.i32()',
    `  if (!(${known})) throw new XdrError(\`${name} is \${value}\`)`,
    `  return value as ${name}`,
    '}',
    '',
    `export function write${name}(w: XdrWriter, v: ${name}): void {`,
    '  w.i32(v)',
    '}',
    '',
    ...emitSize(schema, name, () => []),
  ]
}

function emitStruct(schema: Schema, definition: StructDefinition): string[] {
  const { name } = definition
  const fields = schema.fields(definition)
  const into = fields.map((field) =>
    schema.shape(field.type).kind === 'struct'
      ? `  read${(schema.shape(field.type) as { name: string }).name}Into(r, out.${field.name})`
      : `  out.${field.name} = ${readExpression(schema, field.type)}`,
  )
  return [
    `export function read${name}(r: XdrReader): ${name} {`,
    '  return {',
    ...fields.map((field) => `    ${field.name}: ${readExpression(schema, field.type)},`),
    '  }',
    '}',
    '',
    `export function read${name}Into(r: XdrReader, out: ${name}): void {`,
    ...into,
    '}',
    '',
    `export function write${name}(w: XdrWriter, v: ${name}): void {`,
    ...(emitScalarWrites(schema, definition) ??
      fields.map((field) => `  ${writeStatement(schema, field.type, `v.${field.name}`)}`)),
    '}',
    '',
    ...emitSize(schema, name, () => emitStructSize(schema, definition)),
  ]
}

/** How a scalar at `place` is put into a DataView that has room for it. */
const PUT: Readonly<Record<string, (place: string, value: string) => string>> = {
  int: (place, value) => `view.setInt32(${place}, ${value})`,
  enum: (place, value) => `view.setInt32(${place}, ${value})`,
  uint: (place, value) => `view.setUint32(${place}, ${value})`,
  bool: (place, value) => `view.setUint32(${place}, ${value} ? 1 : 0)`,
  hyper: (place, value) => `view.setBigInt64(${place}, ${value})`,
  uhyper: (place, value) => `view.setBigUint64(${place}, ${value})`,
  number64: (place, value) => `putNumber64(view, ${place}, ${value})`,
  float: (place, value) => `view.setFloat32(${place}, ${value})`,
  double: (place, value) => `view.setFloat64(${place}, ${value})`,
}

/** The body of a struct's writer with one look at the bounds for all of it; null unless it is scalars all the way down. */
function emitScalarWrites(schema: Schema, definition: StructDefinition): string[] | null {
  const lines: string[] = []
  let at = 0
  const add = (struct: StructDefinition, path: string): boolean => {
    for (const { name, type } of schema.fields(struct)) {
      const shape = schema.shape(type)
      if (shape.kind === 'struct') {
        const inner = schema.definition(shape.name)
        if (inner.kind !== 'struct' || !add(inner, `${path}.${name}`)) return false
        continue
      }
      const put = PUT[shape.kind]
      const { fixed } = schema.size(type)
      if (put === undefined || fixed === null) return false
      lines.push(`  ${put(at === 0 ? 'at' : `at + ${at}`, `${path}.${name}`)}`)
      at += fixed
    }
    return true
  }
  if (schema.link(definition) !== null || !add(definition, 'v') || lines.length < 2) return null
  return [`  const at = w.reserve(${at})`, '  const { view } = w', ...lines]
}

function emitStructSize(schema: Schema, definition: StructDefinition): string[] {
  let constant = 0
  const terms: string[] = []
  for (const field of schema.fields(definition)) {
    const { fixed } = schema.size(field.type)
    if (fixed === null) terms.push(sizeExpression(schema, field.type, `v.${field.name}`))
    else constant += fixed
  }
  const lines = [`  let size = ${constant}`]
  if (constant === 0 && terms.length === 1) return [`  return ${terms[0]}`]
  for (const term of terms) lines.push(`  size += ${term}`)
  lines.push('  return size')
  return lines
}

function emitUnion(schema: Schema, definition: UnionDefinition): string[] {
  const { name, discriminant } = definition
  const tag = `v.${discriminant.name}`
  const shape = schema.shape(discriminant.type)
  if (shape.kind !== 'enum' && shape.kind !== 'bool' && shape.kind !== 'int' && shape.kind !== 'uint') {
    throw new CompileError(`${name}: a ${shape.kind} cannot be a discriminant`)
  }
  return [
    `export function read${name}(r: XdrReader): ${name} {`,
    `  const ${discriminant.name} = ${readExpression(schema, discriminant.type)}`,
    ...emitArms(schema, definition, discriminant.name, shape, (field) =>
      field === null
        ? `return { ${discriminant.name} }`
        : `return { ${discriminant.name}, ${field.name}: ${readExpression(schema, field.type)} }`,
    ),
    '}',
    '',
    `export function write${name}(w: XdrWriter, v: ${name}): void {`,
    `  ${writeStatement(schema, discriminant.type, tag)}`,
    ...emitArms(schema, definition, tag, shape, (field) =>
      field === null ? '' : writeStatement(schema, field.type, fieldOf(shape, definition, field.name, schema)),
    ),
    '}',
    '',
    ...emitSize(schema, name, () =>
      emitArms(schema, definition, tag, shape, (field) =>
        field === null
          ? 'return 4'
          : `return 4 + ${sizeExpression(schema, field.type, fieldOf(shape, definition, field.name, schema))}`,
      ),
    ),
  ]
}

/** An integer discriminant with a default arm does not tell its arms apart in TypeScript. */
function fieldOf(shape: Shape, definition: UnionDefinition, field: string, schema: Schema): string {
  if (shape.kind === 'enum' || shape.kind === 'bool') return `v.${field}`
  const arm = definition.arms.find((candidate) => candidate.field?.name === field)
  const type = arm?.field == null ? 'never' : tsType(schema, arm.field.type)
  return `(v as unknown as { ${field}: ${type} }).${field}`
}

type Action = (field: UnionDefinition['arms'][number]['field']) => string

function emitArms(schema: Schema, union: UnionDefinition, tag: string, shape: Shape, action: Action): string[] {
  const returns = action(null) !== ''
  if (shape.kind === 'bool') return emitBoolArms(schema, union, tag, action)
  const lines = [`  switch (${tag}) {`]
  for (const arm of union.arms) {
    if (arm.values.length === 0) lines.push('    default:')
    for (const value of arm.values) lines.push(`    case ${discriminantLiteral(schema, union, value)}:`)
    const statement = action(arm.field)
    if (statement !== '') lines.push(`      ${statement}`)
    if (!returns) lines.push('      break')
  }
  if (!union.arms.some((arm) => arm.values.length === 0)) {
    const value = tag.startsWith('v.')
      ? `(v as { ${union.discriminant.name}: number }).${union.discriminant.name}`
      : tag
    lines.push('    default:', `      throw new XdrError(\`${union.name} has no arm \${${value}}\`)`)
  }
  lines.push('  }')
  return lines
}

function emitBoolArms(schema: Schema, union: UnionDefinition, tag: string, action: Action): string[] {
  const armOf = (wanted: number) =>
    union.arms.find((arm) => arm.values.some((value) => schema.number(value) === wanted)) ??
    union.arms.find((arm) => arm.values.length === 0)
  const yes = armOf(1)
  const no = armOf(0)
  if (yes === undefined || no === undefined)
    throw new CompileError(`${union.name}: an arm for TRUE or FALSE is missing`)
  const lines: string[] = []
  if (action(yes.field) !== '') lines.push(`  if (${tag}) ${action(yes.field)}`)
  if (action(no.field) !== '')
    lines.push(action(null) === '' ? `  if (!${tag}) ${action(no.field)}` : `  ${action(no.field)}`)
  return lines
}

function emitTypedef(schema: Schema, name: string): string[] {
  const definition = schema.definition(name)
  if (definition.kind !== 'typedef') return []
  const shape = schema.shape({ kind: 'ref', name })
  const bodies = BODIES[shape.kind]?.(schema, shape as never) ?? plainBodies(schema, name, definition.type)
  return [
    `export function read${name}(r: XdrReader): ${name} {`,
    ...bodies.read(name),
    '}',
    '',
    `export function write${name}(w: XdrWriter, v: ${name}): void {`,
    ...bodies.write,
    '}',
    '',
    ...emitSize(schema, name, () => bodies.size),
  ]
}

interface Bodies {
  read(name: string): string[]
  write: string[]
  size: string[]
}

type BodiesOf<Kind extends Shape['kind']> = (schema: Schema, shape: Extract<Shape, { kind: Kind }>) => Bodies

const listBodies: BodiesOf<'list'> = (schema, shape) => {
  const element: Type = { kind: 'ref', name: shape.node }
  return {
    read: (name) => [`  const out: ${name} = []`, `  while (r.bool()) out.push(read${shape.node}(r))`, '  return out'],
    write: [
      '  for (const element of v) {',
      '    w.u32(1)',
      `    ${writeStatement(schema, element, 'element')}`,
      '  }',
      '  w.u32(0)',
    ],
    size: sizeLoop(schema, element, 4, 4),
  }
}

const arrayBodies: BodiesOf<'array'> = (schema, shape) => ({
  read: (name) => [
    `  const count = r.count(${limit(shape.max)}, ${schema.size(shape.element).min})`,
    `  const out: ${name} = []`,
    `  for (let i = 0; i < count; i++) out.push(${readExpression(schema, shape.element)})`,
    '  return out',
  ],
  write: [
    `  w.count(v.length, ${limit(shape.max)})`,
    `  for (const element of v) ${writeStatement(schema, shape.element, 'element')}`,
  ],
  size: sizeLoop(schema, shape.element, 4, 0),
})

const arrayFixedBodies: BodiesOf<'arrayFixed'> = (schema, shape) => ({
  read: (name) => [
    `  const out: ${name} = []`,
    `  for (let i = 0; i < ${shape.length}; i++) out.push(${readExpression(schema, shape.element)})`,
    '  return out',
  ],
  write: [
    `  if (v.length !== ${shape.length}) throw new XdrError(\`\${v.length} elements given where ${shape.length} belong\`)`,
    `  for (const element of v) ${writeStatement(schema, shape.element, 'element')}`,
  ],
  size: sizeLoop(schema, shape.element, 0, 0),
})

const optionalBodies: BodiesOf<'optional'> = (schema, shape) => ({
  read: () => [`  return r.bool() ? ${readExpression(schema, shape.element)} : null`],
  write: ['  w.bool(v !== null)', `  if (v !== null) ${writeStatement(schema, shape.element, 'v')}`],
  size: [`  return v === null ? 4 : 4 + ${sizeExpression(schema, shape.element, 'v')}`],
})

const BODIES: Partial<Record<Shape['kind'], (schema: Schema, shape: never) => Bodies>> = {
  list: listBodies,
  array: arrayBodies,
  arrayFixed: arrayFixedBodies,
  optional: optionalBodies,
}

function plainBodies(schema: Schema, name: string, type: Type): Bodies {
  const own: Type = { kind: 'ref', name }
  const target = schema.shape(type).kind === schema.shape(own).kind && type.kind === 'ref' ? type : own
  return {
    read: () => [`  return ${readExpression(schema, target)}`],
    write: [`  ${writeStatement(schema, target, 'v')}`],
    size: [`  return ${sizeExpression(schema, target, 'v')}`],
  }
}

/** `base` bytes, and for each element its own and `each` more. */
function sizeLoop(schema: Schema, element: Type, base: number, each: number): string[] {
  const { fixed } = schema.size(element)
  if (fixed !== null) return [`  return ${base} + v.length * ${fixed + each}`]
  const own = sizeExpression(schema, element, 'element')
  return [
    `  let size = ${base}`,
    `  for (const element of v) size += ${each === 0 ? own : `${each} + ${own}`}`,
    '  return size',
  ]
}
