export type TokenType =
  /** Unquoted name or keyword: `text` as written. */
  | 'word'
  /** Quoted name: `text` without quotes. */
  | 'quoted'
  /** `text` is the denoted string. */
  | 'string'
  /** `text` without `_` separators. */
  | 'number'
  /** `$1`: `text` is the digits. */
  | 'parameter'
  /** Operator or punctuation: `text` is its symbol. */
  | 'symbol'
  /** A lexical error; `text` is its message. */
  | 'invalid'
  | 'end'

export interface Token {
  readonly type: TokenType
  readonly text: string
  /**
   * A word of ASCII letters in upper case; the text itself for everything else. Compare with a keyword only if `type`
   * is `word`.
   */
  readonly upper: string
  /** UTF-16 offsets, half open. */
  readonly start: number
  readonly end: number
}
