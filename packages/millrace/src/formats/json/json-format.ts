import { type Field, MillraceError, type Schema, sameType, JSON_TYPE } from '../../kernel/index.ts'
import type { DecodeColumn, Decoder, DecoderSettings, Encoder, FormatDefinition } from '../format.ts'
import { JsonEncoder } from './encoder.ts'
import { GeneratedDecoder } from './generated-decoder.ts'
import { InterpretedDecoder } from './interpreter.ts'
import { type JsonOptions, jsonOptions, timestampUnit } from './options.ts'

export const jsonFormat: FormatDefinition<JsonOptions> = {
  name: 'json',
  aliases: [],
  summary: 'One JSON value per record; columns are read from the keys of an object, unknown keys are ignored.',
  options: jsonOptions,

  checkSchema(fields: readonly Field[], options: JsonOptions): MillraceError[] {
    if (options['json.unstructured']) {
      const [field] = fields
      if (fields.length === 1 && field!.name === 'value' && sameType(field!.type, JSON_TYPE)) return []
      return [
        new MillraceError(
          'CONFIG_OPTION_INVALID',
          'option "json.unstructured" needs exactly one column, "value JSON"',
          {
            hint: 'Declare the table with the column `value JSON`, or leave the option out to read columns from keys.',
          },
        ),
      ]
    }
    if (options['json.decimal_encoding'] !== 'bytes') return []
    return fields
      .filter((f) => f.type.kind === 'DECIMAL' && f.type.precision === undefined)
      .map(
        (f) =>
          new MillraceError(
            'CONFIG_OPTION_INVALID',
            `option "json.decimal_encoding" = 'bytes' cannot write column "${f.name}"`,
            {
              detail: 'Bytes hold the digits only; where the point stands must come from the type.',
              hint: `Declare "${f.name}" as DECIMAL(p, s).`,
            },
          ),
      )
  },

  decoder(columns: readonly DecodeColumn[], options: JsonOptions, settings: DecoderSettings): Decoder {
    const located = options['json.unstructured'] ? columns.map(wholeRecord) : columns
    const unit = timestampUnit(options)
    // Code pays where keys have to be found.
    const findsKeys = located.length > 0 && located.every((c) => c.path?.length !== 0)
    return settings.codegen && findsKeys ? new GeneratedDecoder(located, unit) : new InterpretedDecoder(located, unit)
  },

  encoder(schema: Schema, options: JsonOptions): Encoder {
    return new JsonEncoder(schema, options)
  },
}

/** The column `value` is the record; a path leads into it from there. */
function wholeRecord(column: DecodeColumn): DecodeColumn {
  return { ...column, path: column.path === undefined ? [] : column.path.slice(1) }
}
