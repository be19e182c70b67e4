import { isHexDigit } from './characters.ts'

type Read =
  | { readonly value: string; readonly end: number; readonly error?: undefined }
  | { readonly value?: undefined; readonly end: number; readonly error: string }

const SIMPLE: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', 0: '\0' }

/**
 * Reads the inside of E'...' from `from`, just after the opening quote: \b \f \n \r \t \v \0, \xHH (one character),
 * \uHHHH, \UHHHHHHHH; any other escaped character stands for itself. `end` is after the closing quote.
 */
export function readEscapeString(text: string, from: number): Read {
  const parts: string[] = []
  let at = from
  let plainFrom = from
  for (;;) {
    const character = text[at]
    if (character === undefined) return { error: 'the string is not closed', end: text.length }
    if (character === "'") {
      parts.push(text.slice(plainFrom, at))
      if (text[at + 1] !== "'") return { value: parts.join(''), end: at + 1 }
      at++
      plainFrom = at
      at++
    } else if (character === '\\') {
      parts.push(text.slice(plainFrom, at))
      const escape = text[at + 1]
      if (escape === undefined) return { error: 'the string is not closed', end: text.length }
      const digits = escape === 'x' ? 2 : escape === 'u' ? 4 : escape === 'U' ? 8 : 0
      if (digits > 0) {
        const point = hexNumber(text, at + 2, digits)
        if (point === undefined || point > 0x10ffff) {
          return { error: `\\${escape} needs ${digits} hexadecimal digits of a character`, end: closing(text, at) }
        }
        parts.push(String.fromCodePoint(point))
      } else {
        parts.push(SIMPLE[escape] ?? escape)
      }
      at += 2 + digits
      plainFrom = at
    } else {
      at++
    }
  }
}

function hexNumber(text: string, from: number, digits: number): number | undefined {
  for (let i = 0; i < digits; i++) if (!isHexDigit(text.charCodeAt(from + i))) return undefined
  return Number.parseInt(text.slice(from, from + digits), 16)
}

/** After the quote that ends a faulty string, so that what follows it is read as usual. */
function closing(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === "'") return at + 1
  }
  return text.length
}
