import type { BinaryOperator } from '../ast/index.ts'

/**
 * How tightly operators bind, loosest first: the ladder of PostgreSQL, save that `->` and `->>` bind closer than `::`.
 */
export const PRECEDENCE = {
  OR: 10,
  AND: 20,
  NOT: 30,
  IS: 40,
  COMPARISON: 50,
  /** IN, BETWEEN, LIKE, SIMILAR TO and regular expressions. */
  PREDICATE: 60,
  OTHER: 70,
  ADDITIVE: 80,
  MULTIPLICATIVE: 90,
  POWER: 100,
  AT_TIME_ZONE: 110,
  UNARY: 120,
  CAST: 130,
  ARROW: 140,
  POSTFIX: 150,
} as const

export const BINARY_PRECEDENCE: Readonly<Record<BinaryOperator, number>> = {
  '=': PRECEDENCE.COMPARISON,
  '<>': PRECEDENCE.COMPARISON,
  '<': PRECEDENCE.COMPARISON,
  '<=': PRECEDENCE.COMPARISON,
  '>': PRECEDENCE.COMPARISON,
  '>=': PRECEDENCE.COMPARISON,
  '~': PRECEDENCE.PREDICATE,
  '~*': PRECEDENCE.PREDICATE,
  '!~': PRECEDENCE.PREDICATE,
  '!~*': PRECEDENCE.PREDICATE,
  '||': PRECEDENCE.OTHER,
  '&': PRECEDENCE.OTHER,
  '|': PRECEDENCE.OTHER,
  '#': PRECEDENCE.OTHER,
  '<<': PRECEDENCE.OTHER,
  '>>': PRECEDENCE.OTHER,
  '?': PRECEDENCE.OTHER,
  '+': PRECEDENCE.ADDITIVE,
  '-': PRECEDENCE.ADDITIVE,
  '*': PRECEDENCE.MULTIPLICATIVE,
  '/': PRECEDENCE.MULTIPLICATIVE,
  '%': PRECEDENCE.MULTIPLICATIVE,
  '^': PRECEDENCE.POWER,
  '->': PRECEDENCE.ARROW,
  '->>': PRECEDENCE.ARROW,
}

const SPELLINGS: ReadonlyMap<string, BinaryOperator> = new Map<string, BinaryOperator>([
  ...(Object.keys(BINARY_PRECEDENCE) as BinaryOperator[]).map((operator) => [operator, operator] as const),
  ['!=', '<>'],
  ['==', '='],
])

/** The operator a symbol stands for, if it is a binary one. */
export function binaryOperator(symbol: string): BinaryOperator | undefined {
  return SPELLINGS.get(symbol)
}
