import { BIGINT, type Int, TEXT, type Value } from '../../kernel/index.ts'
import { textOf } from '../expressions/casts/to-text.ts'
import { checkTextLength, codePointIndex, codePointLength, codePointSlice } from './code-points.ts'
import { example, type FunctionExample, rowError, scalar, type ScalarFunction } from './definition.ts'
import { TRUNCATION } from './math.ts'
import { ANY, overloads, signature } from './signature.ts'
import { filling } from './text-making.ts'

const ELLIPSIS = '...'

function ofText(
  name: string,
  doc: string,
  examples: readonly FunctionExample[],
  apply: (text: string) => Value,
): ScalarFunction {
  return scalar(name, {
    doc,
    examples,
    resolve: signature([TEXT], TEXT),
    implement:
      () =>
      ([text]) =>
        apply(text as string),
  })
}

function ofTextAndCount(
  name: string,
  doc: string,
  examples: readonly FunctionExample[],
  apply: (text: string, count: number) => string,
): ScalarFunction {
  return scalar(name, {
    doc,
    examples,
    resolve: signature([TEXT, BIGINT], TEXT),
    implement:
      () =>
      ([text, count]) =>
        apply(text as string, Math.max(0, Number(count as Int))),
  })
}

function abbreviate(text: string, length: number): string {
  if (length <= ELLIPSIS.length) throw rowError(`abbreviate takes a length above ${ELLIPSIS.length}`)
  return codePointLength(text) <= length ? text : codePointSlice(text, 0, length - ELLIPSIS.length) + ELLIPSIS
}

function center(args: readonly Value[]): string {
  const text = args[0] as string
  const length = Number(args[1] as Int)
  const missing = length - codePointLength(text)
  const fill = args.length === 3 ? (args[2] as string) : ' '
  if (missing <= 0) return text
  checkTextLength(length)
  const before = Math.floor(missing / 2)
  return filling(fill, before) + text + filling(fill, missing - before)
}

/** The first character changed, the rest as it is. */
function first(text: string, change: (character: string) => string): string {
  const point = text.codePointAt(0)
  if (point === undefined) return text
  const character = String.fromCodePoint(point)
  return change(character) + text.slice(character.length)
}

function swapCase(text: string): string {
  let result = ''
  for (const c of text) result += c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()
  return result
}

function indexOf(text: string, part: string): number {
  const at = text.indexOf(part)
  return at === -1 ? -1 : codePointIndex(text, at)
}

/** What Lenses calls text functions and others do not. Lengths are in characters. */
export const TEXT_EDITING: readonly ScalarFunction[] = [
  ofTextAndCount(
    'abbreviate',
    'The text cut to a length, with ... for what is left out.',
    [example("abbreviate('cc53c3b3b0b966', 10)", 'cc53c3b...'), example("abbreviate('short', 10)", 'short')],
    abbreviate,
  ),
  ofText(
    'capitalize',
    'The text with its first letter in upper case.',
    [example("capitalize('the fox')", 'The fox')],
    (t) => first(t, (c) => c.toUpperCase()),
  ),
  ofText(
    'uncapitalize',
    'The text with its first letter in lower case.',
    [example("uncapitalize('The FOX')", 'the FOX')],
    (t) => first(t, (c) => c.toLowerCase()),
  ),
  scalar('center', {
    doc: 'The text in the middle of a length, with spaces or a given text around it.',
    examples: [example("center('ab', 6, '*')", '**ab**'), example("center('ab', 5, '12')", '1ab12')],
    resolve: overloads({ args: [TEXT, BIGINT, TEXT], optional: 1, returns: TEXT }),
    implement: () => center,
  }),
  ofText('chop', 'The text without its last character.', [example("chop('Hood')", 'Hoo')], (t) =>
    codePointSlice(t, 0, codePointLength(t) - 1),
  ),
  ofText(
    'deletewhitespace',
    'The text without any white space.',
    [example("deletewhitespace(' Soft Shirt ')", 'SoftShirt')],
    (t) => t.replace(/\s+/gu, ''),
  ),
  ofText('digits', 'The digits of a text, and nothing else.', [example("digits('+49 (30) 12')", '493012')], (t) =>
    t.replace(/\P{Nd}+/gu, ''),
  ),
  ofTextAndCount(
    'dropleft',
    'The text without its first n characters.',
    [example("dropleft('BTC-USD', 4)", 'USD')],
    (t, n) => codePointSlice(t, n, Number.POSITIVE_INFINITY),
  ),
  ofTextAndCount(
    'dropright',
    'The text without its last n characters.',
    [example("dropright('BTC-USD', 4)", 'BTC')],
    (t, n) => codePointSlice(t, 0, codePointLength(t) - n),
  ),
  scalar('indexof', {
    doc: 'Where a text is found in another, in characters from 0; -1 if it is not.',
    examples: [example("indexof('BTC-USD', '-')", '3'), example("indexof('abc', 'x')", '-1')],
    resolve: signature([TEXT, TEXT], BIGINT),
    implement:
      () =>
      ([text, part]) =>
        indexOf(text as string, part as string),
  }),
  scalar('mkstring', {
    doc: 'Any value as text.',
    examples: [example('mkstring(1.50)', '1.5'), example('mkstring(ARRAY[1, 2])', '[1,2]')],
    resolve: signature([ANY], TEXT),
    implement:
      ([type]) =>
      ([value]) =>
        textOf(type!, value!) ?? null,
  }),
  ofText(
    'stripaccents',
    'The letters of a text without their accents.',
    [example("stripaccents('Éclair à Łódź')", 'Eclair a Łodz')],
    (t) =>
      t
        .normalize('NFD')
        .replace(/\p{Mn}+/gu, '')
        .normalize('NFC'),
  ),
  ofText(
    'swapcase',
    'Lower case as upper case and the other way round.',
    [example("swapcase('The Fox')", 'tHE fOX')],
    swapCase,
  ),
  scalar('truncate', {
    doc: 'At most the first n characters of a text; of a number the same as trunc.',
    examples: [example("truncate('abcdef', 3)", 'abc'), example('truncate(1.789, 2)', '1.78')],
    resolve: (args) => (args[0]?.kind === 'TEXT' ? signature([TEXT, BIGINT], TEXT)(args) : TRUNCATION.resolve(args)),
    implement: (args, returns) =>
      returns.kind === 'TEXT'
        ? ([text, count]) => codePointSlice(text as string, 0, Number(count as Int))
        : TRUNCATION.implement(args, returns),
  }),
]
