/** A number, or the name of a constant or enumeration member that stands for one. */
export type Value = number | string

/** A type as it is written in a declaration (RFC 4506 §6.3); nested bodies have been given names by the parser. */
export type Type =
  | { kind: 'int' | 'uint' | 'hyper' | 'uhyper' | 'float' | 'double' | 'bool' }
  | { kind: 'ref'; name: string }
  | { kind: 'opaqueFixed'; length: Value }
  | { kind: 'opaque'; max: Value | null }
  | { kind: 'string'; max: Value | null }
  | { kind: 'arrayFixed'; element: Type; length: Value }
  | { kind: 'array'; element: Type; max: Value | null }
  | { kind: 'optional'; element: Type }

export interface Field {
  name: string
  type: Type
}

export interface Arm {
  /** The discriminant's values that select this arm; empty for the default arm. */
  values: Value[]
  /** Null: void. */
  field: Field | null
}

export interface ConstDefinition {
  kind: 'const'
  name: string
  doc: string | null
  value: Value
}

export interface EnumDefinition {
  kind: 'enum'
  name: string
  doc: string | null
  members: { name: string; value: Value }[]
}

export interface StructDefinition {
  kind: 'struct'
  name: string
  doc: string | null
  fields: Field[]
}

export interface UnionDefinition {
  kind: 'union'
  name: string
  doc: string | null
  discriminant: Field
  arms: Arm[]
}

export interface TypedefDefinition {
  kind: 'typedef'
  name: string
  doc: string | null
  type: Type
}

export interface ProcedureDefinition {
  name: string
  number: Value
  /** Null: void. */
  args: Type | null
  /** Null: void. */
  result: Type | null
}

export interface VersionDefinition {
  name: string
  number: Value
  procedures: ProcedureDefinition[]
}

export interface ProgramDefinition {
  kind: 'program'
  name: string
  doc: string | null
  number: Value
  versions: VersionDefinition[]
}

export type TypeDefinition = EnumDefinition | StructDefinition | UnionDefinition | TypedefDefinition
export type Definition = ConstDefinition | TypeDefinition | ProgramDefinition

/** One `.x` file. */
export interface Specification {
  definitions: Definition[]
  /** Names of unsigned hyper typedefs whose values are Numbers (`%number` lines); all others are bigint. */
  numbers: Set<string>
}

/** Something in a `.x` file that this compiler does not take. */
export class CompileError extends Error {
  override readonly name = 'CompileError'

  constructor(message: string, line?: number) {
    super(line === undefined ? message : `line ${line}: ${message}`)
  }
}
