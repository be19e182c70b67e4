import { BOOLEAN, type DataType, TEXT, typeName, type Value } from '../../kernel/index.ts'
import { jsonOf } from '../expressions/casts/to-text.ts'
import { arrowName } from './arrow-name.ts'
import { example, type FunctionExample, rowError, scalar, type ScalarFunction } from './definition.ts'
import { ANY, signature } from './signature.ts'

const sameType = signature([ANY], ([type]) => type!)

/** A text about the type of the argument, whatever its value. */
function typeFunction(
  name: string,
  aliases: readonly string[],
  doc: string,
  examples: readonly FunctionExample[],
  describe: (type: DataType, value: Value) => string,
): ScalarFunction {
  return scalar(name, {
    aliases,
    doc,
    examples,
    strict: false,
    resolve: signature([ANY], TEXT),
    implement:
      ([type]) =>
      ([value]) =>
        describe(type!, value!),
  })
}

function nullTest(
  name: string,
  aliases: readonly string[],
  doc: string,
  result: string,
  wanted: boolean,
): ScalarFunction {
  return scalar(name, {
    aliases,
    doc,
    examples: [example(`${name}(NULL)`, result)],
    strict: false,
    resolve: signature([ANY], BOOLEAN),
    implement:
      () =>
      ([value]) =>
        (value === null) === wanted,
  })
}

/** NULLs and types of values. */
export const TYPE_FUNCTIONS: readonly ScalarFunction[] = [
  nullTest('isnull', [], 'Whether the argument is NULL: IS NULL as a function.', 'true', true),
  nullTest('isnotnull', ['exists'], 'Whether the argument is there: IS NOT NULL as a function.', 'false', false),
  scalar('as_nullable', {
    doc: 'The argument as it is.',
    examples: [example('as_nullable(1)', '1')],
    strict: false,
    resolve: sameType,
    implement:
      () =>
      ([value]) =>
        value!,
  }),
  scalar('as_non_nullable', {
    doc: 'The argument, which must not be NULL: then the row has no result.',
    examples: [example('as_non_nullable(1)', '1'), example('as_non_nullable(NULL)', 'error')],
    strict: false,
    resolve: sameType,
    implement:
      () =>
      ([value]) => {
        if (value === null) throw rowError('the argument of as_non_nullable is NULL')
        return value!
      },
  }),
  typeFunction(
    'typeof',
    [],
    'The SQL type of an expression.',
    [example('typeof(1.5)', 'DECIMAL'), example("typeof(ARRAY['a'])", 'TEXT[]')],
    (type) => typeName(type),
  ),
  typeFunction(
    'arrow_typeof',
    [],
    'The type of an expression as Apache Arrow names it.',
    [example('arrow_typeof(1::BIGINT)', 'Int64'), example("arrow_typeof('a')", 'Utf8')],
    (type) => arrowName(type),
  ),
  typeFunction(
    'dump',
    [],
    'The type and the value of an expression, as JSON.',
    [example("dump('a')", '{"type":"TEXT","value":"a"}'), example('dump(1.50)', '{"type":"DECIMAL","value":1.5}')],
    (type, value) => `{"type":${JSON.stringify(typeName(type))},"value":${jsonOf(type, value)}}`,
  ),
]
