import { z } from 'zod'
import { booleanOption, type TimestampUnit } from '../../kernel/index.ts'

const TIMESTAMP_FORMATS = {
  rfc3339: 'rfc3339',
  unix_seconds: 'seconds',
  unix_millis: 'millis',
  unixmillis: 'millis',
  unix_micros: 'micros',
  unixmicros: 'micros',
  unix_nanos: 'nanos',
  unixnanos: 'nanos',
} as const satisfies Record<string, 'rfc3339' | TimestampUnit>

const timestampFormat = z.string().transform((text, context) => {
  const format = (TIMESTAMP_FORMATS as Readonly<Record<string, JsonTimestampFormat>>)[text.toLowerCase()]
  if (format === undefined) {
    context.addIssue({
      code: 'custom',
      message: `"${text}" is no timestamp format; choose RFC3339, unix_seconds, unix_millis, unix_micros or unix_nanos`,
    })
    return z.NEVER
  }
  return format
})

/** An option of the same name elsewhere that has no meaning here: off is accepted, on is refused with the reason. */
function unsupported(why: string) {
  return booleanOption()
    .refine((on) => !on, why)
    .optional()
}

export type JsonTimestampFormat = (typeof TIMESTAMP_FORMATS)[keyof typeof TIMESTAMP_FORMATS]

export const jsonOptions = z.object({
  'json.unstructured': booleanOption()
    .default(false)
    .describe('Keep every record whole, as its text, in the one column value JSON.'),
  'json.timestamp_format': timestampFormat
    .optional()
    .describe(
      'RFC3339, unix_seconds, unix_millis, unix_micros or unix_nanos: the unit of numbers in TIMESTAMP columns, read and written. Without it numbers are read by their magnitude and RFC 3339 is written.',
    ),
  'json.decimal_encoding': z
    .enum(['number', 'string', 'bytes'])
    .default('number')
    .describe(
      "How DECIMAL is written: a number (exact text), a string, or base64 of the unscaled big-endian two's complement.",
    ),
  'json.include_schema': unsupported('schemas inside records are not written').describe(
    'Not supported: schemas inside records.',
  ),
  'json.confluent_schema_registry': unsupported('schema registries are not read').describe(
    'Not supported: schema registries.',
  ),
})

export type JsonOptions = z.infer<typeof jsonOptions>

/** The unit of a number in a TIMESTAMP column. */
export function timestampUnit(options: JsonOptions): TimestampUnit {
  const format = options['json.timestamp_format']
  return format === undefined || format === 'rfc3339' ? 'auto' : format
}
