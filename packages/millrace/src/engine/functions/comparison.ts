import { BOOLEAN, compareValues, type DataType, TEXT, type Value } from '../../kernel/index.ts'
import { commonType, type Resolution } from '../../plan/index.ts'
import { example, type FunctionExample, scalar, type ScalarFunction } from './definition.ts'
import { mismatch } from './signature.ts'

/**
 * The type two values are compared in: JSON by the text of its scalar; DECIMALs of any precision as they are; else
 * `commonType`.
 */
export function comparisonType(a: DataType, b: DataType): DataType | undefined {
  if (a.kind === 'NULL' && b.kind === 'NULL') return TEXT
  const common = commonType(a, b)
  return common?.kind === 'JSON' ? TEXT : common
}

/** An operand that the comparison takes as it is. */
function operandType(arg: DataType, type: DataType): DataType {
  return type.kind === 'DECIMAL' && arg.kind === 'DECIMAL' ? arg : type
}

export function resolveComparison(args: readonly DataType[]): Resolution {
  const [a, b] = args
  if (a === undefined || b === undefined || args.length !== 2) return mismatch('two operands', args)
  const type = comparisonType(a, b)
  return type === undefined
    ? mismatch('two operands of comparable types', args)
    : { kind: 'ok', args: [operandType(a, type), operandType(b, type)], returns: BOOLEAN }
}

/** Several values of one common type, for GREATEST, NULLIF and kin. */
export function resolveSame(minimum: number): (args: readonly DataType[]) => Resolution {
  return (args) => {
    if (args.length < minimum) return mismatch(`at least ${minimum} ${minimum === 1 ? 'argument' : 'arguments'}`, args)
    let type: DataType | undefined = args[0]!
    for (const arg of args) type = type === undefined ? undefined : commonType(type, arg)
    return type === undefined
      ? mismatch('arguments of one common type', args)
      : { kind: 'ok', args: args.map(() => type), returns: type }
  }
}

/** Equality of two non-null values of one type; NaN equals NaN. */
export function equality(type: DataType): (a: Value, b: Value) => boolean {
  switch (type.kind) {
    case 'BOOLEAN':
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'TEXT':
    case 'JSON':
      return (a, b) => a === b
    default:
      return (a, b) => compareValues(type, a, b) === 0
  }
}

interface Order {
  readonly test: (order: number) => boolean
  readonly symbol: string
  /** The comparison of doubles where NaN is the greatest value and equals itself. */
  readonly double: (a: string, b: string) => string
}

function ordering(name: string, doc: string, order: Order, examples: readonly FunctionExample[]): ScalarFunction {
  return scalar(name, {
    doc,
    examples,
    resolve: resolveComparison,
    implement: ([type]) => {
      const compared = type!
      const { test } = order
      return ([a, b]) => test(compareValues(compared, a!, b!))
    },
    inline: ([a, b], [type]) => {
      switch (type!.kind) {
        case 'INTEGER':
        case 'DATE':
        case 'TIME':
        case 'TIMESTAMP':
          return `${a} ${order.symbol} ${b}`
        case 'DOUBLE':
        case 'REAL':
          return order.double(a!, b!)
        case 'TEXT':
          return `compareText(${a}, ${b}) ${order.symbol} 0`
        default:
          return undefined
      }
    },
  })
}

function inlineEquality(operator: '===' | '!=='): NonNullable<ScalarFunction['inline']> {
  return ([a, b], [type]) => {
    switch (type!.kind) {
      case 'BOOLEAN':
      case 'INTEGER':
      case 'DATE':
      case 'TIME':
      case 'TIMESTAMP':
      case 'TEXT':
        return `${a} ${operator} ${b}`
      case 'DOUBLE':
      case 'REAL': {
        const equal = `(${a} === ${b} || (${a} !== ${a} && ${b} !== ${b}))`
        return operator === '===' ? equal : `!${equal}`
      }
      default:
        return undefined
    }
  }
}

function distinct(name: string, doc: string, negated: boolean, examples: readonly FunctionExample[]): ScalarFunction {
  return scalar(name, {
    doc,
    examples,
    strict: false,
    resolve: resolveComparison,
    implement: ([type]) => {
      const equal = equality(type!)
      return ([a, b]) => (a === null || b === null ? a === b : equal(a!, b!)) === negated
    },
  })
}

function isNaNCode(a: string): string {
  return `${a} !== ${a}`
}

export const COMPARISON: readonly ScalarFunction[] = [
  scalar('eq', {
    doc: 'Equal: the operators = and ==. Text by code point, 1.5 = 1.50, NaN = NaN.',
    examples: [example('1.5 = 1.50', 'true'), example("'a' = 'A'", 'false'), example('NULL = 1', 'NULL')],
    resolve: resolveComparison,
    implement: ([type]) => {
      const equal = equality(type!)
      return ([a, b]) => equal(a!, b!)
    },
    inline: inlineEquality('==='),
  }),
  scalar('ne', {
    doc: 'Not equal: the operators <> and !=.',
    examples: [example('1 <> 2', 'true')],
    resolve: resolveComparison,
    implement: ([type]) => {
      const equal = equality(type!)
      return ([a, b]) => !equal(a!, b!)
    },
    inline: inlineEquality('!=='),
  }),
  ordering(
    'lt',
    'Less than.',
    { test: (o) => o < 0, symbol: '<', double: (a, b) => `(${a} < ${b} || (${isNaNCode(b)} && ${a} === ${a}))` },
    [example('1 < 2', 'true'), example("'Z' < 'a'", 'true')],
  ),
  ordering(
    'le',
    'Less than or equal.',
    { test: (o) => o <= 0, symbol: '<=', double: (a, b) => `(${a} <= ${b} || ${isNaNCode(b)})` },
    [example('2 <= 2.0', 'true')],
  ),
  ordering(
    'gt',
    'Greater than. NaN is greater than every other number.',
    { test: (o) => o > 0, symbol: '>', double: (a, b) => `(${a} > ${b} || (${isNaNCode(a)} && ${b} === ${b}))` },
    [example('2 > 1', 'true')],
  ),
  ordering(
    'ge',
    'Greater than or equal.',
    { test: (o) => o >= 0, symbol: '>=', double: (a, b) => `(${a} >= ${b} || ${isNaNCode(a)})` },
    [example("DATE '2024-01-02' >= DATE '2024-01-01'", 'true')],
  ),
  distinct('is_distinct_from', 'Not equal, with NULL equal to NULL: never NULL itself.', false, [
    example('is_distinct_from(NULL, 1)', 'true'),
    example('is_distinct_from(NULL, NULL)', 'false'),
  ]),
  distinct('is_not_distinct_from', 'Equal, with NULL equal to NULL: never NULL itself.', true, [
    example('is_not_distinct_from(NULL, NULL)', 'true'),
  ]),
]
