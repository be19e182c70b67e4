import {
  displayValue,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  type Schema,
  typeName,
} from '../../kernel/index.ts'
import { type AggregateCall, type Expr, literalValue, type Moment, type WindowSpec } from '../../plan/index.ts'

const INFIX: ReadonlyMap<string, string> = new Map([
  ['add', '+'],
  ['subtract', '-'],
  ['multiply', '*'],
  ['divide', '/'],
  ['modulo', '%'],
  ['concat', '||'],
  ['eq', '='],
  ['ne', '<>'],
  ['lt', '<'],
  ['le', '<='],
  ['gt', '>'],
  ['ge', '>='],
  ['like', 'LIKE'],
  ['ilike', 'ILIKE'],
  ['json_get', '->'],
  ['json_as_text', '->>'],
])

/** An expression as EXPLAIN shows it: for reading, not for parsing back. */
export function describeExpr(expr: Expr, input: Schema): string {
  const show = (e: Expr) => describeExpr(e, input)
  switch (expr.kind) {
    case 'literal': {
      const { kind } = expr.type
      const value = kind === 'ARRAY' || kind === 'STRUCT' || kind === 'NULL' ? null : literalValue(expr)
      return kind === 'TEXT' && expr.text !== null ? `'${expr.text}'` : displayValue(expr.type, value)
    }
    case 'column':
      return columnName(input, expr.index)
    case 'call': {
      const infix = INFIX.get(expr.name)
      if (infix !== undefined && expr.args.length === 2)
        return `(${show(expr.args[0]!)} ${infix} ${show(expr.args[1]!)})`
      return `${expr.name}(${expr.args.map(show).join(', ')})`
    }
    case 'and':
    case 'or':
      return `(${expr.args.map(show).join(expr.kind === 'and' ? ' AND ' : ' OR ')})`
    case 'coalesce':
      return `coalesce(${expr.args.map(show).join(', ')})`
    case 'cast':
      return `${expr.safe ? 'TRY_CAST' : 'CAST'}(${show(expr.input)} AS ${typeName(expr.type)})`
    case 'not':
      return `NOT ${show(expr.input)}`
    case 'is_null':
      return `${show(expr.input)} IS ${expr.negated ? 'NOT ' : ''}NULL`
    case 'field': {
      const { type } = expr.input
      const name = type.kind === 'STRUCT' ? type.fields[expr.index]!.name : String(expr.index)
      return `${show(expr.input)}.${name}`
    }
    case 'case': {
      const branches = expr.branches.map((b) => `WHEN ${show(b.when)} THEN ${show(b.then)}`)
      const otherwise = expr.otherwise === null ? [] : [`ELSE ${show(expr.otherwise)}`]
      return `CASE ${[...branches, ...otherwise].join(' ')} END`
    }
    case 'in':
      return `${show(expr.input)} ${expr.negated ? 'NOT ' : ''}IN (${expr.list.map(show).join(', ')})`
    case 'struct':
      return `struct(${expr.fields.map(show).join(', ')})`
    case 'array':
      return `[${expr.elements.map(show).join(', ')}]`
  }
}

/** `keys: symbol; count(*), sum(price)`. */
export function describeAggregation(keys: readonly number[], calls: readonly AggregateCall[], input: Schema): string {
  const shownKeys = keys.length === 0 ? '' : `keys: ${keys.map((k) => columnName(input, k)).join(', ')}; `
  return shownKeys + calls.map((c) => describeCall(c, input)).join(', ')
}

function describeCall(call: AggregateCall, input: Schema): string {
  const args = call.args.length === 0 ? '*' : call.args.map((a) => columnName(input, a)).join(', ')
  const order = call.orderBy.map((k) => `${columnName(input, k.column)}${k.descending ? ' DESC' : ''}`).join(', ')
  const filter = call.filter === null ? '' : ` FILTER (WHERE ${columnName(input, call.filter)})`
  return `${call.name}(${call.distinct ? 'DISTINCT ' : ''}${args}${order === '' ? '' : ` ORDER BY ${order}`})${filter}`
}

export function describeWindow(window: WindowSpec | Moment): string {
  switch (window.kind) {
    case 'tumble':
      return `tumble(${describeDuration(window.size)})`
    case 'hop':
      return `hop(${describeDuration(window.slide)}, ${describeDuration(window.size)})`
    case 'session':
      return `session(${describeDuration(window.gap)})`
    case 'moment':
      return 'row by row'
  }
}

const UNITS: readonly (readonly [micros: number, name: string])[] = [
  [MICROS_PER_DAY, 'day'],
  [MICROS_PER_HOUR, 'hour'],
  [MICROS_PER_MINUTE, 'minute'],
  [MICROS_PER_SECOND, 'second'],
  [1000, 'millisecond'],
  [1, 'microsecond'],
]

/** In the largest unit that divides it: `90 seconds`. */
export function describeDuration(micros: number): string {
  for (const [unit, name] of UNITS) {
    if (micros % unit === 0 && micros !== 0)
      return `${micros / unit} ${name}${Math.abs(micros / unit) === 1 ? '' : 's'}`
  }
  return '0 seconds'
}

export function columnName(schema: Schema, index: number): string {
  return schema.fields[index]?.name ?? `#${index}`
}
