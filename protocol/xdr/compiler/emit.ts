import type { ProgramDefinition, Type, VersionDefinition } from './ast.ts'
import { emitCodec } from './emit-codec.ts'
import { docstring, emitType, tsType } from './emit-types.ts'
import { parse } from './parser.ts'
import { Schema } from './schema.ts'

/**
 * Compiles a `.x` file to TypeScript. `name` is the file's name, for the header; `xdrFolder` the import path of
 * protocol/xdr. For each type X: its declaration, readX, readXInto (structs), writeX, sizeX. For each program: its
 * numbers, the interface `VERSION_server` of its procedures and the table `VERSION_codecs`.
 */
export function compile(source: string, name: string, xdrFolder: string): string {
  const schema = new Schema(parse(source))
  const body: string[] = []
  for (const { name, doc, value } of schema.consts) {
    body.push(...docstring(doc), `export const ${name} = ${schema.number(value)}`, '')
  }
  for (const definition of schema.types.values()) {
    body.push(...emitType(schema, definition), '', ...emitCodec(schema, definition))
  }
  for (const program of schema.programs) body.push(...emitProgram(schema, program))
  const lines = [
    `// Generated from ${name} by scripts/gen.ts: do not edit.`,
    ...imports(body.join('\n'), xdrFolder),
    '',
    ...body,
  ]
  return `${lines.join('\n').trimEnd()}\n`
}

/** Import lines for those helpers that the code uses. */
function imports(code: string, folder: string): string[] {
  const uses = (name: string) => new RegExp(`\\b${name}\\b`).test(code)
  const wanted: [string, string[]][] = [
    ['procedure', ['type ProcedureCodec', 'readVoid', 'writeVoid']],
    ['reader', ['padded', 'XdrError', 'type XdrReader']],
    ['writer', ['putNumber64', 'type XdrWriter']],
  ]
  const lines: string[] = []
  for (const [file, names] of wanted) {
    const used = names.filter((name) => uses(name.replace('type ', '')))
    if (used.length === 0) continue
    const allTypes = used.every((name) => name.startsWith('type '))
    const list = used.map((name) => (allTypes ? name.slice(5) : name)).join(', ')
    lines.push(`import ${allTypes ? 'type ' : ''}{ ${list} } from '${folder}/${file}.ts'`)
  }
  return lines
}

function emitProgram(schema: Schema, program: ProgramDefinition): string[] {
  const lines = [...docstring(program.doc), `export const ${program.name} = ${schema.number(program.number)}`, '']
  for (const version of program.versions) {
    lines.push(`export const ${version.name} = ${schema.number(version.number)}`, '')
    for (const { name, number } of version.procedures) lines.push(`export const ${name} = ${schema.number(number)}`)
    lines.push('', ...emitServer(schema, program, version), '', ...emitCodecs(schema, program, version), '')
  }
  return lines
}

function emitServer(schema: Schema, program: ProgramDefinition, version: VersionDefinition): string[] {
  return [
    `/** The procedures of ${program.name} version ${schema.number(version.number)}; \`Context\` is what a server passes along. */`,
    `export interface ${version.name}_server<Context> {`,
    ...version.procedures.map(
      ({ name, args, result }) =>
        `  ${name}(args: ${typeOrVoid(schema, args)}, context: Context): ${typeOrVoid(schema, result)}`,
    ),
    '}',
  ]
}

function emitCodecs(schema: Schema, program: ProgramDefinition, version: VersionDefinition): string[] {
  const name = `${version.name}_codecs`
  const lines = [
    `/** The wire side of ${program.name} version ${schema.number(version.number)}, by procedure. */`,
    `export const ${name} = {`,
  ]
  const types: string[] = []
  for (const procedure of version.procedures) {
    const args = typeOrVoid(schema, procedure.args)
    const result = typeOrVoid(schema, procedure.result)
    types.push(`  ${procedure.name}: ProcedureCodec<'${procedure.name}', ${args}, ${result}>`)
    lines.push(
      `  ${procedure.name}: {`,
      `    number: ${schema.number(procedure.number)},`,
      `    name: '${procedure.name}',`,
      `    readArgs: ${codec('read', schema, procedure.args)},`,
      `    writeArgs: ${codec('write', schema, procedure.args)},`,
      `    readResult: ${codec('read', schema, procedure.result)},`,
      `    writeResult: ${codec('write', schema, procedure.result)},`,
      '  },',
    )
  }
  return [...lines, '} as const satisfies {', ...types, '}']
}

const SIMPLE_METHODS: Readonly<Record<string, string>> = {
  int: 'i32',
  uint: 'u32',
  hyper: 'i64',
  uhyper: 'u64',
  float: 'float',
  double: 'double',
  bool: 'bool',
}

function codec(direction: 'read' | 'write', schema: Schema, type: Type | null): string {
  if (type === null) return `${direction}Void`
  if (type.kind === 'ref') return `${direction}${type.name}`
  const method = SIMPLE_METHODS[type.kind]
  const value = tsType(schema, type)
  return direction === 'read' ? `(r: XdrReader) => r.${method}()` : `(w: XdrWriter, v: ${value}) => w.${method}(v)`
}

function typeOrVoid(schema: Schema, type: Type | null): string {
  return type === null ? 'undefined' : tsType(schema, type)
}
