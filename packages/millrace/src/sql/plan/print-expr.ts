import {
  formatDate,
  formatInterval,
  formatTime,
  formatTimestamp,
  type Int,
  type Interval,
  typeName,
} from '../../kernel/index.ts'
import { type Expr, type Literal, literalValue } from '../../plan/index.ts'

/** Functions shown as operators, with their precedence. */
const OPERATORS: Readonly<Record<string, readonly [symbol: string, precedence: number]>> = {
  eq: ['=', 4],
  ne: ['<>', 4],
  lt: ['<', 4],
  le: ['<=', 4],
  gt: ['>', 4],
  ge: ['>=', 4],
  like: ['LIKE', 5],
  ilike: ['ILIKE', 5],
  json_contains: ['?', 6],
  json_get: ['->', 6],
  json_as_text: ['->>', 6],
  concatenate: ['||', 6],
  add: ['+', 7],
  subtract: ['-', 7],
  multiply: ['*', 8],
  divide: ['/', 8],
  modulo: ['%', 8],
}

const OR = 1
const AND = 2
const NOT = 3
const PREDICATE = 4
const PRIMARY = 10

/** A plan's expression as people read SQL; `column` names the columns of its input. */
export function printExpr(expr: Expr, column: (index: number) => string): string {
  const print = (node: Expr, outer = 0): string => {
    const [text, precedence] = shown(node)
    return precedence < outer ? `(${text})` : text
  }
  const list = (nodes: readonly Expr[]) => nodes.map((n) => print(n)).join(', ')
  const shown = (node: Expr): readonly [text: string, precedence: number] => {
    switch (node.kind) {
      case 'literal':
        return [printLiteral(node), PRIMARY]
      case 'column':
        return [column(node.index), PRIMARY]
      case 'call': {
        const operator =
          node.args.length === 2 && Object.hasOwn(OPERATORS, node.name) ? OPERATORS[node.name] : undefined
        if (node.name === 'subscript') return [`${print(node.args[0]!, PRIMARY)}[${list(node.args.slice(1))}]`, PRIMARY]
        if (operator === undefined) return [`${node.name}(${list(node.args)})`, PRIMARY]
        const [symbol, precedence] = operator
        return [`${print(node.args[0]!, precedence)} ${symbol} ${print(node.args[1]!, precedence + 1)}`, precedence]
      }
      case 'cast':
        return [
          node.safe
            ? `TRY_CAST(${print(node.input)} AS ${typeName(node.type)})`
            : `${print(node.input, PRIMARY)}::${typeName(node.type)}`,
          PRIMARY,
        ]
      case 'and':
        return [node.args.map((a) => print(a, AND + 1)).join(' AND '), AND]
      case 'or':
        return [node.args.map((a) => print(a, OR + 1)).join(' OR '), OR]
      case 'not':
        return [`NOT ${print(node.input, NOT)}`, NOT]
      case 'is_null':
        return [`${print(node.input, PREDICATE + 1)} IS ${node.negated ? 'NOT ' : ''}NULL`, PREDICATE]
      case 'case': {
        const branches = node.branches.map((b) => ` WHEN ${print(b.when)} THEN ${print(b.then)}`).join('')
        return [`CASE${branches}${node.otherwise === null ? '' : ` ELSE ${print(node.otherwise)}`} END`, PRIMARY]
      }
      case 'coalesce':
        return [`coalesce(${list(node.args)})`, PRIMARY]
      case 'in':
        return [`${print(node.input, PREDICATE + 1)} ${node.negated ? 'NOT ' : ''}IN (${list(node.list)})`, PREDICATE]
      case 'field': {
        const { type } = node.input
        return [
          `${print(node.input, PRIMARY)}.${type.kind === 'STRUCT' ? type.fields[node.index]!.name : node.index}`,
          PRIMARY,
        ]
      }
      case 'struct': {
        const { type } = node
        const names = type.kind === 'STRUCT' ? type.fields.map((f) => f.name) : []
        return [`STRUCT(${node.fields.map((f, i) => `${print(f)} AS ${names[i]}`).join(', ')})`, PRIMARY]
      }
      case 'array':
        return [`ARRAY[${list(node.elements)}]`, PRIMARY]
    }
  }
  return print(expr)
}

function printLiteral(node: Literal): string {
  if (node.text === null) return 'NULL'
  const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`
  switch (node.type.kind) {
    case 'TEXT':
      return quoted(node.text)
    case 'JSON':
      return `JSON ${quoted(node.text)}`
    case 'BYTEA':
      return `'\\x${node.text}'`
    case 'TIMESTAMP':
      return `TIMESTAMP ${quoted(formatTimestamp(literalValue(node) as Int))}`
    case 'DATE':
      return `DATE ${quoted(formatDate(Number(node.text)))}`
    case 'TIME':
      return `TIME ${quoted(formatTime(Number(node.text)))}`
    case 'INTERVAL':
      return `INTERVAL ${quoted(formatInterval(literalValue(node) as Interval))}`
    default:
      return node.text
  }
}
