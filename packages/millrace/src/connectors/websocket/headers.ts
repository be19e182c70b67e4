import { MillraceError } from '../../kernel/index.ts'

export type Header = readonly [name: string, value: string]

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** A comma that starts a new header: what follows it looks like `name:`, but not like a URL. */
const NEXT_HEADER = /^\s*(?:"[^":]+:(?:[^"]|"")*"\s*(?:,|$)|[!#$%&'*+\-.^_`|~0-9A-Za-z]+\s*:(?!\/\/))/

/**
 * Reads the `headers` option: `Name: value` separated by commas, or one header a line, or a JSON object whose values are texts or lists of
 * texts. Names end at the first colon; a comma belongs to the value unless `name:` follows it. A value, or a whole header, in double quotes
 * is taken as it stands inside them, `""` being one quote. Repeated names are kept. Nothing of a value gets into an error.
 *
 * @throws MillraceError CONFIG_INVALID
 */
export function parseHeaders(text: string): readonly Header[] {
  const headers =
    text.trimStart().startsWith('{') && !text.trimStart().startsWith('{{') ? fromJson(text) : fromText(text)
  for (const [name, value] of headers) {
    if (!TOKEN.test(name))
      throw invalid(`${JSON.stringify(name)} is no header name`, 'A name consists of letters, digits and dashes.')
    if (/[\r\n\0]/.test(value)) throw invalid(`the value of header "${name}" holds a line break`)
  }
  return headers
}

function fromJson(text: string): Header[] {
  let object: unknown
  try {
    object = JSON.parse(text)
  } catch {
    throw invalid('the headers start like a JSON object but are none')
  }
  return Object.entries(object as Record<string, unknown>).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((item: unknown): Header => {
      if (typeof item === 'object' || item === undefined) throw invalid(`the value of header "${name}" is no text`)
      return [name, String(item)]
    }),
  )
}

function fromText(text: string): Header[] {
  if (text.includes('\r')) {
    throw invalid(
      'the headers hold a carriage return',
      'Write one header a line with plain line feeds, or a JSON object.',
    )
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const pieces = lines.length > 1 ? lines.map((line) => line.replace(/,\s*$/, '')) : splitCommas(text)
  return pieces.filter((piece) => piece.trim() !== '').map(readHeader)
}

function splitCommas(text: string): string[] {
  const pieces: string[] = []
  let from = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"' && (quoted || opensQuote(text, from, i))) quoted = !quoted
    else if (text[i] === ',' && !quoted && (NEXT_HEADER.test(text.slice(i + 1)) || text.slice(i + 1).trim() === '')) {
      pieces.push(text.slice(from, i))
      from = i + 1
    }
  }
  if (quoted) throw invalid('the headers hold a double quote that is never closed')
  pieces.push(text.slice(from))
  return pieces
}

/** Quotes protect only where a header or its value begins; elsewhere they are part of the value. */
function opensQuote(text: string, from: number, at: number): boolean {
  const before = text.slice(from, at).trim()
  return before === '' || /^[^\s:"]+\s*:$/.test(before)
}

function readHeader(piece: string, index: number): Header {
  const header = unquote(piece.trim())
  const colon = header.indexOf(':')
  if (colon === -1) {
    throw invalid(`header ${index + 1} has no colon`, 'Headers are written like Name: value, Other-Name: value.')
  }
  return [header.slice(0, colon).trim(), unquote(header.slice(colon + 1).trim())]
}

function unquote(text: string): string {
  return /^"(?:[^"]|"")*"$/.test(text) ? text.slice(1, -1).replaceAll('""', '"') : text
}

function invalid(message: string, hint?: string): MillraceError {
  return new MillraceError('CONFIG_INVALID', message, { hint })
}
