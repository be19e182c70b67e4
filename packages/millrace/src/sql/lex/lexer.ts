import type { Dialect } from '../dialect.ts'
import { isDigit, isHexDigit, isNamePart, isNameStart, isSpace, pointAt } from './characters.ts'
import { readEscapeString } from './escapes.ts'
import type { Token, TokenType } from './token.ts'

/** Longest first, so that the first match is the right one. `>>` is left to the parser: it also closes two types. */
const SYMBOLS: readonly string[] =
  '->> !~* -> => :: <> != == <= >= << || !~ ~* + - * / % ^ = < > ~ & | # ? ( ) [ ] { } , ; . :'.split(' ')

const SYMBOLS_BY_START: readonly (readonly string[])[] = Array.from({ length: 128 }, (_, code) =>
  SYMBOLS.filter((s) => s.charCodeAt(0) === code),
)

const TYPOGRAPHIC_QUOTES = '\u2018\u2019\u201a\u201c\u201d\u201e\u00b4'

/**
 * Cuts SQL text into tokens, skipping blanks and comments. A lexical error is an `invalid` token, after which reading
 * goes on; at the end of the text every call returns `end`. Time is linear in the text.
 */
export class Lexer {
  readonly text: string
  readonly #identifierQuotes: string
  readonly #stringQuotes: string
  #at = 0

  constructor(text: string, dialect: Dialect) {
    this.text = text
    this.#identifierQuotes = dialect.identifierQuotes.join('')
    this.#stringQuotes = dialect.stringQuotes.join('')
  }

  next(): Token {
    const unterminated = this.#skipBlanks()
    if (unterminated !== undefined) return unterminated
    const { text } = this
    const start = this.#at
    const code = text.charCodeAt(start)
    if (Number.isNaN(code)) return this.#token('end', '', start)
    if (isNameStart(text, start)) return this.#word(start)
    if (isDigit(code) || (code === 46 && isDigit(text.charCodeAt(start + 1)))) return this.#number(start)
    const character = text[start]!
    if (this.#stringQuotes.includes(character)) return this.#quoted('string', start)
    if (this.#identifierQuotes.includes(character)) return this.#quoted('quoted', start)
    if (code === 36) return this.#dollar(start)
    return this.#symbol(start, code)
  }

  #token(type: TokenType, text: string, start: number, upper: string = text): Token {
    return { type, text, upper, start, end: this.#at }
  }

  #invalid(message: string, start: number, end: number): Token {
    this.#at = end
    return this.#token('invalid', message, start)
  }

  /** Returns the error token of a comment that never ends. */
  #skipBlanks(): Token | undefined {
    const { text } = this
    for (;;) {
      const code = text.charCodeAt(this.#at)
      if (isSpace(code)) {
        this.#at++
      } else if (code === 45 && text.charCodeAt(this.#at + 1) === 45) {
        const end = text.indexOf('\n', this.#at)
        this.#at = end === -1 ? text.length : end + 1
      } else if (code === 47 && text.charCodeAt(this.#at + 1) === 42) {
        const start = this.#at
        if (!this.#skipBlockComment()) {
          this.#at = text.length
          return { type: 'invalid', text: 'the comment is not closed', upper: '', start, end: start + 2 }
        }
      } else {
        return undefined
      }
    }
  }

  #skipBlockComment(): boolean {
    const mark = /\/\*|\*\//g
    mark.lastIndex = this.#at
    let depth = 0
    for (let match = mark.exec(this.text); match !== null; match = mark.exec(this.text)) {
      depth += match[0] === '/*' ? 1 : -1
      if (depth === 0) {
        this.#at = mark.lastIndex
        return true
      }
    }
    return false
  }

  #word(start: number): Token {
    const { text } = this
    let at = start
    let ascii = true
    do {
      if (text.charCodeAt(at) < 128) {
        at++
      } else {
        ascii = false
        at += pointAt(text, at).length
      }
    } while (isNamePart(text, at))
    if (at === start + 1 && text.charCodeAt(at) === 39 && (text[start] === 'E' || text[start] === 'e')) {
      return this.#escapeString(start)
    }
    this.#at = at
    const word = text.slice(start, at)
    return this.#token('word', word, start, ascii ? word.toUpperCase() : word)
  }

  #number(start: number): Token {
    const { text } = this
    let at = start
    if (text[at] === '0' && (text[at + 1] === 'x' || text[at + 1] === 'X') && isHexDigit(text.charCodeAt(at + 2))) {
      at = this.#digits(at + 2, isHexDigit)
    } else {
      at = this.#digits(at, isDigit)
      if (text[at] === '.') at = this.#digits(at + 1, isDigit)
      if (text[at] === 'e' || text[at] === 'E') {
        const sign = text[at + 1] === '+' || text[at + 1] === '-' ? 1 : 0
        if (isDigit(text.charCodeAt(at + 1 + sign))) at = this.#digits(at + 1 + sign, isDigit)
      }
    }
    this.#at = at
    const number = text.slice(start, at)
    return this.#token('number', number.includes('_') ? number.replaceAll('_', '') : number, start)
  }

  /** The end of a run of digits, single `_` allowed between them. */
  #digits(from: number, accepts: (code: number) => boolean): number {
    let at = from
    while (
      accepts(this.text.charCodeAt(at)) ||
      (at > from && this.text[at] === '_' && accepts(this.text.charCodeAt(at + 1)))
    )
      at++
    return at
  }

  /** A string or name between equal quotes, where a doubled quote stands for itself. */
  #quoted(type: 'string' | 'quoted', start: number): Token {
    const { text } = this
    const quote = text[start]!
    let doubled = false
    let end = text.indexOf(quote, start + 1)
    while (end !== -1 && text[end + 1] === quote) {
      doubled = true
      end = text.indexOf(quote, end + 2)
    }
    if (end === -1)
      return this.#invalid(`the ${type === 'string' ? 'string' : 'quoted name'} is not closed`, start, text.length)
    this.#at = end + 1
    const inner = text.slice(start + 1, end)
    if (type === 'quoted' && inner === '') return this.#invalid('a quoted name must not be empty', start, end + 1)
    return this.#token(type, doubled ? inner.replaceAll(quote + quote, quote) : inner, start)
  }

  #escapeString(start: number): Token {
    const read = readEscapeString(this.text, start + 2)
    if (read.error !== undefined) return this.#invalid(read.error, start, read.end)
    this.#at = read.end
    return this.#token('string', read.value, start)
  }

  /** `$1`, or a string between two equal `$tag$`. */
  #dollar(start: number): Token {
    const { text } = this
    if (isDigit(text.charCodeAt(start + 1))) {
      this.#at = start + 1
      while (isDigit(text.charCodeAt(this.#at))) this.#at++
      return this.#token('parameter', text.slice(start + 1, this.#at), start)
    }
    let at = start + 1
    if (isNameStart(text, at)) while (text[at] !== '$' && isNamePart(text, at)) at++
    if (text[at] !== '$')
      return this.#invalid('"$" starts neither a parameter such as $1 nor a $$ string', start, start + 1)
    const tag = text.slice(start, at + 1)
    const end = text.indexOf(tag, at + 1)
    if (end === -1) return this.#invalid(`the ${tag} string is not closed`, start, text.length)
    this.#at = end + tag.length
    return this.#token('string', text.slice(at + 1, end), start)
  }

  #symbol(start: number, code: number): Token {
    for (const symbol of SYMBOLS_BY_START[code] ?? []) {
      if (this.text.startsWith(symbol, start)) {
        this.#at = start + symbol.length
        return this.#token('symbol', symbol, start)
      }
    }
    const character = pointAt(this.text, start)
    const message = TYPOGRAPHIC_QUOTES.includes(character)
      ? `"${character}" is a typographic quote, SQL needs a straight one`
      : `the character ${describe(character)} has no meaning here`
    return this.#invalid(message, start, start + character.length)
  }
}

function describe(character: string): string {
  const point = character.codePointAt(0)!
  const code = `U+${point.toString(16).toUpperCase().padStart(4, '0')}`
  return /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(character) ? `"${character}" (${code})` : code
}
