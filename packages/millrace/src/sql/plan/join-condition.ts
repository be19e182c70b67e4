import { intervalMicros, type Interval } from '../../kernel/index.ts'
import { type Expr, literalValue } from '../../plan/index.ts'
import { type JoinScope, sidesOf } from './join-scope.ts'
import { windowOf } from './select.ts'

/** An equality of an expression over the left side with one over the right side. */
export interface EqualKey {
  readonly left: Expr
  readonly right: Expr
  readonly nullsMatch: boolean
}

/** A bound of the right row's event time minus the left row's, microseconds. */
export interface Bound {
  readonly lower: number
  readonly upper: number
}

/** What a condition, taken apart at AND, says about pairs of rows. Expressions are over the JoinScope. */
export interface JoinConditions {
  readonly keys: EqualKey[]
  /** What bounds event times: the condition itself, and its meaning. */
  readonly bounds: { readonly expr: Expr; readonly bound: Bound }[]
  /** About rows of one side, or about none. */
  readonly left: Expr[]
  readonly right: Expr[]
  readonly others: Expr[]
}

/** `timed`: both sides have event times that stand for good, so that bounds of them mean something. */
export function classify(conjuncts: readonly Expr[], scope: JoinScope, timed: boolean): JoinConditions {
  const conditions: JoinConditions = { keys: [], bounds: [], left: [], right: [], others: [] }
  for (const expr of conjuncts.flatMap(conjunctsOf)) {
    const sides = sidesOf(expr, scope)
    if (sides === 'left') conditions.left.push(expr)
    else if (sides === 'right') conditions.right.push(expr)
    else if (sides === 'none') {
      if (expr.kind !== 'literal' || expr.text !== 'true') conditions.others.push(expr)
    } else {
      const bound = timed ? boundOf(expr, scope) : undefined
      const key = keyOf(expr, scope)
      if (bound !== undefined) conditions.bounds.push({ expr, bound })
      // Equal times are a key as well: it spreads rows that have no other.
      if (key !== undefined) conditions.keys.push(key)
      if (bound === undefined && key === undefined) conditions.others.push(expr)
    }
  }
  return conditions
}

export function conjunctsOf(expr: Expr): readonly Expr[] {
  return expr.kind === 'and' ? expr.args.flatMap(conjunctsOf) : [expr]
}

function keyOf(expr: Expr, scope: JoinScope): EqualKey | undefined {
  const operands = equalOperands(expr)
  if (operands === undefined) return undefined
  const [a, b] = operands.sides
  const { nullsMatch } = operands
  if (sidesOf(a, scope) === 'left' && sidesOf(b, scope) === 'right') return { left: a, right: b, nullsMatch }
  if (sidesOf(a, scope) === 'right' && sidesOf(b, scope) === 'left') return { left: b, right: a, nullsMatch }
  return undefined
}

/** Of `a = b`, and of `a IS NOT DISTINCT FROM b` as it is bound. */
function equalOperands(expr: Expr): { sides: readonly [Expr, Expr]; nullsMatch: boolean } | undefined {
  if (expr.kind === 'call' && expr.name === 'eq') return { sides: [expr.args[0]!, expr.args[1]!], nullsMatch: false }
  if (expr.kind !== 'not' || expr.input.kind !== 'case') return undefined
  const { branches, otherwise } = expr.input
  const bothNull = branches.length === 2 && branches.every((b) => b.when.kind === 'is_null' && b.then.kind === 'is_null')
  if (!bothNull || otherwise?.kind !== 'call' || otherwise.name !== 'ne') return undefined
  return { sides: [otherwise.args[0]!, otherwise.args[1]!], nullsMatch: true }
}

/** By comparison: what `left time + a <op> right time + b` says of right time - left time, given a - b. */
const BOUNDS: Readonly<Record<string, (difference: number) => Bound>> = {
  eq: (d) => ({ lower: d, upper: d }),
  le: (d) => ({ lower: d, upper: Number.POSITIVE_INFINITY }),
  lt: (d) => ({ lower: d + 1, upper: Number.POSITIVE_INFINITY }),
  ge: (d) => ({ lower: Number.NEGATIVE_INFINITY, upper: d }),
  gt: (d) => ({ lower: Number.NEGATIVE_INFINITY, upper: d - 1 }),
}

const MIRRORED: Readonly<Record<string, string>> = { eq: 'eq', le: 'ge', lt: 'gt', ge: 'le', gt: 'lt' }

/** What a comparison of event times says; undefined: it is none. */
export function boundOf(expr: Expr, scope: JoinScope): Bound | undefined {
  if (expr.kind !== 'call' || !Object.hasOwn(BOUNDS, expr.name)) return undefined
  // Results of equal windows stand at the same time.
  const isWindow = (arg: Expr) => windowOf(arg, scope.columns)?.part === 'window'
  if (expr.name === 'eq' && expr.args.every(isWindow)) return BOUNDS['eq']!(0)
  const [a, b] = expr.args.map((arg) => timeOf(arg, scope))
  if (a === undefined || b === undefined || a.side === b.side) return undefined
  return a.side === 'left'
    ? BOUNDS[expr.name]!(a.offset - b.offset)
    : BOUNDS[MIRRORED[expr.name]!]!(b.offset - a.offset)
}

/** A time that stands at a fixed distance from the event time of a side's row. */
interface EventTimeOffset {
  readonly side: 'left' | 'right'
  /** Microseconds after the event time. */
  readonly offset: number
}

function timeOf(expr: Expr, scope: JoinScope): EventTimeOffset | undefined {
  if (expr.kind === 'call' && (expr.name === 'add' || expr.name === 'subtract')) {
    const [a, b] = expr.args
    const [time, length] = expr.name === 'add' && a!.type.kind === 'INTERVAL' ? [b!, a!] : [a!, b!]
    const base = timeOf(time, scope)
    const micros = microsOf(length)
    if (base === undefined || micros === undefined) return undefined
    return { ...base, offset: base.offset + (expr.name === 'add' ? micros : -micros) }
  }
  const column = expr.kind === 'field' ? expr.input : expr
  if (column.kind !== 'column') return undefined
  const side = column.index < scope.split ? 'left' : 'right'
  if (expr.kind === 'column' && scope.columns[expr.index]?.eventTime === true) return { side, offset: 0 }
  const window = windowOf(expr, scope.columns)
  if (window === null || window.part === 'window') return undefined
  // Results of a window stand at its last microsecond.
  if (window.part === 'end') return { side, offset: 1 }
  return window.spec.kind === 'session' ? undefined : { side, offset: 1 - window.spec.size }
}

function microsOf(expr: Expr): number | undefined {
  if (expr.kind !== 'literal' || expr.type.kind !== 'INTERVAL' || expr.text === null) return undefined
  return intervalMicros(literalValue(expr) as Interval)
}
