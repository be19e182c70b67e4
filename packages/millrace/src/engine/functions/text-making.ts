import { BIGINT, type Int, TEXT, type Value } from '../../kernel/index.ts'
import { checkTextLength, codePointLength, codePointSlice } from './code-points.ts'
import { example, rowError, scalar, type ScalarFunction } from './definition.ts'
import { overloads, signature } from './signature.ts'

function repeated(value: string, count: number): string {
  if (count <= 0) return ''
  checkTextLength(value.length * count)
  return value.repeat(count)
}

/** `fill` over and over, exactly `length` characters. */
export function filling(fill: string, length: number): string {
  const size = codePointLength(fill)
  if (length <= 0 || size === 0) return ''
  checkTextLength(length)
  return codePointSlice(repeated(fill, Math.ceil(length / size)), 0, length)
}

function pad(args: readonly Value[], side: 'left' | 'right'): string {
  const value = args[0] as string
  const length = Number(args[1] as Int)
  const fill = args.length === 3 ? (args[2] as string) : ' '
  const missing = length - codePointLength(value)
  if (missing <= 0) return codePointSlice(value, 0, length)
  return side === 'left' ? filling(fill, missing) + value : value + filling(fill, missing)
}

const padSignature = overloads({ args: [TEXT, BIGINT, TEXT], optional: 1, returns: TEXT })

function translate(value: string, from: string, to: string): string {
  const targets = [...to]
  const map = new Map<string, string>()
  for (const [i, c] of [...from].entries()) if (!map.has(c)) map.set(c, targets[i] ?? '')
  let result = ''
  for (const c of value) result += map.get(c) ?? c
  return result
}

function overlay(args: readonly Value[]): string {
  const [value, replacement] = [args[0] as string, args[1] as string]
  const start = Number(args[2] as Int)
  const length = args.length === 4 ? Number(args[3] as Int) : codePointLength(replacement)
  if (start < 1 || length < 0) throw rowError('overlay takes a start from 1 and a length from 0')
  return (
    codePointSlice(value, 0, start - 1) +
    replacement +
    codePointSlice(value, start - 1 + length, Number.POSITIVE_INFINITY)
  )
}

/**
 * The number of characters to insert, delete or replace. Both texts together must stay moderate: the cost is their
 * product.
 */
function levenshtein(a: string, b: string): number {
  const [x, y] = [[...a], [...b]]
  if (x.length * y.length > 10_000_000) throw rowError('the texts are too long for levenshtein')
  let row = Array.from({ length: y.length + 1 }, (_, j) => j)
  for (let i = 1; i <= x.length; i++) {
    const next = [i]
    for (let j = 1; j <= y.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (x[i - 1] === y[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[y.length]!
}

export const TEXT_MAKING: readonly ScalarFunction[] = [
  scalar('replace', {
    doc: 'The text with every occurrence of a part replaced.',
    examples: [example("replace('BTC-USD', '-', '/')", 'BTC/USD')],
    resolve: signature([TEXT, TEXT, TEXT], TEXT),
    implement: () => (args) => {
      const [value, from, to] = args as readonly string[]
      if (from === '') return value!
      const parts = value!.split(from!)
      checkTextLength(value!.length + (parts.length - 1) * to!.length)
      return parts.join(to)
    },
  }),
  scalar('translate', {
    doc: 'Every character of the second text replaced by the one at the same place of the third, or removed.',
    examples: [example("translate('1.234,50', ',.', '.')", '1234.50')],
    resolve: signature([TEXT, TEXT, TEXT], TEXT),
    implement: () => (args) => translate(args[0] as string, args[1] as string, args[2] as string),
  }),
  scalar('overlay', {
    doc: 'A text with part of it replaced: from a position, of a length (by default the length of the replacement).',
    examples: [example("overlay('BTC-USD', 'EUR', 5)", 'BTC-EUR'), example("overlay('abcdef', 'X', 2, 3)", 'aXef')],
    resolve: overloads({ args: [TEXT, TEXT, BIGINT, BIGINT], optional: 1, returns: TEXT }),
    implement: () => overlay,
  }),
  scalar('lpad', {
    aliases: ['leftpad'],
    doc: 'The text filled up on the left to a length, with spaces or a given text; cut if it is longer.',
    examples: [example("lpad('42', 5, '0')", '00042')],
    resolve: padSignature,
    implement: () => (args) => pad(args, 'left'),
  }),
  scalar('rpad', {
    aliases: ['rightpad'],
    doc: 'The text filled up on the right to a length, with spaces or a given text; cut if it is longer.',
    examples: [example("rpad('ab', 5, '.')", 'ab...')],
    resolve: padSignature,
    implement: () => (args) => pad(args, 'right'),
  }),
  scalar('repeat', {
    doc: 'The text n times.',
    examples: [example("repeat('ab', 3)", 'ababab')],
    resolve: signature([TEXT, BIGINT], TEXT),
    implement: () => (args) => repeated(args[0] as string, Number(args[1] as Int)),
  }),
  scalar('reverse', {
    doc: 'The characters of a text in reverse order.',
    examples: [example("reverse('abc')", 'cba')],
    resolve: signature([TEXT], TEXT),
    implement: () => (args) => [...(args[0] as string)].reverse().join(''),
  }),
  scalar('to_hex', {
    doc: "An integer in hexadecimal; negative ones in two's complement of 64 bits.",
    examples: [example('to_hex(255)', 'ff'), example('to_hex(-1)', 'ffffffffffffffff')],
    resolve: signature([BIGINT], TEXT),
    implement: () => (args) => BigInt.asUintN(64, BigInt(args[0] as Int)).toString(16),
  }),
  scalar('levenshtein', {
    doc: 'The number of characters to insert, delete or replace to make one text of another.',
    examples: [example("levenshtein('kitten', 'sitting')", '3')],
    resolve: signature([TEXT, TEXT], BIGINT),
    implement: () => (args) => levenshtein(args[0] as string, args[1] as string),
  }),
]
