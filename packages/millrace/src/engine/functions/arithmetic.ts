import {
  addDecimal,
  addInt,
  BIGINT,
  type DataType,
  type Decimal,
  DECIMAL,
  divideDecimal,
  divideInt,
  type Int,
  isNumeric,
  isZeroDecimal,
  MAX_DECIMAL_DIGITS,
  multiplyDecimal,
  multiplyInt,
  negateDecimal,
  negateInt,
  remainderDecimal,
  remainderInt,
  subtractDecimal,
  subtractInt,
  type Value,
} from '../../kernel/index.ts'
import { commonType, type Resolution } from '../../plan/index.ts'
import { example, type Implementation, rowError, scalar, type ScalarFunction } from './definition.ts'
import { rangeCheck } from './integer-range.ts'
import { mismatch } from './signature.ts'
import { addTime, divideTime, multiplyTime, negateTime, subtractTime, type TimeArithmetic } from './time-arithmetic.ts'

/**
 * What both operands and the result of an arithmetic operator come to: at least BIGINT for integers, else `commonType`.
 */
export function arithmeticType(a: DataType, b: DataType): DataType | undefined {
  if (a.kind === 'NULL' && b.kind === 'NULL') return BIGINT
  const common = commonType(a, b)
  if (common === undefined || !isNumeric(common)) return undefined
  if (common.kind === 'INTEGER') return common.bits === 64 ? common : BIGINT
  return common.kind === 'DECIMAL' ? DECIMAL : common
}

/** A DECIMAL of any precision is an operand as it is; everything else is cast to the common type. */
function operandType(arg: DataType, type: DataType): DataType {
  return type.kind === 'DECIMAL' && arg.kind === 'DECIMAL' ? arg : type
}

interface Numeric {
  readonly integer: (a: Int, b: Int) => Int
  readonly decimal: (a: Decimal, b: Decimal) => Decimal
  readonly double: (a: number, b: number) => number
}

function binary(
  name: string,
  doc: string,
  numeric: Numeric,
  time: TimeArithmetic,
  symbol: string,
  examples: ScalarFunction['examples'],
): ScalarFunction {
  return scalar(name, {
    doc,
    examples,
    resolve: (args): Resolution => {
      const [a, b] = args
      if (a === undefined || b === undefined || args.length !== 2) return mismatch('two operands', args)
      const temporal = time.resolve(a, b)
      if (temporal !== undefined) return { kind: 'ok', args: temporal.args, returns: temporal.returns }
      const type = arithmeticType(a, b)
      if (type === undefined) return mismatch('two numbers', args)
      return { kind: 'ok', args: [operandType(a, type), operandType(b, type)], returns: type }
    },
    implement: (args, returns) => {
      const temporal = time.implement(args[0]!, args[1]!)
      return temporal ?? numericImplementation(numeric, returns)
    },
    inline: ([a, b], [type]) =>
      type!.kind === 'DOUBLE' && symbol !== '/' && symbol !== '%' ? `${a} ${symbol} ${b}` : undefined,
  })
}

function numericImplementation(numeric: Numeric, type: DataType): Implementation {
  switch (type.kind) {
    case 'INTEGER': {
      const check = rangeCheck(type)
      return (args) => check(numeric.integer(args[0] as Int, args[1] as Int))
    }
    case 'DECIMAL':
      return (args) => numeric.decimal(args[0] as Decimal, args[1] as Decimal) as Decimal & Value
    case 'REAL':
      return (args) => Math.fround(numeric.double(args[0] as number, args[1] as number))
    default:
      return (args) => numeric.double(args[0] as number, args[1] as number)
  }
}

function divisionByZero(): never {
  throw rowError('division by zero')
}

/** Rough size of a product before it is computed: digits of both operands. */
function product(a: Decimal, b: Decimal): Decimal {
  if (typeof a.unscaled === 'bigint' && typeof b.unscaled === 'bigint') {
    if (bits(a.unscaled) + bits(b.unscaled) > MAX_DECIMAL_DIGITS * 3.3219) throw rowError('DECIMAL overflow')
  }
  return multiplyDecimal(a, b)
}

function bits(value: bigint): number {
  return value.toString(16).length * 4
}

const add = binary(
  'add',
  'Sum; also of a TIMESTAMP, DATE or TIME with an INTERVAL, and of a DATE with days.',
  { integer: addInt, decimal: addDecimal, double: (a, b) => a + b },
  addTime,
  '+',
  [
    example('1 + 2', '3'),
    example('0.1 + 0.2', '0.3'),
    example("DATE '2024-01-31' + INTERVAL '1 month'", '2024-02-29T00:00:00Z'),
  ],
)

const subtract = binary(
  'subtract',
  'Difference; of two TIMESTAMPs it is an INTERVAL, of two DATEs a number of days.',
  { integer: subtractInt, decimal: subtractDecimal, double: (a, b) => a - b },
  subtractTime,
  '-',
  [
    example('1 - 2.5', '-1.5'),
    example("TIMESTAMP '2024-01-03 02:00:00' - TIMESTAMP '2024-01-01 00:00:00'", '2 days 02:00:00'),
  ],
)

const multiply = binary(
  'multiply',
  'Product; an INTERVAL times a number is an INTERVAL.',
  { integer: multiplyInt, decimal: product, double: (a, b) => a * b },
  multiplyTime,
  '*',
  [example('1.5 * 1.5', '2.25'), example("INTERVAL '90 minutes' * 2", '03:00:00')],
)

const quotient = binary(
  'divide',
  'Quotient. Of two integers it is cut toward zero; of decimals it has at least 16 significant digits.',
  {
    integer: (a, b) => (b === 0 ? divisionByZero() : divideInt(a, b)),
    decimal: (a, b) => (isZeroDecimal(b) ? divisionByZero() : divideDecimal(a, b)),
    double: (a, b) => (b === 0 ? divisionByZero() : a / b),
  },
  divideTime,
  '/',
  [example('7 / 2', '3'), example('-7 / 2', '-3'), example('7 / 2.0', '3.5'), example('1 / 0', 'error')],
)

/** Two integers that only DECIMAL can hold together, a signed one and a BIGINT UNSIGNED, have a quotient cut like any other's. */
const divide: ScalarFunction = {
  ...quotient,
  resolve: (args) => {
    const resolved = quotient.resolve(args)
    if (resolved.kind !== 'ok' || resolved.returns.kind !== 'DECIMAL') return resolved
    return args.every((a) => a.kind === 'INTEGER') ? { ...resolved, args } : resolved
  },
  implement: (args, returns) => {
    if (returns.kind !== 'DECIMAL' || args[0]!.kind !== 'INTEGER') return quotient.implement(args, returns)
    return ([a, b]) => ({ unscaled: b === 0 ? divisionByZero() : divideInt(a as Int, b as Int), scale: 0 })
  },
}

const NO_TIME: TimeArithmetic = { resolve: () => undefined, implement: () => undefined }

const modulo = binary(
  'modulo',
  'Remainder of the division cut toward zero; it has the sign of the dividend.',
  {
    integer: (a, b) => (b === 0 ? divisionByZero() : remainderInt(a, b)),
    decimal: (a, b) => (isZeroDecimal(b) ? divisionByZero() : remainderDecimal(a, b)),
    double: (a, b) => (b === 0 ? divisionByZero() : a % b),
  },
  NO_TIME,
  '%',
  [example('7 % 3', '1'), example('-7 % 3', '-1'), example('5.5 % 2', '1.5')],
)

const negate = scalar('negate', {
  doc: 'The operand with its sign changed: unary minus.',
  examples: [example('-(2.50)', '-2.5'), example("-(INTERVAL '1 day')", '-1 day')],
  resolve: (args) => {
    const [a] = args
    if (a === undefined || args.length !== 1) return mismatch('one operand', args)
    if (a.kind === 'INTERVAL') return { kind: 'ok', args: [a], returns: a }
    const type = arithmeticType(a, a)
    return type === undefined
      ? mismatch('a number or an INTERVAL', args)
      : { kind: 'ok', args: [operandType(a, type)], returns: type }
  },
  implement: ([arg], returns) => {
    switch (returns.kind) {
      case 'INTERVAL':
        return negateTime
      case 'INTEGER': {
        const check = rangeCheck(returns)
        return ([a]) => check(negateInt(a as Int))
      }
      case 'DECIMAL':
        return ([a]) => negateDecimal(a as Decimal)
      default:
        return arg!.kind === 'REAL' ? ([a]) => Math.fround(-(a as number)) : ([a]) => -(a as number)
    }
  },
  inline: ([a], [type]) => (type!.kind === 'DOUBLE' || type!.kind === 'REAL' ? `-(${a})` : undefined),
})

const mod: ScalarFunction = {
  ...modulo,
  name: 'mod',
  doc: 'The same as the operator %.',
  examples: [example('mod(7, 3)', '1')],
}

export const ARITHMETIC: readonly ScalarFunction[] = [add, subtract, multiply, divide, modulo, negate, mod]
