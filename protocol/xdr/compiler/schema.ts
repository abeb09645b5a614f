import type {
  ConstDefinition,
  Definition,
  Field,
  ProgramDefinition,
  Specification,
  StructDefinition,
  Type,
  TypeDefinition,
  Value,
} from './ast.ts'
import { CompileError } from './ast.ts'

/** What a type is once typedefs have been followed. Sizes are numbers; `name` leads to a definition. */
export type Shape =
  | { kind: 'int' | 'uint' | 'hyper' | 'uhyper' | 'number64' | 'float' | 'double' | 'bool' }
  | { kind: 'enum' | 'struct' | 'union'; name: string }
  | { kind: 'opaqueFixed'; length: number }
  | { kind: 'opaque' | 'string'; max: number }
  | { kind: 'arrayFixed'; element: Type; length: number }
  | { kind: 'array'; element: Type; max: number }
  | { kind: 'optional'; element: Type }
  /** A linked list (RFC 4506 §4.19): an array of its nodes, without their links. */
  | { kind: 'list'; node: string }

/** The limit of `<>` (RFC 4506 §4.10); what remains to be read bounds it further. */
export const NO_LIMIT = 0xffffffff

/** Names that TypeScript does not let a type have. */
const RESERVED = new Set('any bigint boolean never null number object symbol undefined unknown'.split(' '))

const SCALAR_BYTES: Readonly<Record<string, number>> = {
  int: 4,
  uint: 4,
  bool: 4,
  float: 4,
  enum: 4,
  hyper: 8,
  uhyper: 8,
  number64: 8,
  double: 8,
}

/** A specification whose names are resolved and whose types are known to be finite. */
export class Schema {
  readonly consts: ConstDefinition[] = []
  readonly types = new Map<string, TypeDefinition>()
  readonly programs: ProgramDefinition[] = []
  readonly #values = new Map<string, Value>([
    ['TRUE', 1],
    ['FALSE', 0],
  ])
  readonly #numbers: Set<string>
  readonly #sizes = new Map<string, { fixed: number | null; min: number }>()

  constructor(specification: Specification) {
    this.#numbers = specification.numbers
    for (const definition of specification.definitions) this.#add(definition)
    for (const definition of [...this.types.values()]) this.#nameFields(definition)
    for (const name of this.#numbers) {
      if (this.shape({ kind: 'ref', name }).kind !== 'number64')
        throw new CompileError(`%number ${name}: not an unsigned hyper`)
    }
    for (const name of this.types.keys()) this.size({ kind: 'ref', name })
  }

  /** The number that `value` stands for. */
  number(value: Value): number {
    if (typeof value === 'number') return value
    const found = this.#values.get(value)
    if (found === undefined) throw new CompileError(`${value} is not a constant`)
    return this.number(found)
  }

  definition(name: string): TypeDefinition {
    const found = this.types.get(name)
    if (found === undefined) throw new CompileError(`type ${name} is not defined`)
    return found
  }

  shape(type: Type): Shape {
    switch (type.kind) {
      case 'ref':
        return this.#refShape(type.name)
      case 'opaqueFixed':
        return { kind: 'opaqueFixed', length: this.number(type.length) }
      case 'opaque':
      case 'string':
        return { kind: type.kind, max: type.max === null ? NO_LIMIT : this.number(type.max) }
      case 'arrayFixed':
        return { kind: 'arrayFixed', element: type.element, length: this.number(type.length) }
      case 'array':
        return { kind: 'array', element: type.element, max: type.max === null ? NO_LIMIT : this.number(type.max) }
      case 'optional': {
        const node = this.#structOf(type.element)
        return node !== null && this.link(node) !== null ? { kind: 'list', node: node.name } : type
      }
      default:
        return type
    }
  }

  /** The last field of a linked list's node, which leads to the next node; null when `struct` is no list node. */
  link(struct: StructDefinition): Field | null {
    const last = struct.fields.at(-1)
    if (last === undefined) return null
    const target = this.#optionalTarget(last.type)
    return target !== null && this.#structOf(target)?.name === struct.name ? last : null
  }

  /** A struct's fields without a list's link. */
  fields(struct: StructDefinition): Field[] {
    return this.link(struct) === null ? struct.fields : struct.fields.slice(0, -1)
  }

  /** Encoded bytes: always `fixed` when that is not null, never fewer than `min`. */
  size(type: Type): { fixed: number | null; min: number } {
    const shape = this.shape(type)
    if (shape.kind in SCALAR_BYTES) return exactly(SCALAR_BYTES[shape.kind])
    switch (shape.kind) {
      case 'struct':
      case 'union':
        return this.#namedSize(shape.name)
      case 'opaqueFixed':
        return exactly(Math.ceil(shape.length / 4) * 4)
      case 'arrayFixed': {
        const { fixed, min } = this.size(shape.element)
        return { fixed: fixed === null ? null : fixed * shape.length, min: min * shape.length }
      }
      case 'array':
        if (this.size(shape.element).min === 0) throw new CompileError('an array of empty elements has no bound')
        return { fixed: null, min: 4 }
      case 'list':
        this.#namedSize(shape.node)
        return { fixed: null, min: 4 }
      case 'optional':
        this.size(shape.element)
        return { fixed: null, min: 4 }
      default:
        return { fixed: null, min: 4 }
    }
  }

  #add(definition: Definition): void {
    if (definition.kind === 'program') {
      this.programs.push(definition)
      return
    }
    if (definition.kind === 'const') {
      this.consts.push(definition)
      this.#addValue(definition.name, definition.value)
      return
    }
    if (RESERVED.has(definition.name))
      throw new CompileError(`${definition.name} cannot be a type's name in TypeScript`)
    if (this.types.has(definition.name)) throw new CompileError(`type ${definition.name} is defined twice`)
    this.types.set(definition.name, definition)
    if (definition.kind === 'enum') for (const { name, value } of definition.members) this.#addValue(name, value)
  }

  #addValue(name: string, value: Value): void {
    if (this.#values.has(name)) throw new CompileError(`constant ${name} is defined twice`)
    this.#values.set(name, value)
  }

  /** Gives arrays, lists and optional data that are declared inside a struct or union a typedef, so that they have functions. */
  #nameFields(definition: TypeDefinition): void {
    const fields: Field[] = []
    if (definition.kind === 'struct') fields.push(...this.fields(definition))
    if (definition.kind === 'union') for (const { field } of definition.arms) if (field !== null) fields.push(field)
    for (const field of fields) {
      if (field.type.kind !== 'array' && field.type.kind !== 'arrayFixed' && field.type.kind !== 'optional') continue
      const name = `${definition.name}_${field.name}`
      this.#add({ kind: 'typedef', name, doc: null, type: field.type })
      field.type = { kind: 'ref', name }
    }
  }

  #refShape(name: string): Shape {
    const definition = this.definition(name)
    if (definition.kind !== 'typedef') return { kind: definition.kind, name }
    const shape = this.shape(definition.type)
    return shape.kind === 'uhyper' && this.#numbers.has(name) ? { kind: 'number64' } : shape
  }

  #structOf(type: Type): StructDefinition | null {
    if (type.kind !== 'ref') return null
    const definition = this.definition(type.name)
    if (definition.kind === 'typedef') return this.#structOf(definition.type)
    return definition.kind === 'struct' ? definition : null
  }

  #optionalTarget(type: Type): Type | null {
    if (type.kind === 'optional') return type.element
    if (type.kind !== 'ref') return null
    const definition = this.definition(type.name)
    return definition.kind === 'typedef' ? this.#optionalTarget(definition.type) : null
  }

  #namedSize(name: string): { fixed: number | null; min: number } {
    const known = this.#sizes.get(name)
    if (known !== undefined) {
      if (Number.isNaN(known.min)) throw new CompileError(`${name} contains itself other than as a list's last field`)
      return known
    }
    this.#sizes.set(name, { fixed: null, min: Number.NaN })
    const definition = this.definition(name)
    const size =
      definition.kind === 'struct'
        ? sum(this.fields(definition).map((field) => this.size(field.type)))
        : this.#unionSize(definition)
    this.#sizes.set(name, size)
    return size
  }

  #unionSize(definition: TypeDefinition): { fixed: number | null; min: number } {
    if (definition.kind !== 'union') throw new CompileError(`${definition.name} is no union`)
    const arms = definition.arms.map(({ field }) => (field === null ? exactly(0) : this.size(field.type)))
    const fixed = arms.every((arm) => arm.fixed === arms[0].fixed) ? arms[0].fixed : null
    return { fixed: fixed === null ? null : fixed + 4, min: Math.min(...arms.map((arm) => arm.min)) + 4 }
  }
}

function exactly(bytes: number): { fixed: number; min: number } {
  return { fixed: bytes, min: bytes }
}

function sum(sizes: { fixed: number | null; min: number }[]): { fixed: number | null; min: number } {
  let fixed: number | null = 0
  let min = 0
  for (const size of sizes) {
    fixed = fixed === null || size.fixed === null ? null : fixed + size.fixed
    min += size.min
  }
  return { fixed, min }
}
