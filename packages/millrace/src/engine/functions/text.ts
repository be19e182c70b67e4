import { BIGINT, BOOLEAN, type DataType, type Int, TEXT, type Value } from '../../kernel/index.ts'
import { codePointIndex, codePointLength, codePointSlice } from './code-points.ts'
import { example, type Implementation, rowError, scalar, type ScalarFunction } from './definition.ts'
import { ANY, overloads, signature } from './signature.ts'

const text = signature([TEXT], TEXT)
const textAndText = (returns: DataType) => signature([TEXT, TEXT], returns)

/** A function of one text. */
function ofText(apply: (text: string) => Value): () => Implementation {
  return () => (args) => apply(args[0] as string)
}

function ofTwo(apply: (a: string, b: string) => Value): () => Implementation {
  return () => (args) => apply(args[0] as string, args[1] as string)
}

function ofTextAndCount(apply: (text: string, count: number) => Value): () => Implementation {
  return () => (args) => apply(args[0] as string, Number(args[1] as Int))
}

/** `substr(text, start [, length])`, 1-based; positions before the text count toward the length, as in PostgreSQL. */
function substring(args: readonly Value[]): string {
  const from = Number(args[1] as Int) - 1
  if (args.length === 2) return codePointSlice(args[0] as string, from, Number.POSITIVE_INFINITY)
  const length = Number(args[2] as Int)
  if (length < 0) throw rowError('negative length in substr')
  return codePointSlice(args[0] as string, from, from + length)
}

function splitPart(value: string, delimiter: string, part: number): string {
  if (part === 0) throw rowError('split_part counts parts from 1, or from the end from -1')
  const parts = delimiter === '' ? [value] : value.split(delimiter)
  return parts.at(part > 0 ? part - 1 : part) ?? ''
}

/** 1-based place of `part` in `value`, in characters; 0 if it is not there. */
function positionOf(value: string, part: string): number {
  const at = value.indexOf(part)
  return at === -1 ? 0 : codePointIndex(value, at) + 1
}

/** Characters of the ends of a text that are in `set`; spaces without it. */
function trimmer(start: boolean, end: boolean): () => Implementation {
  return () => (args) => {
    const set = new Set(args.length === 1 ? ' ' : (args[1] as string))
    const points = [...(args[0] as string)]
    let from = 0
    let to = points.length
    if (start) while (from < to && set.has(points[from]!)) from++
    if (end) while (to > from && set.has(points[to - 1]!)) to--
    return points.slice(from, to).join('')
  }
}

const trimSignature = overloads({ args: [TEXT, TEXT], optional: 1, returns: TEXT })

function initcap(value: string): string {
  return value.toLowerCase().replace(/[\p{L}\p{N}]+/gu, (word) => {
    const first = String.fromCodePoint(word.codePointAt(0)!)
    return first.toUpperCase() + word.slice(first.length)
  })
}

function substringIndex(value: string, delimiter: string, count: number): string {
  if (delimiter === '' || count === 0) return ''
  const parts = value.split(delimiter)
  return count > 0
    ? parts.slice(0, count).join(delimiter)
    : parts.slice(Math.max(0, parts.length + count)).join(delimiter)
}

export const TEXT_FUNCTIONS: readonly ScalarFunction[] = [
  scalar('lower', {
    aliases: ['lowercase', 'lcase'],
    doc: 'The text in lower case.',
    examples: [example("lower('BTC-Usd')", 'btc-usd')],
    resolve: text,
    implement: ofText((t) => t.toLowerCase()),
    inline: ([a]) => `${a}.toLowerCase()`,
  }),
  scalar('upper', {
    aliases: ['uppercase', 'ucase'],
    doc: 'The text in upper case.',
    examples: [example("upper('btcusdt')", 'BTCUSDT')],
    resolve: text,
    implement: ofText((t) => t.toUpperCase()),
    inline: ([a]) => `${a}.toUpperCase()`,
  }),
  scalar('initcap', {
    doc: 'Every word with its first letter in upper case and the rest in lower case.',
    examples: [example("initcap('the quick-brown FOX')", 'The Quick-Brown Fox')],
    resolve: text,
    implement: ofText(initcap),
  }),
  scalar('length', {
    aliases: ['char_length', 'character_length', 'len'],
    doc: 'The number of characters (code points) of a text.',
    examples: [example("length('naïve')", '5'), example("length('👍')", '1')],
    resolve: signature([TEXT], BIGINT),
    implement: ofText(codePointLength),
    inline: ([a]) => `codePointLength(${a})`,
  }),
  scalar('octet_length', {
    doc: 'The number of bytes of a text in UTF-8.',
    examples: [example("octet_length('é')", '2')],
    resolve: signature([TEXT], BIGINT),
    implement: ofText((t) => Buffer.byteLength(t)),
  }),
  scalar('bit_length', {
    doc: 'The number of bits of a text in UTF-8.',
    examples: [example("bit_length('abc')", '24')],
    resolve: signature([TEXT], BIGINT),
    implement: ofText((t) => Buffer.byteLength(t) * 8),
  }),
  scalar('substr', {
    aliases: ['substring'],
    doc: 'Part of a text: from a position (the first is 1), to the end or of a length.',
    examples: [example("substr('BTC-USD', 5)", 'USD'), example("substr('BTC-USD', 1, 3)", 'BTC')],
    resolve: overloads({ args: [TEXT, BIGINT, BIGINT], optional: 1, returns: TEXT }),
    implement: () => substring,
  }),
  scalar('left', {
    aliases: ['takeleft'],
    doc: 'The first n characters; with a negative n all but the last -n.',
    examples: [example("left('BTC-USD', 3)", 'BTC'), example("left('BTC-USD', -4)", 'BTC')],
    resolve: signature([TEXT, BIGINT], TEXT),
    implement: ofTextAndCount((t, n) => codePointSlice(t, 0, n >= 0 ? n : codePointLength(t) + n)),
  }),
  scalar('right', {
    aliases: ['takeright'],
    doc: 'The last n characters; with a negative n all but the first -n.',
    examples: [example("right('BTC-USD', 3)", 'USD'), example("right('BTC-USD', -4)", 'USD')],
    resolve: signature([TEXT, BIGINT], TEXT),
    implement: ofTextAndCount((t, n) =>
      codePointSlice(t, n >= 0 ? codePointLength(t) - n : -n, Number.POSITIVE_INFINITY),
    ),
  }),
  scalar('btrim', {
    aliases: ['trim'],
    doc: 'The text without spaces, or without the characters given, at both ends.',
    examples: [example("btrim('  x ')", 'x'), example("trim('xxaxx', 'x')", 'a')],
    resolve: trimSignature,
    implement: trimmer(true, true),
  }),
  scalar('ltrim', {
    doc: 'The text without spaces, or without the characters given, at its start.',
    examples: [example("ltrim('0042', '0')", '42')],
    resolve: trimSignature,
    implement: trimmer(true, false),
  }),
  scalar('rtrim', {
    doc: 'The text without spaces, or without the characters given, at its end.',
    examples: [example("rtrim('1.500', '0')", '1.5')],
    resolve: trimSignature,
    implement: trimmer(false, true),
  }),
  scalar('split_part', {
    doc: 'The n-th part of a text cut at a delimiter, counted from 1, or from the end from -1; empty if there is none.',
    examples: [example("split_part('BTC-USD', '-', 2)", 'USD'), example("split_part('a.b.c', '.', -1)", 'c')],
    resolve: signature([TEXT, TEXT, BIGINT], TEXT),
    implement: () => (args) => splitPart(args[0] as string, args[1] as string, Number(args[2] as Int)),
  }),
  scalar('substr_index', {
    aliases: ['substring_index'],
    doc: 'The text before the n-th delimiter; with a negative n the text after the n-th from the end.',
    examples: [
      example("substr_index('www.example.org', '.', 2)", 'www.example'),
      example("substr_index('a.b.c', '.', -1)", 'c'),
    ],
    resolve: signature([TEXT, TEXT, BIGINT], TEXT),
    implement: () => (args) => substringIndex(args[0] as string, args[1] as string, Number(args[2] as Int)),
  }),
  scalar('strpos', {
    aliases: ['instr'],
    doc: 'Where a text is found in another, in characters from 1; 0 if it is not.',
    examples: [example("strpos('BTC-USD', '-')", '4'), example("strpos('abc', 'x')", '0')],
    resolve: textAndText(BIGINT),
    implement: ofTwo(positionOf),
  }),
  scalar('position', {
    doc: 'As strpos with the arguments the other way round: POSITION(part IN text).',
    examples: [example("position('-', 'BTC-USD')", '4')],
    resolve: textAndText(BIGINT),
    implement: ofTwo((part, value) => positionOf(value, part)),
  }),
  scalar('find_in_set', {
    doc: 'Which entry of a comma-separated list equals a text, counted from 1; 0 if none does.',
    examples: [example("find_in_set('b', 'a,b,c')", '2')],
    resolve: textAndText(BIGINT),
    implement: ofTwo((value, list) => list.split(',').indexOf(value) + 1),
  }),
  scalar('starts_with', {
    aliases: ['startswith'],
    doc: 'Whether a text starts with another.',
    examples: [example("starts_with('BTC-USD', 'BTC')", 'true')],
    resolve: textAndText(BOOLEAN),
    implement: ofTwo((t, part) => t.startsWith(part)),
    inline: ([a, b]) => `${a}.startsWith(${b})`,
  }),
  scalar('ends_with', {
    aliases: ['endswith'],
    doc: 'Whether a text ends with another.',
    examples: [example("ends_with('BTC-USD', 'USD')", 'true')],
    resolve: textAndText(BOOLEAN),
    implement: ofTwo((t, part) => t.endsWith(part)),
    inline: ([a, b]) => `${a}.endsWith(${b})`,
  }),
  scalar('contains', {
    doc: 'Whether a text contains another.',
    examples: [example("contains('BTC-USD', 'C-U')", 'true')],
    resolve: textAndText(BOOLEAN),
    implement: ofTwo((t, part) => t.includes(part)),
    inline: ([a, b]) => `${a}.includes(${b})`,
  }),
  scalar('ascii', {
    doc: 'The code point of the first character; 0 for an empty text.',
    examples: [example("ascii('A')", '65')],
    resolve: signature([TEXT], BIGINT),
    implement: ofText((t) => t.codePointAt(0) ?? 0),
  }),
  scalar('chr', {
    doc: 'The character of a code point.',
    examples: [example('chr(9731)', '☃')],
    resolve: signature([BIGINT], TEXT),
    implement: () => (args) => {
      const code = Number(args[0] as Int)
      if (!(code > 0 && code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff))
        throw rowError(`${code} is not a character`)
      return String.fromCodePoint(code)
    },
  }),
  scalar('concat', {
    doc: 'All arguments as one text; NULLs are left out.',
    examples: [example("concat('a', NULL, 1, 2.50)", 'a12.5')],
    strict: false,
    resolve: (args) =>
      args.length === 0
        ? { kind: 'error', message: 'takes at least one argument' }
        : { kind: 'ok', args: args.map(() => TEXT), returns: TEXT },
    implement: () => (args) => args.map((a) => a ?? '').join(''),
  }),
  scalar('concat_ws', {
    doc: 'The arguments after the first as one text with the first between them; NULLs are left out.',
    examples: [example("concat_ws('-', 'BTC', NULL, 'USD')", 'BTC-USD')],
    strict: false,
    resolve: (args) => {
      const given = overloads({ args: [TEXT, ANY], rest: ANY, returns: TEXT })(args)
      return given.kind === 'error' ? given : { ...given, args: args.map(() => TEXT) }
    },
    implement:
      () =>
      ([separator, ...parts]) =>
        separator === null ? null : parts.filter((p) => p !== null).join(separator as string),
  }),
]
