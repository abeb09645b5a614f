import { readFileSync } from 'node:fs'
import { bytesText } from './annotate.ts'

/**
 * A golden vector. In its file, `@ TYPE` starts one, `#` lines in front of it say where it comes from, and each row is
 * hex, a bar, and what the bytes mean: `path = value` where they are a field of the value.
 */
export interface Vector {
  /** The comment lines in front of it. */
  provenance: string
  /** What it encodes: a type of the specification, `call PROCEDURE` or `result PROCEDURE`. */
  type: string
  bytes: Uint8Array
  /** `path = value` of every field, in order. */
  fields: string[]
}

/** Reads a file of vectors beside this module. */
export function readVectors(file: string): Vector[] {
  const vectors: Vector[] = []
  let comments: string[] = []
  for (const line of readFileSync(new URL(file, import.meta.url), 'utf8').split('\n')) {
    if (line.startsWith('#')) comments.push(line.slice(1).trim())
    else if (line.startsWith('@')) {
      vectors.push({ provenance: comments.join(' '), type: line.slice(1).trim(), bytes: new Uint8Array(0), fields: [] })
      comments = []
    } else if (line.trim() !== '') addRow(vectors.at(-1), line)
  }
  return vectors
}

function addRow(vector: Vector | undefined, line: string): void {
  const bar = line.indexOf('|')
  const hex = (bar === -1 ? line : line.slice(0, bar)).replaceAll(/\s/g, '')
  if (vector === undefined || !/^([0-9a-f]{2})*$/.test(hex)) throw new Error(`not a row of a vector: ${line}`)
  vector.bytes = new Uint8Array(Buffer.concat([vector.bytes, Buffer.from(hex, 'hex')]))
  const meaning = bar === -1 ? '' : line.slice(bar + 1).trim()
  if (meaning.includes(' = ')) vector.fields.push(meaning)
}

/** A decoded value in the words of a vector's rows: `path = value` of every leaf, in order of the object's keys. */
export function fieldsOf(value: unknown, path = ''): string[] {
  const name = path === '' ? 'value' : path
  if (value instanceof Uint8Array) return [`${name} = ${bytesText(value)}`]
  if (Array.isArray(value)) return value.flatMap((element, i) => fieldsOf(element, `${path}[${i}]`))
  if (value === null || value === undefined) return []
  if (typeof value !== 'object') return [`${name} = ${value}`]
  return Object.entries(value).flatMap(([key, part]) => fieldsOf(part, path === '' ? key : `${path}.${key}`))
}

/** Removes an enumeration member's name behind its number (`0 NFS3_OK`): the file has it for its readers. */
export function withoutNames(field: string): string {
  return field.replace(/ = (-?\d+) [A-Za-z]\w*$/, ' = $1')
}
