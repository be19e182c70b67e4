import {
  arrayOf,
  BIGINT,
  BOOLEAN,
  type DataType,
  type Int,
  keyOf,
  NULL_TYPE,
  TEXT,
  type Value,
} from '../../kernel/index.ts'
import { coercesTo } from '../../plan/index.ts'
import { textOf } from '../expressions/casts/to-text.ts'
import { arrayFunction, asItems, type Items, keySet } from './array-function.ts'
import { checkTextLength } from './code-points.ts'
import { resolveSame } from './comparison.ts'
import { example, scalar, type ScalarFunction } from './definition.ts'
import { mismatch } from './signature.ts'

/** 1-based position, or from the end when negative; undefined outside. */
function at(items: Items, position: Value): Value | undefined {
  const n = Number(position as Int)
  return n === 0 ? undefined : items.at(n > 0 ? n - 1 : n)
}

function joined(element: DataType, items: Items, separator: string, nullText: string | undefined): string {
  const texts = items.flatMap((v) => {
    const text = v === null ? null : textOf(element, v)
    return text === null ? (nullText === undefined ? [] : [nullText]) : [text]
  })
  checkTextLength(texts.reduce((sum, t) => sum + t.length + separator.length, 0))
  return texts.join(separator)
}

function unique(element: DataType, items: Items): Value[] {
  const seen = new Set<string>()
  return items.filter((v) => {
    const key = keyOf(element, v)
    return !seen.has(key) && seen.add(key) !== undefined
  })
}

export const ARRAYS: readonly ScalarFunction[] = [
  scalar('make_array', {
    aliases: ['array', 'make_list'],
    doc: 'An array of the arguments.',
    examples: [example('make_array(1, 2, 3)', '[1,2,3]')],
    strict: false,
    resolve: (args) => {
      if (args.length === 0) return { kind: 'ok', args: [], returns: arrayOf(NULL_TYPE) }
      const same = resolveSame(1)(args)
      return same.kind === 'error' ? same : { ...same, returns: arrayOf(same.returns) }
    },
    implement: () => (args) => [...args],
  }),
  scalar('subscript', {
    aliases: ['array_element', 'array_extract', 'list_element', 'list_extract'],
    doc: 'The element at a position: a[i]. The first is 1, the last -1; NULL outside.',
    examples: [example('(make_array(10, 20, 30))[2]', '20'), example('subscript(make_array(10, 20), 3)', 'NULL')],
    resolve: (args) => {
      const [array, position] = args
      const fits =
        args.length === 2 && array?.kind === 'ARRAY' && (position!.kind === 'INTEGER' || position!.kind === 'NULL')
      return fits
        ? { kind: 'ok', args: [array, BIGINT], returns: array.element }
        : mismatch('an array and a position', args)
    },
    implement:
      () =>
      ([items, position]) =>
        at(asItems(items), position!) ?? null,
  }),
  arrayFunction({
    name: 'array_length',
    aliases: ['cardinality', 'sizeof'],
    doc: 'The number of elements.',
    examples: [example('array_length(make_array(1, 2))', '2')],
    returns: BIGINT,
    implement:
      () =>
      ([items]) =>
        asItems(items).length,
  }),
  arrayFunction({
    name: 'array_empty',
    aliases: ['empty'],
    doc: 'Whether an array has no elements.',
    examples: [example('array_empty(make_array(1))', 'false')],
    returns: BOOLEAN,
    implement:
      () =>
      ([items]) =>
        asItems(items).length === 0,
  }),
  arrayFunction({
    name: 'array_contains',
    aliases: ['array_has', 'list_has'],
    doc: 'Whether an element is in an array.',
    examples: [example('array_contains(make_array(1, 2), 2)', 'true')],
    extra: ['element'],
    returns: BOOLEAN,
    implement:
      (element) =>
      ([items, value]) => {
        const key = keyOf(element, value!)
        return asItems(items).some((v) => v !== null && keyOf(element, v) === key)
      },
  }),
  arrayFunction({
    name: 'array_has_all',
    doc: 'Whether all elements of the second array are in the first.',
    examples: [example('array_has_all(make_array(1, 2, 3), make_array(3, 1))', 'true')],
    extra: ['array'],
    returns: BOOLEAN,
    implement:
      (element) =>
      ([items, wanted]) => {
        const present = keySet(element, asItems(items))
        return asItems(wanted).every((v) => present.has(keyOf(element, v)))
      },
  }),
  arrayFunction({
    name: 'array_has_any',
    doc: 'Whether any element of the second array is in the first.',
    examples: [example('array_has_any(make_array(1, 2), make_array(5, 2))', 'true')],
    extra: ['array'],
    returns: BOOLEAN,
    implement:
      (element) =>
      ([items, wanted]) => {
        const present = keySet(element, asItems(items))
        return asItems(wanted).some((v) => present.has(keyOf(element, v)))
      },
  }),
  arrayFunction({
    name: 'array_position',
    doc: 'The position of the first element that equals a value, from 1; NULL if none does.',
    examples: [example("array_position(make_array('a', 'b'), 'b')", '2')],
    extra: ['element'],
    returns: BIGINT,
    implement:
      (element) =>
      ([items, value]) => {
        const key = keyOf(element, value!)
        const index = asItems(items).findIndex((v) => keyOf(element, v) === key)
        return index === -1 ? null : index + 1
      },
  }),
  arrayFunction({
    name: 'array_append',
    aliases: ['array_push_back', 'list_push_back'],
    doc: 'The array with an element added at its end.',
    examples: [example('array_append(make_array(1, 2), 3)', '[1,2,3]')],
    extra: ['element'],
    returns: 'array',
    strict: false,
    implement:
      () =>
      ([items, value]) => [...(asItems(items) ?? []), value!],
  }),
  arrayFunction({
    name: 'array_prepend',
    aliases: ['array_push_front', 'list_push_front'],
    doc: 'The array with an element added at its start: array_prepend(element, array).',
    examples: [example('array_prepend(0, make_array(1, 2))', '[0,1,2]')],
    extra: ['element'],
    elementFirst: true,
    returns: 'array',
    strict: false,
    implement:
      () =>
      ([items, value]) => [value!, ...(asItems(items) ?? [])],
  }),
  arrayFunction({
    name: 'array_concat',
    aliases: ['array_cat', 'list_cat'],
    doc: 'The elements of one array after those of another.',
    examples: [example('array_concat(make_array(1), make_array(2, 3))', '[1,2,3]')],
    extra: ['array'],
    returns: 'array',
    implement:
      () =>
      ([a, b]) => [...asItems(a), ...asItems(b)],
  }),
  arrayFunction({
    name: 'array_slice',
    doc: 'The elements from one position to another, both included; negative positions count from the end.',
    examples: [example('array_slice(make_array(1, 2, 3, 4), 2, 3)', '[2,3]')],
    extra: [BIGINT, BIGINT],
    returns: 'array',
    implement:
      () =>
      ([items, from, to]) => {
        const list = asItems(items)
        const place = (n: number) => (n < 0 ? list.length + n : n - 1)
        return list.slice(Math.max(0, place(Number(from))), Math.max(0, place(Number(to)) + 1))
      },
  }),
  arrayFunction({
    name: 'array_reverse',
    doc: 'The elements in reverse order.',
    examples: [example('array_reverse(make_array(1, 2, 3))', '[3,2,1]')],
    returns: 'array',
    implement:
      () =>
      ([items]) =>
        [...asItems(items)].reverse(),
  }),
  arrayFunction({
    name: 'array_distinct',
    doc: 'Every element once, in order of first appearance.',
    examples: [example('array_distinct(make_array(1, 2, 1))', '[1,2]')],
    returns: 'array',
    implement:
      (element) =>
      ([items]) =>
        unique(element, asItems(items)),
  }),
  arrayFunction({
    name: 'array_union',
    doc: 'The elements of both arrays, each once.',
    examples: [example('array_union(make_array(1, 2), make_array(2, 3))', '[1,2,3]')],
    extra: ['array'],
    returns: 'array',
    implement:
      (element) =>
      ([a, b]) =>
        unique(element, [...asItems(a), ...asItems(b)]),
  }),
  arrayFunction({
    name: 'array_intersect',
    doc: 'The elements that are in both arrays, each once.',
    examples: [example('array_intersect(make_array(1, 2, 3), make_array(3, 2))', '[2,3]')],
    extra: ['array'],
    returns: 'array',
    implement:
      (element) =>
      ([a, b]) => {
        const other = keySet(element, asItems(b))
        return unique(element, asItems(a)).filter((v) => other.has(keyOf(element, v)))
      },
  }),
  arrayFunction({
    name: 'array_except',
    doc: 'The elements of the first array that are not in the second, each once.',
    examples: [example('array_except(make_array(1, 2, 3), make_array(2))', '[1,3]')],
    extra: ['array'],
    returns: 'array',
    implement:
      (element) =>
      ([a, b]) => {
        const other = keySet(element, asItems(b))
        return unique(element, asItems(a)).filter((v) => !other.has(keyOf(element, v)))
      },
  }),
  arrayFunction({
    name: 'array_to_string',
    aliases: ['array_join', 'list_join'],
    doc: 'The elements as one text with a separator between them; NULLs are left out, or shown as a given text.',
    examples: [
      example("array_to_string(make_array(1, NULL, 3), ',')", '1,3'),
      example("array_to_string(make_array(1, NULL), ',', '?')", '1,?'),
    ],
    extra: [TEXT, TEXT],
    optional: 1,
    returns: TEXT,
    implement:
      (element) =>
      ([items, separator, nullText]) =>
        joined(element, asItems(items), separator as string, nullText as string | undefined),
  }),
  scalar('string_to_array', {
    aliases: ['string_to_list'],
    doc: 'The parts of a text cut at a delimiter.',
    examples: [example("string_to_array('a,b', ',')", '["a","b"]')],
    resolve: (args) =>
      args.length === 2 && args.every((a) => coercesTo(a, TEXT))
        ? { kind: 'ok', args: [TEXT, TEXT], returns: arrayOf(TEXT) }
        : mismatch('a text and a delimiter', args),
    implement:
      () =>
      ([text, delimiter]) =>
        text === '' ? [] : delimiter === '' ? [text as string] : (text as string).split(delimiter as string),
  }),
]
