import { arrayOf, BYTEA, type DataType, TEXT, type Value } from '../../kernel/index.ts'
import { commonType, type Resolution } from '../../plan/index.ts'
import { checkTextLength } from './code-points.ts'
import { example, type Implementation, scalar, type ScalarFunction } from './definition.ts'
import { mismatch } from './signature.ts'

/** Two arrays, an array and an element, two byte strings, or values of which one is text (the others are cast). */
function resolve(args: readonly DataType[]): Resolution {
  const [a, b] = args
  if (a === undefined || b === undefined) return mismatch('two operands', args)
  if (args.length > 2) return { kind: 'ok', args: args.map(() => TEXT), returns: TEXT }
  if (a.kind === 'ARRAY' || b.kind === 'ARRAY')
    return resolveArrays(a, b) ?? mismatch('arrays and elements of one common type', args)
  if (a.kind === 'BYTEA' && b.kind === 'BYTEA') return { kind: 'ok', args: [BYTEA, BYTEA], returns: BYTEA }
  return { kind: 'ok', args: [TEXT, TEXT], returns: TEXT }
}

function resolveArrays(a: DataType, b: DataType): Resolution | undefined {
  const element = commonType(a.kind === 'ARRAY' ? a.element : a, b.kind === 'ARRAY' ? b.element : b)
  if (element === undefined) return undefined
  const array = arrayOf(element)
  return {
    kind: 'ok',
    args: [a.kind === 'ARRAY' ? array : element, b.kind === 'ARRAY' ? array : element],
    returns: array,
  }
}

function implement([a, b]: readonly DataType[], returns: DataType): Implementation {
  switch (returns.kind) {
    case 'ARRAY':
      return ([x, y]) => [...items(a!, x!), ...items(b!, y!)]
    case 'BYTEA':
      return ([x, y]) => new Uint8Array(Buffer.concat([x as Uint8Array, y as Uint8Array]))
    default:
      return (texts) => {
        const joined = texts.join('')
        checkTextLength(joined.length)
        return joined
      }
  }
}

function items(type: DataType, value: Value): readonly Value[] {
  return type.kind === 'ARRAY' ? (value as readonly Value[]) : [value]
}

export const CONCATENATION: readonly ScalarFunction[] = [
  scalar('concatenate', {
    aliases: ['||'],
    doc: 'Two texts (other values become text), byte strings or arrays joined, or more texts: the operator ||. NULL with NULL, unlike concat.',
    examples: [
      example("'BTC' || '-' || 'USD'", 'BTC-USD'),
      example("'a' || NULL", 'NULL'),
      example("'v' || 2.50", 'v2.5'),
    ],
    resolve,
    implement,
  }),
]
