import { CompileError } from './ast.ts'

export interface Token {
  kind: 'word' | 'number' | 'symbol' | 'pragma' | 'end'
  text: string
  line: number
  /** The comment that stands directly in front of the token, without its marks. */
  doc: string | null
}

const PATTERNS: readonly { kind: Token['kind'] | 'blank' | 'comment'; pattern: RegExp }[] = [
  { kind: 'blank', pattern: /\s+/y },
  { kind: 'comment', pattern: /\/\*[\s\S]*?\*\//y },
  { kind: 'word', pattern: /[A-Za-z][A-Za-z0-9_]*/y },
  { kind: 'number', pattern: /0x[0-9a-fA-F]+|-?[0-9]+/y },
  { kind: 'symbol', pattern: /[{}()[\]<>=;:,*]/y },
  { kind: 'pragma', pattern: /%[^\n]*/y },
]

/** Splits a `.x` file into tokens (RFC 4506 §6.2); ends with one `end` token. `%` lines are kept as pragmas. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  let line = 1
  let doc: string | null = null
  while (at < source.length) {
    const { kind, text } = next(source, at, line)
    if (kind === 'comment') doc = commentText(text)
    else if (kind === 'blank') doc = /\n\s*\n/.test(text) ? null : doc
    else {
      tokens.push({ kind, text, line, doc })
      doc = null
    }
    at += text.length
    line += text.split('\n').length - 1
  }
  tokens.push({ kind: 'end', text: 'the end of the file', line, doc: null })
  return tokens
}

function next(source: string, at: number, line: number): { kind: Token['kind'] | 'blank' | 'comment'; text: string } {
  for (const { kind, pattern } of PATTERNS) {
    pattern.lastIndex = at
    const match = pattern.exec(source)
    if (match !== null) return { kind, text: match[0] }
  }
  throw new CompileError(`unexpected character ${JSON.stringify(source[at])}`, line)
}

function commentText(comment: string): string {
  return comment
    .slice(2, -2)
    .split('\n')
    .map((row) => row.replace(/^\s*\*?\s?/, '').trimEnd())
    .join('\n')
    .trim()
}
