import type { Identifier, ObjectName } from '../ast/index.ts'
import type { Dialect } from '../dialect.ts'
import { isPlainName } from '../lex/index.ts'
import { RESERVED } from '../parse/words.ts'

/** How to write, handed down while printing. */
export interface Style {
  readonly dialect: Dialect
  /** The blanks before a line. */
  readonly indent: string
}

export function deeper(style: Style): Style {
  return { dialect: style.dialect, indent: `${style.indent}  ` }
}

/** Lines of the same indent. */
export function lines(parts: readonly (string | false | null)[], style: Style): string {
  return parts.filter((part): part is string => typeof part === 'string' && part !== '').join(`\n${style.indent}`)
}

/** Words separated by blanks, none before a line break; what is empty or false is left out. */
export function words(...parts: readonly (string | false | null)[]): string {
  let text = ''
  for (const part of parts) {
    if (part === null || part === false || part === '') continue
    text += text === '' || part.startsWith('\n') ? part : ` ${part}`
  }
  return text
}

const LINE_WIDTH = 100

/** Comma-separated, on one line or, if that would be long, one to a line. `print` is given the style of its line. */
export function list<T>(items: readonly T[], style: Style, print: (item: T, style: Style) => string): string {
  if (items.length === 1) return print(items[0]!, style)
  const inner = deeper(style)
  const printed = items.map((item) => print(item, inner))
  const text = printed.join(', ')
  const short = style.indent.length + text.length <= LINE_WIDTH && !text.includes('\n')
  return short ? text : `\n${inner.indent}${printed.join(`,\n${inner.indent}`)}`
}

/** A comma-separated list in parentheses, one item to a line. */
export function block<T>(items: readonly T[], style: Style, print: (item: T, style: Style) => string): string {
  const inner = deeper(style)
  return `(\n${inner.indent}${items.map((item) => print(item, inner)).join(`,\n${inner.indent}`)}\n${style.indent})`
}

/** A name where a keyword could stand. */
export function name(identifier: Identifier, { dialect }: Style): string {
  const plain = !identifier.quoted && isPlainName(identifier.name) && !RESERVED.has(identifier.name.toUpperCase())
  return plain ? identifier.name : quoteName(identifier.name, dialect)
}

/** A name where any word is one: after a dot, after AS, where a column is defined. */
export function label(identifier: Identifier, { dialect }: Style): string {
  return !identifier.quoted && isPlainName(identifier.name) ? identifier.name : quoteName(identifier.name, dialect)
}

export function labels(identifiers: readonly Identifier[], style: Style): string {
  return identifiers.map((identifier) => label(identifier, style)).join(', ')
}

export function path(parts: readonly Identifier[], style: Style): string {
  return parts.map((part, i) => (i === 0 ? name(part, style) : label(part, style))).join('.')
}

export function objectName(node: ObjectName, style: Style): string {
  return path(node.parts, style)
}

function quoteName(text: string, dialect: Dialect): string {
  const quote = dialect.identifierQuotes[0] ?? '"'
  return quote + text.replaceAll(quote, quote + quote) + quote
}

export function string(value: string, { dialect }: Style): string {
  const quote = dialect.stringQuotes[0] ?? "'"
  return quote + value.replaceAll(quote, quote + quote) + quote
}
