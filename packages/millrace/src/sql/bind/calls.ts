import { type DataType, DECIMAL, didYouMean, INTERVAL, type Span, TEXT, TIMESTAMP } from '../../kernel/index.ts'
import { columnRef, type Expr, type Resolution } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import { castTo } from './cast.ts'
import { compare, isTextLiteral, unify } from './comparisons.ts'
import type { ExpressionBinder } from './expression-binder.ts'
import { textAs } from './literals.ts'
import { nameText } from './names.ts'
import { isWindowFunction } from './window-call.ts'

/** Functions with a meaning only in OVER. */
const OVER_ONLY: ReadonlySet<string> = new Set([
  'row_number',
  'rank',
  'dense_rank',
  'percent_rank',
  'cume_dist',
  'ntile',
  'lag',
  'lead',
  'nth_value',
])

export function bindCall(binder: ExpressionBinder, call: ast.Call): Expr | undefined {
  const { report, context, environment } = binder
  const name = nameText(call.name).toLowerCase()
  if (call.over !== null) return bindOver(binder, name, call)
  if (OVER_ONLY.has(name)) {
    return report.error('SQL_INVALID', `window function ${name} has no OVER`, call.span, {
      hint: `Say over which rows: ${name}(...) OVER (PARTITION BY key ORDER BY ts).`,
    })
  }
  if (isWindowFunction(name)) {
    return context.window === undefined
      ? report.error('SQL_WINDOW', `${name} has no meaning in ${context.clause}`, call.span, {
          hint: 'Windows stand in GROUP BY, and in the SELECT list of a query that groups by them.',
        })
      : context.window(call)
  }
  if (environment.functions.aggregate(name) !== undefined) {
    if (context.aggregate !== undefined) return context.aggregate(call, name)
    return report.error('SQL_GROUPING', `aggregate ${name} has no meaning in ${context.clause}`, call.span, {
      hint: context.clause === 'WHERE' ? 'Filter results of aggregates in HAVING.' : undefined,
    })
  }
  if (!plainCall(binder, call, name)) return undefined
  if (name === 'row_time') return rowTime(binder, call)
  const args = bindArguments(binder, call)
  if (args === undefined) return undefined
  return (
    special(binder, name, args, call.span) ??
    (SPECIAL.has(name) ? undefined : callFunction(binder, name, args, call.span, undefined, call.name.span))
  )
}

function bindOver(binder: ExpressionBinder, name: string, call: ast.Call): Expr | undefined {
  const { report, context } = binder
  if (context.over !== undefined) return context.over(call, name)
  return report.error('SQL_INVALID', `${name} with OVER has no meaning in ${context.clause}`, call.span, {
    hint: 'Window functions stand in the SELECT list, in WHERE and in QUALIFY; elsewhere, use the column of a query that computes it: FROM (SELECT ...).',
  })
}

/** Refuses what only aggregates may carry. */
function plainCall(binder: ExpressionBinder, call: ast.Call, name: string): boolean {
  const { report } = binder
  const misplaced = call.distinct
    ? 'DISTINCT'
    : call.orderBy.length > 0
      ? 'ORDER BY'
      : call.withinGroup.length > 0
        ? 'WITHIN GROUP'
        : call.filter !== null
          ? 'FILTER'
          : call.nulls !== null
            ? `${call.nulls} NULLS`
            : undefined
  if (misplaced === undefined) return true
  if (binder.environment.functions.scalar(name) === undefined && !SPECIAL.has(name))
    unknownFunction(binder, name, call.name.span)
  else report.error('SQL_INVALID', `${misplaced} has no meaning in a call of ${name}, which is no aggregate`, call.span)
  return false
}

/** The arguments' values; stars, names and tables among them are reported. */
export function bindArguments(binder: ExpressionBinder, call: ast.Call): Expr[] | undefined {
  const nodes: ast.Expression[] = []
  let failed = false
  for (const { name, value, span } of call.arguments) {
    if (name !== null) {
      binder.report.unsupported('passing arguments by name is', span, 'Pass them in order.')
      failed = true
    } else if (value.kind === 'star-argument') {
      binder.report.error('SQL_INVALID', `only count takes "*"`, span)
      failed = true
    } else if (value.kind === 'table-argument' || value.kind === 'descriptor') {
      binder.report.error('SQL_INVALID', 'a table cannot be an argument here', span)
      failed = true
    } else {
      nodes.push(value)
    }
  }
  const args = binder.bindAll(nodes)
  return failed ? undefined : args
}

function rowTime(binder: ExpressionBinder, call: ast.Call): Expr | undefined {
  if (call.arguments.length > 0) return binder.report.error('SQL_TYPE', 'row_time takes no arguments', call.span)
  if (binder.context.rowtime !== undefined) return binder.context.rowtime()
  const { rowtime, open } = binder.scope
  if (rowtime !== null) return columnRef(rowtime, TIMESTAMP)
  return open ? undefined : binder.report.error('SQL_INVALID', 'rows have no event time here', call.span)
}

const SPECIAL: ReadonlySet<string> = new Set(['coalesce', 'ifnull', 'nvl', 'nullif'])

/** Forms that evaluate their arguments only as far as needed. */
function special(binder: ExpressionBinder, name: string, args: readonly Expr[], span: Span): Expr | undefined {
  switch (name) {
    case 'coalesce':
    case 'ifnull':
    case 'nvl': {
      const wanted = name === 'coalesce' ? args.length >= 1 : args.length === 2
      if (!wanted) {
        return binder.report.error(
          'SQL_TYPE',
          `${name} takes ${name === 'coalesce' ? 'at least one argument' : 'two arguments'}`,
          span,
        )
      }
      const same = unify(binder, args, span, `the arguments of ${name}`)
      return same && { kind: 'coalesce', type: same[0]!.type, args: same }
    }
    case 'nullif': {
      const [a, b] = args
      if (a === undefined || b === undefined || args.length !== 2) {
        return binder.report.error('SQL_TYPE', 'nullif takes two arguments', span)
      }
      const when = compare(binder, 'eq', a, b, span, 'nullif')
      return (
        when && {
          kind: 'case',
          type: a.type,
          branches: [{ when, then: { kind: 'literal', type: a.type, text: null } }],
          otherwise: a,
        }
      )
    }
    default:
      return undefined
  }
}

/**
 * A call of the catalogue's function `name`, arguments cast as its signature asks. `label` is its name in messages; `nameSpan` is where to
 * point if there is none.
 */
export function callFunction(
  binder: ExpressionBinder,
  name: string,
  args: readonly Expr[],
  span: Span,
  label = `function "${name}"`,
  nameSpan = span,
): Expr | undefined {
  const signature = binder.environment.functions.scalar(name)
  if (signature === undefined) return unknownFunction(binder, name, nameSpan)
  const resolved = resolveArguments((types) => signature.resolve(types), args)
  if (resolved.kind === 'error') {
    return binder.report.error('SQL_TYPE', `${label} ${resolved.message}`, span, { hint: resolved.hint })
  }
  return { kind: 'call', type: resolved.returns, name: signature.name, args: resolved.args }
}

export type ResolvedArguments =
  | { readonly kind: 'ok'; readonly args: readonly Expr[]; readonly returns: DataType }
  | Extract<Resolution, { kind: 'error' }>

/**
 * Fits arguments to a signature. Where it does not take them as they are, JSON values are tried as DECIMAL and as TEXT, text literals as
 * INTERVAL and as TIMESTAMP.
 */
export function resolveArguments(
  resolve: (types: readonly DataType[]) => Resolution,
  args: readonly Expr[],
): ResolvedArguments {
  const types = args.map((a) => a.type)
  const first = resolve(types)
  if (first.kind === 'ok') return fitted(first, args)
  for (const substitute of [DECIMAL, TEXT]) {
    if (!types.some((t) => t.kind === 'JSON')) break
    const found = resolve(types.map((t) => (t.kind === 'JSON' ? substitute : t)))
    if (found.kind === 'ok') return fitted(found, args)
  }
  for (const substitute of [INTERVAL, TIMESTAMP]) {
    if (!args.some(isTextLiteral)) break
    const replaced = args.map((a) => (isTextLiteral(a) ? (textAs(a.text, substitute) ?? a) : a))
    const found = resolve(replaced.map((a) => a.type))
    if (found.kind === 'ok') return fitted(found, replaced)
  }
  return first
}

function fitted(resolution: Extract<Resolution, { kind: 'ok' }>, args: readonly Expr[]): ResolvedArguments {
  return { kind: 'ok', args: args.map((a, i) => castTo(a, resolution.args[i]!)), returns: resolution.returns }
}

export function unknownFunction(binder: ExpressionBinder, name: string, span: Span): undefined {
  if (name === 'unnest') {
    return binder.report.unsupported(
      'UNNEST inside an expression is',
      span,
      'Write it as a whole item of the SELECT list, or in FROM: FROM t CROSS JOIN UNNEST(t.items) AS item.',
    )
  }
  return binder.report.error('SQL_UNKNOWN_FUNCTION', `there is no function "${name}"`, span, {
    hint: didYouMean(name, binder.environment.functions.names()),
  })
}
