import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type YAMLMap } from 'yaml'
import { didYouMean, oneOf } from './suggest.ts'

/** What is wrong with a configuration file, in one line that starts with file and line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** A place in a configuration file: the key that a value stands at. */
export interface Place {
  document: Document
  file: string
  lines: LineCounter
  /** `exports[0].policy`; empty at the top. */
  path: string
  /** From 1; 0 when the value was not written in the file. */
  line: number
}

/** Turns a node of the file into a checked value, or throws a `ConfigError`. */
export type Reader<T> = (node: Node, place: Place) => T

/** A key of a record: how to read it, and what it is when it is not there. */
export interface Key<T> {
  read: Reader<T>
  /** The default; null when the key must be there. */
  absent: (() => T) | null
}

type RecordOf<Keys> = { [Name in keyof Keys]: Keys[Name] extends Key<infer T> ? T : never }

/** Ends reading: `file:line: path: text`. */
export function fail(place: Place, text: string): never {
  const line = place.line > 0 ? `:${place.line}` : ''
  const path = place.path === '' ? '' : `${place.path}: `
  throw new ConfigError(`${place.file}${line}: ${path}${text}`)
}

export function required<T>(read: Reader<T>): Key<T> {
  return { read, absent: null }
}

export function optional<T>(read: Reader<T>, absent: () => T): Key<T> {
  return { read, absent }
}

/** A key that means something, but that this version cannot honour. */
export function unsupported(): Key<undefined> {
  return { read: (_node, place) => fail(place, 'not supported in this version'), absent: () => undefined }
}

/** A string, checked by `problem`: null when it is right, else what is wrong with it. */
export function text(problem: (value: string) => string | null = () => null): Reader<string> {
  return (node, place) => {
    const value = scalar(node, place, 'a text')
    if (typeof value !== 'string') fail(place, `must be a text, not ${show(value)}`)
    const wrong = problem(value)
    if (wrong !== null) fail(place, wrong)
    return value
  }
}

export function choice<const Words extends readonly string[]>(words: Words): Reader<Words[number]> {
  return (node, place) => {
    const value = scalar(node, place, oneOf(words))
    if (typeof value === 'string' && words.includes(value)) return value
    const hint = typeof value === 'string' ? didYouMean(value, words) : ''
    fail(place, `must be ${oneOf(words)}, not ${show(value)}${hint}`)
  }
}

export function integer(least: number, most: number): Reader<number> {
  return (node, place) => {
    const value = scalar(node, place, `a whole number from ${least} to ${most}`)
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
    fail(place, `must be a whole number from ${least} to ${most}, not ${show(value)}`)
  }
}

export function flag(): Reader<boolean> {
  return (node, place) => {
    const value = scalar(node, place, 'true or false')
    return typeof value === 'boolean' ? value : fail(place, `must be true or false, not ${show(value)}`)
  }
}

/** A text or number that `parse` turns into a value; `allowed` says what it takes when it returns null. */
export function parsed<T>(parse: (value: string) => T | null, allowed: string): Reader<T> {
  return (node, place) => {
    const value = scalar(node, place, allowed)
    const result = typeof value === 'string' || typeof value === 'number' ? parse(String(value)) : null
    return result ?? fail(place, `must be ${allowed}, not ${show(value)}`)
  }
}

export function list<T>(read: Reader<T>): Reader<T[]> {
  return (node, place) => {
    const target = resolve(node, place)
    if (!isSeq(target)) fail(place, 'must be a list ([ … ], or lines that start with "- ")')
    return target.items.map((item, at) => {
      const itemNode = item as Node
      return read(itemNode, { ...place, path: `${place.path}[${at}]`, line: lineOf(itemNode, place) })
    })
  }
}

/** A map with these keys and no others. Where its values stood is remembered for `placeOf`. */
export function record<Keys extends Record<string, Key<unknown>>>(keys: Keys): Reader<RecordOf<Keys>> {
  return (node, place) => {
    const target = resolve(node, place)
    if (!isMap(target)) fail(place, `must be a map with the keys ${Object.keys(keys).join(', ')}`)
    const found = pairs(target, place, Object.keys(keys))
    const result: Record<string, unknown> = {}
    const where = new Map<string, Place>()
    for (const [name, key] of Object.entries(keys)) {
      const pair = found.get(name)
      where.set(name, pair?.place ?? { ...place, path: join(place.path, name) })
      if (pair !== undefined) result[name] = key.read(pair.value, pair.place)
      else if (key.absent !== null) result[name] = key.absent()
      else fail(place, `${name} is missing`)
    }
    places.set(result, where)
    return result as RecordOf<Keys>
  }
}

const places = new WeakMap<object, Map<string, Place>>()

/** Where a key of a record that was read stands (or its record, when the key was left out), for later checks. */
export function placeOf(value: object, key: string): Place {
  const place = places.get(value)?.get(key)
  if (place === undefined) throw new Error(`no place is known for ${key}`)
  return place
}

function pairs(map: YAMLMap, place: Place, known: readonly string[]): Map<string, { value: Node; place: Place }> {
  const found = new Map<string, { value: Node; place: Place }>()
  for (const { key, value } of map.items) {
    const name = isScalar(key) ? String(key.value) : '?'
    const at = { ...place, path: join(place.path, name), line: lineOf(key as Node, place) }
    if (!known.includes(name)) fail(at, `unknown key${didYouMean(name, known)}`)
    if (isEmpty(value)) fail(at, 'has no value; leave the key out for its default')
    found.set(name, { value: value as Node, place: at })
  }
  return found
}

function isEmpty(value: unknown): boolean {
  return value === null || (isScalar(value) && value.value === null)
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function lineOf(node: Node | null, place: Place): number {
  const start = node?.range?.[0]
  return start === undefined ? place.line : place.lines.linePos(start).line
}

/** Follows an alias (`*name`) to what it stands for. */
function resolve(node: Node, place: Place): Node | undefined {
  return isAlias(node) ? node.resolve(place.document) : node
}

function scalar(node: Node, place: Place, allowed: string): unknown {
  const target = resolve(node, place)
  if (!isScalar(target)) fail(place, `must be ${allowed}, not a ${isSeq(target) ? 'list' : 'map'}`)
  if (target.value === null) fail(place, 'has no value; leave the key out for its default')
  return target.value
}

/** A value as it is quoted in a message. */
function show(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}
