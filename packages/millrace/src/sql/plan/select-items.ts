import { didYouMean, type Span } from '../../kernel/index.ts'
import type * as ast from '../ast/index.ts'
import { findName, matchName, nameText, type ScopeColumn } from '../bind/index.ts'
import type { Planner } from './planner.ts'
import type { Relation } from './relation.ts'

/** One column of a SELECT list, stars spread out: either an expression or a column that a star stands for. */
export interface Item {
  readonly span: Span
  readonly alias: string | null
  readonly expression: ast.Expression | null
  readonly column: ScopeColumn | null
}

export function expandItems(planner: Planner, select: ast.Select, from: Relation): Item[] {
  return select.items.flatMap((item): Item[] => {
    if (item.kind === 'star') return expandStar(planner, item, from)
    const { span, alias, expression } = item
    return [{ span, alias: alias?.name ?? null, expression, column: null }]
  })
}

function expandStar(planner: Planner, star: ast.Star, from: Relation): Item[] {
  const { report } = planner
  if (from.open) return []
  let columns = from.columns.filter((c) => c.qualifiedOnly !== true)
  if (star.qualifier !== null) {
    const name = nameText(star.qualifier)
    const table = findName(name, from.qualifiers, (q) => q)
    columns = from.columns.filter((c) => (c.qualifier ?? table) === table)
    if (table === undefined) {
      report.error('SQL_UNKNOWN_TABLE', `there is no "${name}" in FROM`, star.qualifier.span, {
        hint: didYouMean(name, from.qualifiers),
      })
      return []
    }
  }
  const position = ({ name, span }: ast.Identifier): number | undefined => {
    const match = matchName(name, columns, (c) => c.name)
    if (match.kind === 'found') return columns.indexOf(match.item)
    if (match.kind === 'ambiguous') return report.error('SQL_AMBIGUOUS_COLUMN', `column "${name}" is ambiguous`, span)
    return report.error('SQL_UNKNOWN_COLUMN', `there is no column "${name}"`, span, {
      hint: didYouMean(
        name,
        columns.map((c) => c.name),
      ),
    })
  }
  const left = new Set(star.except.map(position))
  const replaced = new Map(star.replace.map((r) => [position(r.alias!), r.expression]))
  return columns.flatMap((column, i): Item[] => {
    if (left.has(i)) return []
    const expression = replaced.get(i)
    if (expression !== undefined) return [{ span: expression.span, alias: column.name, expression, column: null }]
    return [{ span: star.span, alias: null, expression: null, column }]
  })
}
