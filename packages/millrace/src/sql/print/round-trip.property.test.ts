import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyType } from '../../../test/parse/arbitrary-names.ts'
import { anyExpression } from '../../../test/parse/arbitrary-queries.ts'
import { anyStatement } from '../../../test/parse/arbitrary-statements.ts'
import { withoutSpans } from '../../../test/parse/without-spans.ts'
import { SNAPSHOT, STANDARD } from '../dialect.ts'
import { parseExpression, parseScript } from '../parse/index.ts'
import { printExpression, printStatement, printType } from './index.ts'

const LIMITS = { maxStatementLength: Number.MAX_SAFE_INTEGER }

describe.each([STANDARD, SNAPSHOT])('what is printed in the $name dialect reads back', (dialect) => {
  it('as the same expression', () => {
    fc.assert(
      fc.property(anyExpression, (tree) => {
        const text = printExpression(tree, dialect)
        expect(withoutSpans(parseExpression(text, dialect, LIMITS)), text).toEqual(withoutSpans(tree))
      }),
      { numRuns: Number(process.env['FC_RUNS'] ?? 300) },
    )
  })

  it('as the same statement', () => {
    fc.assert(
      fc.property(anyStatement, (tree) => {
        const text = printStatement(tree, dialect)
        const { statements, errors } = parseScript(text, dialect, LIMITS)
        expect(errors, text).toEqual([])
        expect(statements.map(withoutSpans), text).toEqual([withoutSpans(tree)])
      }),
      { numRuns: Number(process.env['FC_RUNS'] ?? 300) },
    )
  })

  it('as the same type', () => {
    fc.assert(
      fc.property(anyType, (tree) => {
        const cast = parseExpression(`CAST(x AS ${printType(tree, dialect)})`, dialect)
        expect(withoutSpans(cast)).toMatchObject({ type: withoutSpans(tree) })
      }),
    )
  })
})
