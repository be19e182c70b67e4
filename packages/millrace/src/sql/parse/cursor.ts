import { MillraceError, type Span, didYouMean, nearest } from '../../kernel/index.ts'
import type { Dialect } from '../dialect.ts'
import type { Token, TokenType } from '../lex/index.ts'
import type { ParseLimits } from './limits.ts'

/**
 * The tokens of one statement and a place among them. Any failing method throws a MillraceError with a span; the cursor
 * then stays at the offending token and must not be used for further parsing.
 */
export class Cursor {
  readonly dialect: Dialect
  readonly #text: string
  readonly #tokens: readonly Token[]
  readonly #limits: ParseLimits
  #at: number
  #depth = 0
  #height = 0
  /** Index of the token last taken as an alias without AS: misspelt keywords end up there. */
  #bareAlias: number | undefined

  /** `tokens` ends with `;` or `end`; `text` is what they were read from; `at` is where to begin. */
  constructor(text: string, tokens: readonly Token[], dialect: Dialect, limits: ParseLimits, at = 0) {
    this.#at = at
    this.#text = text
    this.#tokens = tokens
    this.dialect = dialect
    this.#limits = limits
  }

  get token(): Token {
    return this.#tokens[this.#at]!
  }

  /** The token `ahead` places on, the last one if there are not so many. */
  peek(ahead: number): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!
  }

  advance(): Token {
    const token = this.token
    if (this.#at < this.#tokens.length - 1) this.#at++
    return token
  }

  /** Whether the statement has been read to its end. */
  get atEnd(): boolean {
    return this.#at === this.#tokens.length - 1
  }

  /** Index of the token at the cursor. */
  get position(): number {
    return this.#at
  }

  get start(): number {
    return this.token.start
  }

  /** From `start` to the end of the token before the cursor. */
  spanFrom(start: number): Span {
    return { start, end: this.#tokens[Math.max(this.#at - 1, 0)]!.end }
  }

  /** Whether the token before the cursor is this symbol. */
  follows(symbol: string): boolean {
    const token = this.#tokens[this.#at - 1]
    return token?.type === 'symbol' && token.text === symbol
  }

  /** Text as written. */
  slice(span: Span): string {
    return this.#text.slice(span.start, span.end)
  }

  is(type: TokenType, ahead = 0): boolean {
    return this.peek(ahead).type === type
  }

  isWord(word: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token.upper === word && token.type === 'word'
  }

  isSymbol(symbol: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token.text === symbol && token.type === 'symbol'
  }

  acceptSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false
    this.#at++
    return true
  }

  /** Accepts all of the words, in order, or none. */
  acceptWords(...words: readonly string[]): boolean {
    for (let i = 0; i < words.length; i++) if (!this.isWord(words[i]!, i)) return false
    this.#at += words.length
    return true
  }

  /** Accepts one of the words and returns it in upper case. */
  acceptOneOf<const W extends string>(...words: readonly W[]): W | undefined {
    for (const word of words) if (this.acceptWords(word)) return word
    return undefined
  }

  expectSymbol(symbol: string): void {
    if (!this.acceptSymbol(symbol)) this.fail(`"${symbol}"`)
  }

  expectWords(...words: readonly string[]): void {
    for (const word of words) if (!this.acceptWords(word)) this.fail(word, [word])
  }

  expectOneOf<const W extends string>(...words: readonly W[]): W {
    return this.acceptOneOf(...words) ?? this.fail(alternatives(words), words)
  }

  expect(type: TokenType, what: string): Token {
    return this.is(type) ? this.advance() : this.fail(what)
  }

  /** Items separated by commas, at least one. */
  list<T>(item: (c: Cursor) => T): T[] {
    const items: T[] = []
    do items.push(item(this))
    while (this.acceptSymbol(','))
    return items
  }

  /** Items in parentheses separated by commas, at least one. */
  parenthesized<T>(item: (c: Cursor) => T): T[] {
    this.expectSymbol('(')
    const items = this.list(item)
    this.closeList()
    return items
  }

  closeList(close = ')'): void {
    if (!this.acceptSymbol(close)) this.fail(`"," or "${close}"`)
  }

  /** Enters a construct that can contain itself. What it returns goes to the matching `leave`. */
  enter(): number {
    if (++this.#depth > this.#limits.maxDepth) this.#tooDeep(`nests deeper than ${this.#limits.maxDepth} levels`)
    const outer = this.#height
    this.#height = 0
    return outer
  }

  leave(outer: number): void {
    this.#depth--
    this.#height = Math.max(outer, this.#height)
  }

  /** What was parsed since `enter` is or becomes the child of a new node. */
  grow(): void {
    if (++this.#height > this.#limits.maxHeight) this.#tooDeep(`chains more than ${this.#limits.maxHeight} operators`)
  }

  #tooDeep(what: string): never {
    throw new MillraceError('SQL_LIMIT', `the statement ${what}`, {
      span: span(this.token),
      hint: 'Split it with views or common table expressions; for a choice of values use IN.',
    })
  }

  noteBareAlias(): void {
    this.#bareAlias = this.#at - 1
  }

  /** `expected <what>, found <token>`; `keywords` are what a misspelt word may have meant. */
  fail(what: string, keywords: readonly string[] = []): never {
    const token = this.token
    if (token.type === 'invalid') throw new MillraceError('SQL_SYNTAX', token.text, { span: span(token) })
    throw new MillraceError('SQL_SYNTAX', `expected ${what}, found ${describe(token)}`, {
      span: span(token),
      hint: this.#suggestion(keywords),
    })
  }

  /** Fails because a complete statement goes on. */
  failAtEnd(): never {
    const { token } = this
    const misplaced = token.type === 'word' && (CLAUSES.includes(token.upper) || token.upper === 'BY')
    if (!misplaced || this.#suggestion([]) !== undefined) this.fail('the end of the statement', CLAUSES)
    throw new MillraceError('SQL_SYNTAX', `expected the end of the statement, found ${describe(token)}`, {
      span: span(token),
      hint: 'The order is WITH, SELECT, FROM, WHERE, GROUP BY, HAVING, WINDOW, QUALIFY, ORDER BY, LIMIT, OFFSET, EMIT.',
    })
  }

  #suggestion(keywords: readonly string[]): string | undefined {
    if (this.token.type === 'word') {
      const found = didYouMean(this.token.upper, keywords)
      if (found !== undefined) return found
    }
    if (this.#bareAlias === undefined || this.#bareAlias !== this.#at - 1) return undefined
    const alias = this.#tokens[this.#bareAlias]!
    const clause = alias.type === 'word' ? nearest(alias.upper, CLAUSES) : undefined
    return clause === undefined ? undefined : `Did you mean "${clause}" instead of "${alias.text}"?`
  }
}

/** What may be meant where an alias without AS is read. */
const CLAUSES: readonly string[] = [
  'FROM',
  'WHERE',
  'GROUP',
  'HAVING',
  'ORDER',
  'LIMIT',
  'OFFSET',
  'UNION',
  'JOIN',
  'EMIT',
  'QUALIFY',
  'WINDOW',
]

export function alternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)!}`
}

/** A token for an error message. Strings are not shown: they may hold a secret. */
export function describe(token: Token): string {
  switch (token.type) {
    case 'end':
      return 'the end of the text'
    case 'string':
      return 'a string'
    case 'number':
      return `the number ${shorten(token.text)}`
    case 'parameter':
      return `the parameter $${token.text}`
    default:
      return `"${shorten(token.text)}"`
  }
}

function shorten(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`
}

function span(token: Token): Span {
  return { start: token.start, end: token.end }
}
