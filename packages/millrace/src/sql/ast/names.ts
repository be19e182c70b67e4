import type { Span } from '../../kernel/index.ts'

/** A name as written: its case is kept, quotes and their doubling are removed. */
export interface Identifier {
  readonly kind: 'identifier'
  readonly span: Span
  readonly name: string
  readonly quoted: boolean
}

/** A possibly qualified name of a table, view, function or other object; `parts` is never empty. */
export interface ObjectName {
  readonly kind: 'object-name'
  readonly span: Span
  readonly parts: readonly Identifier[]
}
