import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyStatement } from '../../../test/parse/arbitrary-statements.ts'
import { withoutSpans } from '../../../test/parse/without-spans.ts'
import type { Expression } from '../ast/index.ts'
import { printStatement } from '../print/index.ts'
import { parseExpression, parseScript, parseStatement } from './index.ts'

const LIMITS = { maxStatementLength: Number.MAX_SAFE_INTEGER }

const EXPRESSIONS: ReadonlySet<string> = new Set<Expression['kind']>([
  'null',
  'boolean',
  'number',
  'string',
  'typed-literal',
  'interval',
  'parameter',
  'column',
  'field',
  'subscript',
  'slice',
  'unary',
  'binary',
  'logical',
  'is-null',
  'is-truth',
  'is-distinct',
  'in-list',
  'in-query',
  'between',
  'like',
  'quantified',
  'case',
  'cast',
  'at-time-zone',
  'extract',
  'position',
  'trim',
  'array',
  'row',
  'struct',
  'call',
  'exists',
  'subquery',
])

interface Node {
  readonly kind: string
  readonly span: { readonly start: number; readonly end: number }
}

/** All nodes below `value` save those under `skipped` keys, each with the nearest node around it. */
function* nodes(
  value: unknown,
  skipped: readonly string[] = [],
  parent: Node | null = null,
): Generator<readonly [Node, Node | null]> {
  if (typeof value !== 'object' || value === null) return
  const isNode = 'kind' in value
  if (isNode) yield [value as Node, parent]
  for (const [key, child] of Object.entries(value)) {
    if (!skipped.includes(key)) yield* nodes(child, skipped, isNode ? (value as Node) : parent)
  }
}

describe('spans', () => {
  it('lie within those of the node around', () => {
    fc.assert(
      fc.property(anyStatement, (tree) => {
        for (const [node, parent] of nodes(parseStatement(printStatement(tree), undefined, LIMITS))) {
          expect(node.span.start, node.kind).toBeLessThan(node.span.end)
          if (parent === null) continue
          expect(node.span.start, `${node.kind} in ${parent.kind}`).toBeGreaterThanOrEqual(parent.span.start)
          expect(node.span.end, `${node.kind} in ${parent.kind}`).toBeLessThanOrEqual(parent.span.end)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('cut out text that means the same expression', () => {
    fc.assert(
      fc.property(anyStatement, (tree) => {
        const text = printStatement(tree)
        // an option value is no expression though it may look like one
        for (const [node] of nodes(parseStatement(text, undefined, LIMITS), ['option', 'options'])) {
          if (!EXPRESSIONS.has(node.kind)) continue
          const cut = text.slice(node.span.start, node.span.end)
          expect(withoutSpans(parseExpression(cut, undefined, LIMITS)), cut).toEqual(withoutSpans(node))
        }
      }),
      { numRuns: 100 },
    )
  })

  it('count from the start of the script', () => {
    const text = '-- one\nSELECT 1;\n\n  SELECT a + b ;'
    const spans = parseScript(text).statements.map((s) => text.slice(s.span.start, s.span.end))
    expect(spans).toEqual(['SELECT 1', 'SELECT a + b'])
  })
})
