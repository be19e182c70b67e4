import {
  arrayOf,
  BIGINT,
  BOOLEAN,
  type DataType,
  DOUBLE,
  type Int,
  JSON_TYPE,
  parseDecimal,
  parseInt64,
  TEXT,
  type Value,
} from '../../kernel/index.ts'
import type { Resolution } from '../../plan/index.ts'
import { rangeCheck } from './integer-range.ts'
import { jsonOf, jsonScalarText } from '../expressions/casts/to-text.ts'
import {
  distinctMembers,
  elementOf,
  elementsOf,
  type JsonKind,
  kindAt,
  memberOf,
  type Slice,
  sliceText,
  stringAt,
  wholeValue,
} from '../expressions/json-text.ts'
import { example, type FunctionExample, rowError, scalar, type ScalarFunction, shown } from './definition.ts'
import { parseJsonPath, selectPath } from './json-path.ts'
import { remembered } from './remembered.ts'
import { ANY, mismatch, overloads } from './signature.ts'

/** A JSON value and any number of keys: TEXT for members, integers for elements (the first is 0, the last -1). */
function resolveGet(returns: DataType, minimumKeys = 1): (args: readonly DataType[]) => Resolution {
  return (args) => {
    const [json, ...keys] = args
    const expected = 'a JSON value and keys (TEXT) or positions (integers)'
    if (json === undefined || keys.length < minimumKeys || !isJsonLike(json)) return mismatch(expected, args)
    const types: DataType[] = [JSON_TYPE]
    for (const key of keys) {
      if (key.kind === 'INTEGER') types.push(BIGINT)
      else if (key.kind === 'TEXT' || key.kind === 'NULL' || key.kind === 'JSON') types.push(TEXT)
      else return mismatch(expected, args)
    }
    return { kind: 'ok', args: types, returns }
  }
}

/** TEXT is read as JSON; its rows that are not have no result. */
function isJsonLike(type: DataType): boolean {
  return type.kind === 'JSON' || type.kind === 'TEXT' || type.kind === 'NULL'
}

interface Found {
  readonly text: string
  readonly slice: Slice
  readonly kind: JsonKind
}

function lookUp(args: readonly Value[]): Found | undefined {
  const text = args[0] as string
  let slice: Slice | undefined = wholeValue(text)
  for (let i = 1; i < args.length; i++) {
    const key = args[i]!
    slice = typeof key === 'string' ? memberOf(text, slice, key) : elementOf(text, slice, Number(key))
    if (slice === undefined) return undefined
  }
  return { text, slice, kind: kindAt(text, slice.start) }
}

/** A function that looks a value up by keys; NULL when it is not there, and where `read` gives undefined. */
function getter(
  name: string,
  returns: DataType,
  doc: string,
  read: (found: Found, raw: string) => Value | undefined,
  examples: readonly FunctionExample[],
  aliases: readonly string[] = [],
): ScalarFunction {
  return scalar(name, {
    aliases,
    doc,
    examples,
    resolve: resolveGet(returns, name === 'json_get' || name === 'json_as_text' ? 1 : 0),
    implement: () => (args) => {
      const found = lookUp(args)
      return found === undefined ? null : (read(found, sliceText(found.text, found.slice)) ?? null)
    },
  })
}

const int64 = rangeCheck(BIGINT)

/** A whole JSON number of any spelling (1e3, 5.0). */
function integerOf(raw: string): Int | undefined {
  const plain = parseInt64(raw)
  if (plain !== undefined) return int64(plain)
  const value = parseDecimal(raw)
  if (value === undefined) return undefined
  const whole = BigInt(value.unscaled) % 10n ** BigInt(value.scale) === 0n
  return whole ? parseInt64(String(BigInt(value.unscaled) / 10n ** BigInt(value.scale))) : undefined
}

function size(found: Found): number | undefined {
  switch (found.kind) {
    case 'array':
      return elementsOf(found.text, found.slice).length
    case 'object':
      return distinctMembers(found.text, found.slice).size
    default:
      return undefined
  }
}

/** Runs a path over a text; a path that cannot be read is a row error. */
function pathFunction(
  name: string,
  returns: DataType,
  doc: string,
  read: (text: string, found: readonly Slice[]) => Value,
  examples: readonly FunctionExample[],
  aliases: readonly string[] = [],
): ScalarFunction {
  return scalar(name, {
    aliases,
    doc,
    examples,
    resolve: (args) => {
      const given = overloads({ args: [ANY, TEXT], returns })(args)
      if (given.kind === 'error') return given
      return isJsonLike(args[0]!)
        ? { kind: 'ok', args: [JSON_TYPE, TEXT], returns }
        : mismatch('a JSON value and a path', args)
    },
    implement: () => {
      const pathOf = remembered((path) => {
        const parsed = parseJsonPath(path)
        if (typeof parsed === 'string') throw rowError(`the JSON path ${shown(path)} ${parsed}`)
        return parsed
      })
      return ([json, path]) => {
        const text = json as string
        return read(text, selectPath(text, wholeValue(text), pathOf(path as string)))
      }
    },
  })
}

const texts = (text: string, found: readonly Slice[]) => found.map((slice) => sliceText(text, slice))

/** TEXT stays text, everything else is cast to JSON. */
function jsonArgument(type: DataType): DataType {
  return type.kind === 'TEXT' ? TEXT : JSON_TYPE
}

function resolveObject(args: readonly DataType[]): Resolution {
  if (args.length % 2 !== 0) return { kind: 'error', message: 'takes keys and values in turn' }
  if (args.some((a, i) => i % 2 === 0 && a.kind !== 'TEXT')) return { kind: 'error', message: 'takes TEXT keys' }
  return { kind: 'ok', args: args.map((a, i) => (i % 2 === 0 ? TEXT : jsonArgument(a))), returns: JSON_TYPE }
}

function object(args: readonly Value[], types: readonly DataType[]): string {
  const members: string[] = []
  for (let i = 0; i < args.length; i += 2) {
    const key = args[i]!
    if (key === null) throw rowError('a key of json_object is NULL')
    members.push(`${JSON.stringify(key)}:${jsonOf(types[i + 1]!, args[i + 1]!)}`)
  }
  return `{${members.join(',')}}`
}

export const JSON_FUNCTIONS: readonly ScalarFunction[] = [
  getter(
    'json_get',
    JSON_TYPE,
    'The member or element of a JSON value as JSON: the operator ->. NULL if there is none, or if it is null.',
    ({ kind }, raw) => (kind === 'null' ? undefined : raw),
    [
      example(`JSON '{"a": {"b": [1, 2.50]}}' -> 'a' -> 'b' -> 1`, '2.50'),
      example(`json_get(JSON '{"a": {"b": 7}}', 'a', 'b')`, '7'),
    ],
    ['json_get_json'],
  ),
  getter(
    'json_as_text',
    TEXT,
    'As json_get, as text: the operator ->>. Strings lose their quotes, null is NULL.',
    (_, raw) => jsonScalarText(raw),
    [example(`JSON '{"s": "BTC"}' ->> 's'`, 'BTC')],
  ),
  getter(
    'json_get_str',
    TEXT,
    'The string at the keys; NULL if there is something else.',
    ({ kind, text, slice }) => (kind === 'string' ? stringAt(text, slice) : undefined),
    [example(`json_get_str(JSON '{"s": "BTC"}', 's')`, 'BTC'), example(`json_get_str(JSON '{"s": 1}', 's')`, 'NULL')],
  ),
  getter(
    'json_get_int',
    BIGINT,
    'The whole number at the keys; NULL if there is something else.',
    ({ kind }, raw) => (kind === 'number' ? integerOf(raw) : undefined),
    [example(`json_get_int(JSON '{"n": 1491318144456507320}', 'n')`, '1491318144456507320')],
  ),
  getter(
    'json_get_float',
    DOUBLE,
    'The number at the keys as DOUBLE; NULL if there is something else.',
    ({ kind }, raw) => (kind === 'number' ? Number(raw) : undefined),
    [example(`json_get_float(JSON '[0.5]', 0)`, '0.5')],
  ),
  getter(
    'json_get_bool',
    BOOLEAN,
    'The boolean at the keys; NULL if there is something else.',
    ({ kind }, raw) => (kind === 'boolean' ? raw === 'true' : undefined),
    [example(`json_get_bool(JSON '{"maker": true}', 'maker')`, 'true')],
  ),
  scalar('json_contains', {
    aliases: ['json_exists'],
    doc: 'Whether the keys lead to a value: the operator ?.',
    examples: [
      example(`json_contains(JSON '{"a": null}', 'a')`, 'true'),
      example(`json_contains(JSON '{"a": 1}', 'b')`, 'false'),
    ],
    resolve: resolveGet(BOOLEAN),
    implement: () => (args) => lookUp(args) !== undefined,
  }),
  getter(
    'json_length',
    BIGINT,
    'The number of elements of an array or members of an object; NULL for anything else.',
    size,
    [example(`json_length(JSON '{"a": 1, "b": 2}')`, '2')],
  ),
  getter(
    'json_array_length',
    BIGINT,
    'The number of elements of a JSON array; NULL for anything else.',
    (found) => (found.kind === 'array' ? size(found) : undefined),
    [example("json_array_length(JSON '[1, 2, 3]')", '3')],
  ),
  getter(
    'json_typeof',
    TEXT,
    'The kind of a JSON value: object, array, string, number, boolean or null.',
    ({ kind }) => kind,
    [example("json_typeof(JSON '[1]')", 'array')],
    ['json_type'],
  ),
  getter(
    'json_object_keys',
    arrayOf(TEXT),
    'The keys of a JSON object, each once.',
    ({ kind, text, slice }) => (kind === 'object' ? [...distinctMembers(text, slice).keys()] : undefined),
    [example(`json_object_keys(JSON '{"a": 1, "b": 2}')`, '["a","b"]')],
    ['json_keys'],
  ),
  scalar('json_object', {
    aliases: ['json_build_object'],
    doc: 'A JSON object of keys and values in turn.',
    examples: [example("json_object('s', 'BTC', 'p', 1.50, 'n', NULL)", '{"s":"BTC","p":1.5,"n":null}')],
    strict: false,
    resolve: resolveObject,
    implement: (types) => (args) => object(args, types),
  }),
  scalar('json_array', {
    aliases: ['json_build_array'],
    doc: 'A JSON array of the arguments.',
    examples: [example("json_array(1, 'a', NULL)", '[1,"a",null]')],
    strict: false,
    resolve: (args) => ({ kind: 'ok', args: args.map(jsonArgument), returns: JSON_TYPE }),
    implement: (types) => (args) => `[${args.map((a, i) => jsonOf(types[i]!, a)).join(',')}]`,
  }),
  scalar('to_json', {
    doc: 'Any value as JSON; a text becomes a JSON string.',
    examples: [example("to_json('a\"b')", '"a\\"b"')],
    strict: false,
    resolve: (args) => (args.length === 1 ? { kind: 'ok', args, returns: JSON_TYPE } : mismatch('one argument', args)),
    implement:
      ([type]) =>
      ([value]) =>
        jsonOf(type!, value!),
  }),
  pathFunction(
    'json_value',
    TEXT,
    'The scalar a JSON path leads to, as text; NULL if there is none, or an array or object.',
    (text, [first]) =>
      first === undefined || /[[{]/.test(text[first.start]!) ? null : jsonScalarText(sliceText(text, first)),
    [example(`json_value('{"a": {"b": "x"}}', '$.a.b')`, 'x')],
  ),
  pathFunction(
    'extract_json',
    arrayOf(TEXT),
    'All values a JSON path leads to, each as JSON text. Paths are those of RFC 9535, with filters, without functions.',
    texts,
    [
      example(`extract_json('{"a": [{"b": 1}, {"b": "x"}]}', '$.a[*].b')`, '["1","\\"x\\""]'),
      example(`extract_json('[{"s": "A", "p": 5}, {"s": "B", "p": 7}]', '$[?@.p > 5 && @.s].s')`, '["\\"B\\""]'),
    ],
    ['json_extract_all'],
  ),
  pathFunction(
    'extract_json_string',
    TEXT,
    'The first value a JSON path leads to, if it is a string.',
    (text, [first]) => (first !== undefined && text[first.start] === '"' ? stringAt(text, first) : null),
    [example(`extract_json_string('{"a": "x"}', '$.a')`, 'x')],
  ),
  pathFunction(
    'get_first_json_object',
    TEXT,
    'The first value a JSON path leads to, as JSON text.',
    (text, [first]) => (first === undefined ? null : sliceText(text, first)),
    [example(`get_first_json_object('{"a": {"b": 1.50}}', '$.a.b')`, '1.50')],
    ['json_extract_first'],
  ),
]
