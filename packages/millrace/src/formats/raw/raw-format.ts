import { z } from 'zod'
import {
  BYTEA,
  type Column,
  type DataType,
  type Field,
  MillraceError,
  type RecordBatch,
  sameType,
  type Schema,
  TEXT,
  typeName,
  validateUtf8,
} from '../../kernel/index.ts'
import { ByteWriter } from '../byte-writer.ts'
import { RowStore } from '../column-store.ts'
import type { BadRecord, DecodeColumn, Decoder, EncodedRows, Encoder, FormatDefinition } from '../format.ts'
import { sliceText } from '../text.ts'

export const rawStringFormat: FormatDefinition = rawFormat(
  'raw_string',
  ['raw'],
  TEXT,
  'Every record is one text, in the column value TEXT.',
)
export const rawBytesFormat: FormatDefinition = rawFormat(
  'raw_bytes',
  [],
  BYTEA,
  'Every record is its bytes, in the column value BYTEA.',
)

function rawFormat(name: string, aliases: readonly string[], type: DataType, summary: string): FormatDefinition {
  return {
    name,
    aliases,
    summary,
    options: z.object({}),
    checkSchema(fields: readonly Field[]): MillraceError[] {
      if (fields.length === 1 && fields[0]!.name === 'value' && sameType(fields[0]!.type, type)) return []
      return [
        new MillraceError(
          'CONFIG_OPTION_INVALID',
          `format "${name}" needs exactly one column, "value ${typeName(type)}"`,
          {
            hint: `Declare the table with the column \`value ${typeName(type)}\`.`,
          },
        ),
      ]
    },
    decoder: (columns) => new RawDecoder(columns, type),
    encoder: (schema) => new RawEncoder(schema),
  }
}

/** Every payload is one row; text must be well-formed UTF-8. The columns are `value` once or not at all. */
class RawDecoder implements Decoder {
  readonly #rows: RowStore
  readonly #text: boolean
  #bad: BadRecord | null = null

  constructor(columns: readonly DecodeColumn[], type: DataType) {
    this.#rows = new RowStore(columns.map(() => type))
    this.#text = type.kind === 'TEXT'
  }

  get bad(): BadRecord | null {
    return this.#bad
  }

  get length(): number {
    return this.#rows.length
  }

  decode(bytes: Uint8Array, start: number, end: number): number {
    if (this.#text && !validateUtf8(bytes, start, end)) {
      this.#bad = { reason: 'invalid', message: 'record is no well-formed UTF-8' }
      return -1
    }
    this.#rows.reserve()
    const row = this.#rows.length++
    for (const column of this.#rows.columns) {
      column.set(row, this.#text ? sliceText(bytes, start, end) : new Uint8Array(bytes.subarray(start, end)))
    }
    return 1
  }

  take(): Column[] {
    return this.#rows.take()
  }
}

/** The one visible column as it is; NULL is an empty record. */
class RawEncoder implements Encoder {
  readonly #index: number

  constructor(schema: Schema) {
    this.#index = schema.fields.findIndex((f) => f.hidden !== true)
  }

  encode(batch: RecordBatch, separator?: Uint8Array): EncodedRows {
    const column = batch.columns[this.#index]!
    const out = new ByteWriter(batch.length, 64)
    for (let row = 0; row < batch.length; row++) {
      if (column.nulls?.[row] !== 1) {
        if (column.kind === 'text') out.utf8(column.values[row]!)
        else if (column.kind === 'object') out.raw(column.values[row] as Uint8Array)
      }
      out.endRow(separator)
    }
    return out.finish()
  }
}
