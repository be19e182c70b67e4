import { arrayOf, BIGINT, compareValues, type DataType, type Int, keyOf, TEXT, type Value } from '../../kernel/index.ts'
import { coercesTo } from '../../plan/index.ts'
import { arrayFunction, asItems, type Items } from './array-function.ts'
import { example, rowError, scalar, type ScalarFunction } from './definition.ts'
import { mismatch } from './signature.ts'

const MAX_ELEMENTS = 100_000

function checkCount(count: number): number {
  if (count > MAX_ELEMENTS) throw rowError(`the array would have ${count} elements; the limit is ${MAX_ELEMENTS}`)
  return Math.max(0, count)
}

/** The array with up to `limit` elements equal to `value` handed to `change`, from the left. */
function changed(
  element: DataType,
  items: Items,
  value: Value,
  limit: number,
  change: () => readonly Value[],
): Value[] {
  const key = keyOf(element, value)
  let left = limit
  return items.flatMap((v) => {
    if (left <= 0 || keyOf(element, v) !== key) return [v]
    left--
    return change()
  })
}

/** NULLs last, whichever way. */
function sorted(element: DataType, items: Items, descending: boolean): Value[] {
  const present = items.filter((v) => v !== null).sort((a, b) => compareValues(element, a, b) * (descending ? -1 : 1))
  return [...present, ...new Array<Value>(items.length - present.length).fill(null)]
}

/** The lengths of the nested arrays, by their first elements. */
function dimensions(element: DataType, items: Items): number[] {
  if (element.kind !== 'ARRAY') return [items.length]
  const [first] = items
  return [items.length, ...(first === undefined || first === null ? [] : dimensions(element.element, asItems(first)))]
}

function depth(element: DataType): number {
  return element.kind === 'ARRAY' ? 1 + depth(element.element) : 1
}

function remover(name: string, limit: number | undefined, doc: string, sql: string, result: string): ScalarFunction {
  return arrayFunction({
    name,
    doc,
    examples: [example(sql, result)],
    extra: limit === undefined ? ['element', BIGINT] : ['element'],
    returns: 'array',
    implement:
      (element) =>
      ([items, value, count]) =>
        changed(element, asItems(items), value!, limit ?? Number(count as Int), () => []),
  })
}

function replacer(name: string, limit: number | undefined, doc: string, sql: string, result: string): ScalarFunction {
  return arrayFunction({
    name,
    doc,
    examples: [example(sql, result)],
    extra: limit === undefined ? ['element', 'element', BIGINT] : ['element', 'element'],
    returns: 'array',
    implement:
      (element) =>
      ([items, from, to, count]) =>
        changed(element, asItems(items), from!, limit ?? Number(count as Int), () => [to!]),
  })
}

/** A function that gives an array of integers at equal distances. */
function series(name: string, inclusive: boolean, doc: string, sql: string, result: string): ScalarFunction {
  return scalar(name, {
    doc,
    examples: [example(sql, result)],
    resolve: (args) =>
      args.length >= 1 && args.length <= 3 && args.every((a) => coercesTo(a, BIGINT))
        ? { kind: 'ok', args: args.map(() => BIGINT), returns: arrayOf(BIGINT) }
        : mismatch('up to three integers', args),
    implement: () => (args) => {
      const [first, second, third] = args.map(Number)
      const [from, to] = second === undefined ? [0, first!] : [first!, second]
      const step = third ?? 1
      if (step === 0) throw rowError(`the step of ${name} must not be zero`)
      const count = inclusive ? Math.floor((to - from) / step) + 1 : Math.ceil((to - from) / step)
      return Array.from({ length: checkCount(count) }, (_, i) => from + i * step)
    },
  })
}

/** Functions that make arrays of arrays: taking away, replacing, ordering, filling. */
export const ARRAY_EDITING: readonly ScalarFunction[] = [
  remover(
    'array_remove',
    1,
    'The array without the first element that equals a value.',
    'array_remove(make_array(1, 2, 1), 1)',
    '[2,1]',
  ),
  remover(
    'array_remove_n',
    undefined,
    'The array without the first n elements that equal a value.',
    'array_remove_n(make_array(1, 1, 1), 1, 2)',
    '[1]',
  ),
  remover(
    'array_remove_all',
    Number.POSITIVE_INFINITY,
    'The array without the elements that equal a value.',
    'array_remove_all(make_array(1, 2, 1), 1)',
    '[2]',
  ),
  replacer(
    'array_replace',
    1,
    'The array with the first element that equals a value replaced.',
    'array_replace(make_array(1, 2, 1), 1, 9)',
    '[9,2,1]',
  ),
  replacer(
    'array_replace_n',
    undefined,
    'The array with the first n elements that equal a value replaced.',
    'array_replace_n(make_array(1, 1, 1), 1, 9, 2)',
    '[9,9,1]',
  ),
  replacer(
    'array_replace_all',
    Number.POSITIVE_INFINITY,
    'The array with every element that equals a value replaced.',
    'array_replace_all(make_array(1, 2, 1), 1, 9)',
    '[9,2,9]',
  ),
  arrayFunction({
    name: 'array_positions',
    doc: 'The positions of all elements that equal a value, from 1.',
    examples: [example('array_positions(make_array(7, 8, 7), 7)', '[1,3]')],
    extra: ['element'],
    returns: arrayOf(BIGINT),
    implement:
      (element) =>
      ([items, value]) => {
        const key = keyOf(element, value!)
        return asItems(items).flatMap((v, i) => (keyOf(element, v) === key ? [i + 1] : []))
      },
  }),
  arrayFunction({
    name: 'array_pop_back',
    doc: 'The array without its last element.',
    examples: [example('array_pop_back(make_array(1, 2, 3))', '[1,2]')],
    returns: 'array',
    implement:
      () =>
      ([items]) =>
        asItems(items).slice(0, -1),
  }),
  arrayFunction({
    name: 'array_pop_front',
    doc: 'The array without its first element.',
    examples: [example('array_pop_front(make_array(1, 2, 3))', '[2,3]')],
    returns: 'array',
    implement:
      () =>
      ([items]) =>
        asItems(items).slice(1),
  }),
  arrayFunction({
    name: 'array_resize',
    doc: 'The array cut to a length, or filled up to it with a value (default NULL).',
    examples: [example('array_resize(make_array(1, 2), 3, 0)', '[1,2,0]')],
    extra: [BIGINT, 'element'],
    optional: 1,
    returns: 'array',
    strict: false,
    implement:
      () =>
      ([items, length, fill]) => {
        if (items === null || length === null) return null
        const wanted = checkCount(Number(length as Int))
        const kept = asItems(items).slice(0, wanted)
        return [...kept, ...new Array<Value>(wanted - kept.length).fill(fill ?? null)]
      },
  }),
  arrayFunction({
    name: 'array_sort',
    doc: "The elements in order, with 'DESC' in reverse order; NULLs last.",
    examples: [
      example('array_sort(make_array(3, 1, 2))', '[1,2,3]'),
      example("array_sort(make_array(3, NULL, 4), 'DESC')", '[4,3,null]'),
    ],
    extra: [TEXT],
    optional: 1,
    returns: 'array',
    implement:
      (element) =>
      ([items, direction]) =>
        sorted(element, asItems(items), ((direction as string | undefined) ?? '').trim().toUpperCase() === 'DESC'),
  }),
  arrayFunction({
    name: 'array_dims',
    doc: 'The lengths of an array and of the arrays nested in it.',
    examples: [example('array_dims(make_array(make_array(1, 2), make_array(3, 4)))', '[2,2]')],
    returns: arrayOf(BIGINT),
    implement:
      (element) =>
      ([items]) =>
        dimensions(element, asItems(items)),
  }),
  arrayFunction({
    name: 'array_ndims',
    doc: 'How deep arrays are nested; 1 for an array of plain values.',
    examples: [example('array_ndims(make_array(make_array(1, 2)))', '2')],
    returns: BIGINT,
    implement: (element) => () => depth(element),
  }),
  scalar('array_repeat', {
    aliases: ['list_repeat'],
    doc: 'An array of the same element n times.',
    examples: [example("array_repeat('x', 2)", '["x","x"]')],
    strict: false,
    resolve: (args) =>
      args.length === 2 && coercesTo(args[1]!, BIGINT)
        ? { kind: 'ok', args: [args[0]!, BIGINT], returns: arrayOf(args[0]!) }
        : mismatch('an element and a count', args),
    implement:
      () =>
      ([value, count]) =>
        count === null ? null : new Array<Value>(checkCount(Number(count as Int))).fill(value!),
  }),
  scalar('flatten', {
    aliases: ['array_flatten', 'list_flatten'],
    doc: 'The elements of the arrays in an array, one level.',
    examples: [example('flatten(make_array(make_array(1, 2), make_array(3)))', '[1,2,3]')],
    resolve: (args) => {
      const [array] = args
      return args.length === 1 && array?.kind === 'ARRAY' && array.element.kind === 'ARRAY'
        ? { kind: 'ok', args: [array], returns: array.element }
        : mismatch('an array of arrays', args)
    },
    implement:
      () =>
      ([items]) =>
        asItems(items).flatMap((v) => (v === null ? [] : asItems(v))),
  }),
  series(
    'generate_series',
    true,
    'The integers from one to another, both included, by a step (default 1).',
    'generate_series(1, 5, 2)',
    '[1,3,5]',
  ),
  series(
    'range',
    false,
    'The integers from one (default 0) up to another, which is left out, by a step (default 1).',
    'range(1, 4)',
    '[1,2,3]',
  ),
]
