/**
 * A validating scanner of JSON text (RFC 8259) in UTF-8 bytes. Nothing is built and nothing recurses. Stricter than the
 * RFC only in depth, laxer in nothing: no byte order mark, no invalid UTF-8. Escapes of lone surrogates and numbers of
 * any magnitude are well-formed.
 *
 * Positions are offsets into the array; a negative result is a fault: `~offset` of the offending byte (or the end), or
 * TOO_DEEP.
 */

/** Arrays and objects within each other. */
export const MAX_JSON_DEPTH = 1000
export const TOO_DEEP = -(2 ** 30)

/** What is wrong with bytes [start, end) as one JSON text; null if nothing is. */
export function jsonFault(bytes: Uint8Array, start: number, end: number): string | null {
  const at = scanJson(bytes, start, end)
  if (at >= 0) return null
  if (at === TOO_DEEP) return `nested deeper than ${MAX_JSON_DEPTH} levels`
  const offset = ~at
  if (offset >= end) return start === end ? 'the text is empty' : 'the text ends too early'
  const byte = bytes[offset]!
  const shown =
    byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte 0x${byte.toString(16).padStart(2, '0')}`
  return `unexpected ${shown} at offset ${offset - start}`
}

export function validateJson(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
  return scanJson(bytes, start, end) >= 0
}

function scanJson(bytes: Uint8Array, start: number, end: number): number {
  let i = skipJsonValue(bytes, skipJsonSpace(bytes, start, end), end, 0)
  if (i < 0) return i
  i = skipJsonSpace(bytes, i, end)
  return i === end ? i : ~i
}

export function skipJsonSpace(bytes: Uint8Array, i: number, end: number): number {
  while (i < end) {
    const c = bytes[i]!
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) break
    i++
  }
  return i
}

/** 1 for the bytes that stand for themselves in a string and may be passed without a look. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, c) => (c >= 0x20 && c < 0x80 && c !== 0x22 && c !== 0x5c ? 1 : 0))
const CLOSERS = new Uint8Array(MAX_JSON_DEPTH + 1)

/** The end of the value that begins exactly at `i`, inside `depth` levels of nesting. */
export function skipJsonValue(bytes: Uint8Array, i: number, end: number, depth: number): number {
  const outer = depth
  for (;;) {
    // Here a value must begin.
    if (i >= end) return ~i
    const c = bytes[i]!
    if (c === 0x22) {
      i++
      while (i < end && PLAIN[bytes[i]!] === 1) i++
      if (i < end && bytes[i] === 0x22) i++
      else if ((i = skipJsonStringRest(bytes, i, end)) < 0) return i
    } else if (c === 0x7b || c === 0x5b) {
      if (depth >= MAX_JSON_DEPTH) return TOO_DEEP
      const closer = c + 2
      CLOSERS[++depth] = closer
      i++
      if (i < end && bytes[i]! <= 0x20) i = skipJsonSpace(bytes, i, end)
      if (i < end && bytes[i] === closer) {
        depth--
        i++
      } else {
        if (closer === 0x7d && (i = skipJsonKey(bytes, i, end)) < 0) return i
        continue
      }
    } else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) {
      if ((i = skipJsonNumber(bytes, i, end)) < 0) return i
    } else if ((i = skipJsonLiteral(bytes, i, end)) < 0) {
      return i
    }
    // Here a value has ended; close what ends with it.
    for (;;) {
      if (depth === outer) return i
      if (i < end && bytes[i]! <= 0x20) i = skipJsonSpace(bytes, i, end)
      if (i >= end) return ~i
      const next = bytes[i]!
      const closer = CLOSERS[depth]!
      if (next === 0x2c) {
        i++
        if (i < end && bytes[i]! <= 0x20) i = skipJsonSpace(bytes, i, end)
        if (closer === 0x7d && (i = skipJsonKey(bytes, i, end)) < 0) return i
        break
      }
      if (next !== closer) return ~i
      depth--
      i++
    }
  }
}

/** From a key's opening quote to where its value begins. */
function skipJsonKey(bytes: Uint8Array, i: number, end: number): number {
  if (i >= end || bytes[i] !== 0x22) return ~i
  i++
  while (i < end && PLAIN[bytes[i]!] === 1) i++
  if (i < end && bytes[i] === 0x22) i++
  else if ((i = skipJsonStringRest(bytes, i, end)) < 0) return i
  if (i < end && bytes[i]! <= 0x20) i = skipJsonSpace(bytes, i, end)
  if (i >= end || bytes[i] !== 0x3a) return ~i
  i++
  return i < end && bytes[i]! <= 0x20 ? skipJsonSpace(bytes, i, end) : i
}

/** From the opening quote to behind the closing one. */
export function skipJsonString(bytes: Uint8Array, i: number, end: number): number {
  return skipJsonStringRest(bytes, i + 1, end)
}

/** From any character inside a string to behind its closing quote. */
export function skipJsonStringRest(bytes: Uint8Array, i: number, end: number): number {
  while (i < end) {
    const c = bytes[i]!
    if (c === 0x22) return i + 1
    if (c === 0x5c) {
      i = skipEscape(bytes, i, end)
      if (i < 0) return i
    } else if (c >= 0x80) {
      i = skipUtf8(bytes, i, end)
      if (i < 0) return i
    } else if (c < 0x20) {
      return ~i
    } else {
      i++
    }
  }
  return ~i
}

function skipEscape(bytes: Uint8Array, i: number, end: number): number {
  if (i + 1 >= end) return ~end
  switch (bytes[i + 1]) {
    case 0x22:
    case 0x5c:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return i + 2
    case 0x75: {
      for (let j = i + 2; j < i + 6; j++) {
        if (j >= end) return ~end
        const c = bytes[j]! | 0x20
        if (!((c >= 0x61 && c <= 0x66) || (bytes[j]! >= 0x30 && bytes[j]! <= 0x39))) return ~j
      }
      return i + 6
    }
    default:
      return ~(i + 1)
  }
}

/** Behind one multi-byte character of well-formed UTF-8 (Unicode, table 3-7). */
function skipUtf8(bytes: Uint8Array, i: number, end: number): number {
  const c = bytes[i]!
  if (c >= 0xc2 && c <= 0xdf) return continuation(bytes, i + 1, end) ? i + 2 : ~i
  const second = i + 1 < end ? bytes[i + 1]! : 0
  if (c >= 0xe0 && c <= 0xef) {
    const from = c === 0xe0 ? 0xa0 : 0x80
    const to = c === 0xed ? 0x9f : 0xbf
    return second >= from && second <= to && continuation(bytes, i + 2, end) ? i + 3 : ~i
  }
  if (c >= 0xf0 && c <= 0xf4) {
    const from = c === 0xf0 ? 0x90 : 0x80
    const to = c === 0xf4 ? 0x8f : 0xbf
    return second >= from && second <= to && continuation(bytes, i + 2, end) && continuation(bytes, i + 3, end)
      ? i + 4
      : ~i
  }
  return ~i
}

function continuation(bytes: Uint8Array, i: number, end: number): boolean {
  return i < end && (bytes[i]! & 0xc0) === 0x80
}

/** True if bytes [start, end) are well-formed UTF-8. */
export function validateUtf8(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
  let i = start
  while (i < end) {
    if (bytes[i]! < 0x80) i++
    else if ((i = skipUtf8(bytes, i, end)) < 0) return false
  }
  return true
}

export function skipJsonNumber(bytes: Uint8Array, i: number, end: number): number {
  if (i < end && bytes[i] === 0x2d) i++
  if (i < end && bytes[i] === 0x30) i++
  else if ((i = skipDigits(bytes, i, end)) < 0) return i
  return skipJsonNumberRest(bytes, i, end)
}

/** From behind a number's integer part to its end: fraction and exponent. */
export function skipJsonNumberRest(bytes: Uint8Array, i: number, end: number): number {
  if (i < end && bytes[i] === 0x2e && (i = skipDigits(bytes, i + 1, end)) < 0) return i
  if (i < end && (bytes[i]! | 0x20) === 0x65) {
    i++
    if (i < end && (bytes[i] === 0x2b || bytes[i] === 0x2d)) i++
    return skipDigits(bytes, i, end)
  }
  return i
}

function skipDigits(bytes: Uint8Array, i: number, end: number): number {
  const first = i
  while (i < end && bytes[i]! >= 0x30 && bytes[i]! <= 0x39) i++
  return i === first ? ~i : i
}

const LITERALS: ReadonlyMap<number, Uint8Array> = new Map(
  ['true', 'false', 'null'].map((word) => [word.charCodeAt(0), Buffer.from(word)]),
)

function skipJsonLiteral(bytes: Uint8Array, i: number, end: number): number {
  const word = LITERALS.get(bytes[i]!)
  if (word === undefined) return ~i
  for (let j = 1; j < word.length; j++) {
    if (i + j >= end || bytes[i + j] !== word[j]) return ~(i + j)
  }
  return i + word.length
}
