/**
 * Reading values inside JSON text without building objects: numbers keep every digit, keys are compared after
 * unescaping, and a key such as `__proto__` is a key like any other. A slice is [start, end) of one value in the text.
 * The text is valid JSON (a decoder or a cast has checked it); nesting costs no stack.
 */
export interface Slice {
  readonly start: number
  readonly end: number
}

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null'

/** The one value of the text, without the space around it. */
export function wholeValue(text: string): Slice {
  const start = skipSpace(text, 0)
  return { start, end: skipValue(text, start) }
}

export function sliceText(text: string, slice: Slice): string {
  return slice.start === 0 && slice.end === text.length ? text : text.slice(slice.start, slice.end)
}

export function kindAt(text: string, at: number): JsonKind {
  switch (text.charCodeAt(at)) {
    case 0x7b:
      return 'object'
    case 0x5b:
      return 'array'
    case 0x22:
      return 'string'
    case 0x74:
    case 0x66:
      return 'boolean'
    case 0x6e:
      return 'null'
    default:
      return 'number'
  }
}

/** The member of an object; the last one if the key is repeated. Undefined: no such key, or no object. */
export function memberOf(text: string, object: Slice, key: string): Slice | undefined {
  let found: Slice | undefined
  for (const [keySlice, value] of membersOf(text, object)) {
    if (keyEquals(text, keySlice, key)) found = value
  }
  return found
}

/** The element of an array, from the end when `index` is negative. Undefined: no such element, or no array. */
export function elementOf(text: string, array: Slice, index: number): Slice | undefined {
  if (index < 0) return elementsOf(text, array).at(index)
  let at = 0
  for (const element of iterateElements(text, array)) {
    if (at === index) return element
    at++
  }
  return undefined
}

export function elementsOf(text: string, array: Slice): Slice[] {
  return [...iterateElements(text, array)]
}

function* iterateElements(text: string, array: Slice): Generator<Slice> {
  if (text.charCodeAt(array.start) !== 0x5b) return
  let at = skipSpace(text, array.start + 1)
  while (at < array.end && text.charCodeAt(at) !== 0x5d) {
    const end = skipValue(text, at)
    yield { start: at, end }
    at = skipSpace(text, end)
    if (text.charCodeAt(at) === 0x2c) at = skipSpace(text, at + 1)
  }
}

/** Key (with its quotes) and value of every member, in the order of the text, repeated keys included. */
export function* membersOf(text: string, object: Slice): Generator<readonly [key: Slice, value: Slice]> {
  if (text.charCodeAt(object.start) !== 0x7b) return
  let at = skipSpace(text, object.start + 1)
  while (at < object.end && text.charCodeAt(at) !== 0x7d) {
    const key = { start: at, end: skipString(text, at) }
    const start = skipSpace(text, skipSpace(text, key.end) + 1)
    const value = { start, end: skipValue(text, start) }
    yield [key, value]
    at = skipSpace(text, value.end)
    if (text.charCodeAt(at) === 0x2c) at = skipSpace(text, at + 1)
  }
}

/** The distinct keys of an object with their last values, in order of first appearance. */
export function distinctMembers(text: string, object: Slice): Map<string, Slice> {
  const members = new Map<string, Slice>()
  for (const [key, value] of membersOf(text, object)) members.set(stringAt(text, key), value)
  return members
}

/** The value of a JSON string, unescaped. */
export function stringAt(text: string, slice: Slice): string {
  const escaped = text.indexOf('\\', slice.start)
  return escaped === -1 || escaped >= slice.end
    ? text.slice(slice.start + 1, slice.end - 1)
    : (JSON.parse(text.slice(slice.start, slice.end)) as string)
}

function keyEquals(text: string, slice: Slice, key: string): boolean {
  const length = slice.end - slice.start - 2
  if (length === key.length && text.startsWith(key, slice.start + 1)) return !key.includes('\\')
  return length > key.length && stringAt(text, slice) === key
}

function skipSpace(text: string, from: number): number {
  let at = from
  for (;;) {
    const c = text.charCodeAt(at)
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return at
    at++
  }
}

/** The end of the string that starts (with its quote) at `from`. */
function skipString(text: string, from: number): number {
  let at = from + 1
  for (;;) {
    const quote = text.indexOf('"', at)
    if (quote === -1) return text.length
    let backslashes = 0
    while (text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++
    if (backslashes % 2 === 0) return quote + 1
    at = quote + 1
  }
}

function skipValue(text: string, from: number): number {
  const first = text.charCodeAt(from)
  if (first === 0x22) return skipString(text, from)
  if (first !== 0x7b && first !== 0x5b) return skipScalar(text, from)
  let depth = 0
  let at = from
  while (at < text.length) {
    const c = text.charCodeAt(at)
    if (c === 0x22) {
      at = skipString(text, at)
      continue
    }
    at++
    if (c === 0x7b || c === 0x5b) depth++
    else if (c === 0x7d || c === 0x5d) {
      depth--
      if (depth === 0) return at
    }
  }
  return text.length
}

function skipScalar(text: string, from: number): number {
  let at = from
  while (at < text.length) {
    const c = text.charCodeAt(at)
    if (c === 0x2c || c === 0x7d || c === 0x5d || c <= 0x20) break
    at++
  }
  return at
}

/** Nesting beyond this is refused wherever JSON comes in. */
const MAX_JSON_DEPTH = 1000

/** Whether the text is one JSON value (RFC 8259), nested no deeper than 1,000. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text)
  } catch {
    return false
  }
  return depthOf(text) <= MAX_JSON_DEPTH
}

function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  for (let at = 0; at < text.length; ) {
    const c = text.charCodeAt(at)
    if (c === 0x22) {
      at = skipString(text, at)
      continue
    }
    if (c === 0x7b || c === 0x5b) deepest = Math.max(deepest, ++depth)
    else if (c === 0x7d || c === 0x5d) depth--
    at++
  }
  return deepest
}
