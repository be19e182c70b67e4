import { type DataType, typeName, type Value } from '../../kernel/index.ts'
import type { Resolution } from '../../plan/index.ts'
import type { AggregateDefinition, AggregateExample } from './aggregate.ts'

type Optional = 'aliases' | 'ordered' | 'retractable'

/** An entry with the usual defaults: no alias, not ordered, not retractable. */
export function aggregate(
  entry: Omit<AggregateDefinition, Optional> & Partial<Pick<AggregateDefinition, Optional>>,
): AggregateDefinition {
  return { aliases: [], ordered: false, retractable: false, ...entry }
}

/** `sql` is the call over rows that have `values` in a column x of the type. */
export function example(sql: string, type: DataType, values: readonly Value[], result: string): AggregateExample {
  return { sql, type, values, result }
}

export function refuse(expected: string, args: readonly DataType[]): Resolution {
  const message = `takes ${expected}, not (${args.map(typeName).join(', ')})`
  return args.some((a) => a.kind === 'JSON')
    ? { kind: 'error', message, hint: 'Cast the JSON value first, as in CAST(x AS DOUBLE) or x::DECIMAL.' }
    : { kind: 'error', message }
}

/** One argument of a type that `returns` answers for; undefined refuses. */
export function unary(
  expected: string,
  returns: (type: DataType) => readonly [arg: DataType, result: DataType] | undefined,
) {
  return (args: readonly DataType[]): Resolution => {
    const found = args.length === 1 ? returns(args[0]!) : undefined
    return found === undefined ? refuse(expected, args) : { kind: 'ok', args: [found[0]], returns: found[1] }
  }
}
