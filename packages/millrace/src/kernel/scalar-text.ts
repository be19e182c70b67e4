/** How text is read as BOOLEAN and DOUBLE, in a literal as in a cast. Space around it does not matter; undefined: it is none. */

const TRUE = new Set(['true', 't', 'yes', 'y', 'on', '1'])
const FALSE = new Set(['false', 'f', 'no', 'n', 'off', '0'])

export function parseBoolean(text: string): boolean | undefined {
  const word = text.trim().toLowerCase()
  return TRUE.has(word) ? true : FALSE.has(word) ? false : undefined
}

/** A decimal number, or NaN, Infinity, -Infinity in any case. A number too large for a double is none. */
export function parseDouble(text: string): number | undefined {
  const trimmed = text.trim()
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) {
    const value = Number(trimmed)
    return Number.isFinite(value) ? value : undefined
  }
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(trimmed)
  if (word === null) return undefined
  if (word[2]!.toLowerCase() === 'nan') return Number.NaN
  return word[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}
