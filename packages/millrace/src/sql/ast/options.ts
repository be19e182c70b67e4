import type { Span } from '../../kernel/index.ts'
import type { BooleanLiteral, IntervalLiteral, NumberLiteral, StringLiteral } from './literals.ts'

/** One `key = value` of WITH, or the whole of SET. */
export interface Option {
  readonly kind: 'option'
  readonly span: Span
  readonly key: OptionKey
  readonly value: OptionValue
}

/** `format`, `json.timestamp_format` and `'subscription_messages.0'` alike: the text without quotes, dots included. */
export interface OptionKey {
  readonly kind: 'option-key'
  readonly span: Span
  readonly text: string
}

export type OptionValue = StringLiteral | NumberLiteral | BooleanLiteral | IntervalLiteral | OptionWord | OptionList

/** A bare word: `event_time_field = ts`, `max.query.time = 30s`. */
export interface OptionWord {
  readonly kind: 'option-word'
  readonly span: Span
  readonly text: string
}

/** `['a', 'b']` or `ARRAY['a', 'b']`. */
export interface OptionList {
  readonly kind: 'option-list'
  readonly span: Span
  readonly values: readonly OptionValue[]
}
