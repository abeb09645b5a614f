import type {
  Arm,
  Definition,
  Field,
  ProcedureDefinition,
  ProgramDefinition,
  Specification,
  Type,
  TypeDefinition,
  Value,
  VersionDefinition,
} from './ast.ts'
import { CompileError } from './ast.ts'
import { type Token, tokenize } from './lexer.ts'

const SIMPLE: Readonly<Record<string, Type>> = {
  int: { kind: 'int' },
  hyper: { kind: 'hyper' },
  float: { kind: 'float' },
  double: { kind: 'double' },
  bool: { kind: 'bool' },
}

const KEYWORDS = new Set(
  'bool case const default double quadruple enum float hyper int opaque program string struct switch typedef union unsigned version void'.split(
    ' ',
  ),
)

/**
 * Parses the XDR language (RFC 4506 §6.3) with the program definitions of RFC 5531 §12. A struct, enum or union body
 * inside a declaration becomes a definition of its own, named after where it stands (`rpc_msg_body`).
 */
export function parse(source: string): Specification {
  return new Parser(tokenize(source)).specification()
}

class Parser {
  readonly #tokens: Token[]
  readonly #definitions: Definition[] = []
  readonly #numbers = new Set<string>()
  #at = 0

  constructor(tokens: Token[]) {
    this.#tokens = tokens
  }

  specification(): Specification {
    while (this.#token.kind !== 'end') {
      if (this.#token.kind === 'pragma') this.#pragma()
      else this.#definition()
    }
    return { definitions: this.#definitions, numbers: this.#numbers }
  }

  get #token(): Token {
    return this.#tokens[this.#at]
  }

  #pragma(): void {
    const [name, ...rest] = this.#token.text.slice(1).trim().split(/\s+/)
    if (name !== 'number') throw new CompileError(`unknown pragma %${name}`, this.#token.line)
    for (const type of rest) this.#numbers.add(type)
    this.#at++
  }

  #definition(): void {
    const doc = this.#token.doc
    const keyword = this.#word()
    if (keyword === 'const') this.#const(doc)
    else if (keyword === 'typedef') this.#typedef(doc)
    else if (keyword === 'program') this.#definitions.push(this.#program(doc))
    else if (keyword === 'enum' || keyword === 'struct' || keyword === 'union') {
      this.#body(keyword, this.#identifier(), doc)
    } else throw this.#unexpected('a definition', -1)
    this.#expect(';')
  }

  #const(doc: string | null): void {
    const name = this.#identifier()
    this.#expect('=')
    this.#definitions.push({ kind: 'const', name, doc, value: this.#value() })
  }

  #typedef(doc: string | null): void {
    const field = this.#declaration('')
    if (field === null) throw this.#unexpected('a type', -1)
    this.#definitions.push({ kind: 'typedef', name: field.name, doc, type: field.type })
  }

  #body(keyword: 'enum' | 'struct' | 'union', name: string, doc: string | null): void {
    const definition =
      keyword === 'enum'
        ? this.#enum(name, doc)
        : keyword === 'struct'
          ? this.#struct(name, doc)
          : this.#union(name, doc)
    this.#definitions.push(definition)
  }

  #enum(name: string, doc: string | null): TypeDefinition {
    const members: { name: string; value: Value }[] = []
    this.#expect('{')
    do {
      const member = this.#identifier()
      this.#expect('=')
      members.push({ name: member, value: this.#value() })
    } while (this.#accept(','))
    this.#expect('}')
    return { kind: 'enum', name, doc, members }
  }

  #struct(name: string, doc: string | null): TypeDefinition {
    const fields: Field[] = []
    this.#expect('{')
    do {
      const field = this.#declaration(name)
      if (field !== null) fields.push(field)
      this.#expect(';')
    } while (!this.#accept('}'))
    return { kind: 'struct', name, doc, fields }
  }

  #union(name: string, doc: string | null): TypeDefinition {
    this.#expect('switch')
    this.#expect('(')
    const discriminant = this.#declaration(name)
    if (discriminant === null) throw this.#unexpected('a discriminant', -1)
    this.#expect(')')
    this.#expect('{')
    const arms: Arm[] = []
    do {
      arms.push(this.#arm(name))
    } while (!this.#accept('}'))
    return { kind: 'union', name, doc, discriminant, arms }
  }

  #arm(owner: string): Arm {
    const values: Value[] = []
    if (this.#accept('default')) this.#expect(':')
    else {
      do {
        this.#expect('case')
        values.push(this.#value())
        this.#expect(':')
      } while (this.#token.text === 'case')
    }
    const field = this.#declaration(owner)
    this.#expect(';')
    return { values, field }
  }

  /** RFC 4506 §6.3 `declaration`; null is `void`. `owner` names bodies that are declared in place. */
  #declaration(owner: string): Field | null {
    if (this.#accept('void')) return null
    const opaque = this.#token.text
    if (opaque === 'opaque' || opaque === 'string') {
      this.#at++
      const name = this.#identifier()
      if (opaque === 'opaque' && this.#token.text === '[')
        return { name, type: { kind: 'opaqueFixed', length: this.#fixed() } }
      return { name, type: { kind: opaque, max: this.#variable() } }
    }
    const start = this.#at
    const element = this.#typeSpecifier(owner)
    if (this.#accept('*')) return { name: this.#identifier(), type: { kind: 'optional', element } }
    const name = this.#identifier()
    if (element.kind === 'ref' && element.name === '') element.name = this.#inline(start, owner, name)
    if (this.#token.text === '[') return { name, type: { kind: 'arrayFixed', element, length: this.#fixed() } }
    if (this.#token.text === '<') return { name, type: { kind: 'array', element, max: this.#variable() } }
    return { name, type: element }
  }

  #typeSpecifier(owner: string): Type {
    const word = this.#word()
    if (word === 'unsigned') {
      const kind = this.#accept('hyper') ? 'uhyper' : 'uint'
      if (kind === 'uint') this.#expect('int')
      return { kind }
    }
    if (word in SIMPLE) return { ...SIMPLE[word] }
    if (word === 'struct' || word === 'enum' || word === 'union') {
      if (owner === '') throw new CompileError(`give the ${word} a definition of its own`, this.#token.line)
      this.#skipBody()
      return { kind: 'ref', name: '' }
    }
    if (KEYWORDS.has(word)) throw this.#unexpected('a type', -1)
    return { kind: 'ref', name: word }
  }

  /** The field's name comes after the body that is named by it: passes over the body first, then parses it. */
  #skipBody(): void {
    let depth = 0
    let opened = false
    while (!opened || depth > 0) {
      const { kind, text } = this.#token
      if (kind === 'end' || (text === ';' && !opened)) throw this.#unexpected('{')
      if (text === '{') depth++
      if (text === '}') depth--
      opened ||= text === '{'
      this.#at++
    }
  }

  #inline(start: number, owner: string, field: string): string {
    const name = `${owner}_${field}`
    const after = this.#at
    this.#at = start
    this.#body(this.#word() as 'enum' | 'struct' | 'union', name, null)
    this.#at = after
    return name
  }

  #program(doc: string | null): ProgramDefinition {
    const name = this.#identifier()
    const versions: VersionDefinition[] = []
    this.#expect('{')
    do {
      this.#expect('version')
      const version = this.#identifier()
      const procedures: ProcedureDefinition[] = []
      this.#expect('{')
      do {
        procedures.push(this.#procedure())
      } while (!this.#accept('}'))
      this.#expect('=')
      versions.push({ name: version, number: this.#value(), procedures })
      this.#expect(';')
    } while (!this.#accept('}'))
    this.#expect('=')
    return { kind: 'program', name, doc, number: this.#value(), versions }
  }

  #procedure(): ProcedureDefinition {
    const result = this.#accept('void') ? null : this.#typeSpecifier('')
    const name = this.#identifier()
    this.#expect('(')
    const args = this.#accept('void') ? null : this.#typeSpecifier('')
    if (this.#token.text === ',')
      throw new CompileError(`${name}: put several arguments into a struct`, this.#token.line)
    this.#expect(')')
    this.#expect('=')
    const number = this.#value()
    this.#expect(';')
    return { name, number, args, result }
  }

  #fixed(): Value {
    this.#expect('[')
    const length = this.#value()
    this.#expect(']')
    return length
  }

  #variable(): Value | null {
    this.#expect('<')
    const max = this.#token.text === '>' ? null : this.#value()
    this.#expect('>')
    return max
  }

  #value(): Value {
    if (this.#token.kind === 'word') return this.#identifier()
    if (this.#token.kind !== 'number') throw this.#unexpected('a number')
    const text = this.#token.text
    this.#at++
    const value = /^-?0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text)
    if (!Number.isSafeInteger(value)) throw new CompileError(`${text} is too large`, this.#token.line)
    return value
  }

  #identifier(): string {
    const word = this.#word()
    if (KEYWORDS.has(word)) throw this.#unexpected('a name', -1)
    return word
  }

  #word(): string {
    if (this.#token.kind !== 'word') throw this.#unexpected('a word')
    return this.#tokens[this.#at++].text
  }

  #accept(text: string): boolean {
    if (this.#token.text !== text) return false
    this.#at++
    return true
  }

  #expect(text: string): void {
    if (!this.#accept(text)) throw this.#unexpected(text)
  }

  #unexpected(wanted: string, offset = 0): CompileError {
    const token = this.#tokens[this.#at + offset]
    return new CompileError(`expected ${wanted}, found ${token.text}`, token.line)
  }
}
