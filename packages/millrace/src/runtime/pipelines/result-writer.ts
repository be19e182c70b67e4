import { resolveTable } from '../../connectors/index.ts'
import { type Encoder, findFormat } from '../../formats/index.ts'
import {
  fieldIndex,
  parseOptions,
  type RecordBatch,
  ROWTIME,
  type Schema,
  visibleFields,
  WATERMARK,
} from '../../kernel/index.ts'
import type { PackedHeader, PackedValues } from '../../log/index.ts'
import { ChangelogEncoder } from '../changelog-encoder.ts'
import { WATERMARK_HEADER, WEIGHT_HEADER } from '../topic-input/index.ts'
import { type ResultTopic, schemaId } from './pipeline-definition.ts'
import { decimalTexts, timesOf } from './step-columns.ts'
import { UpsertWriter } from './upsert-writer.ts'

/** The header that names the schema of a result's record. */
export const SCHEMA_HEADER = 'schema'

/** Makes records of the rows of one result. `now` is that of the step: records without a time of their own get it. */
export interface ResultWriter {
  write(batch: RecordBatch, now: number): void
  /** The records of the step in order; the writer is empty then. */
  take(now: number): readonly PackedValues[]
}

export function resultWriter(result: ResultTopic): ResultWriter {
  const rows = rowEncoder(result)
  const schema: PackedHeader = { name: SCHEMA_HEADER, value: Buffer.from(schemaId(result.schema)) }
  switch (result.form.kind) {
    case 'append':
      return new AppendWriter(rows, schema)
    case 'changelog':
      return new ChangelogWriter(new ChangelogEncoder(rows), schema)
    case 'weights':
      return new WeightsWriter(rows, schema)
    case 'upsert':
      return new UpsertWriter(rows, keyEncoder(result.schema, result.form.key), result.form.key, schema)
  }
}

/** Visible columns in the format of the table that the rows go to; otherwise JSON. */
function rowEncoder({ options, schema, topic }: ResultTopic): Encoder {
  const table = options === null ? null : resolveTable(options, topic)
  const encoder = table === null ? jsonEncoder(schema) : table.format.encoder(schema, table.formatOptions)
  return { encode: (batch, separator) => encoder.encode(visibleColumns(batch), separator) }
}

function visibleColumns(batch: RecordBatch): RecordBatch {
  const { fields } = batch.schema
  return {
    ...batch,
    schema: { fields: visibleFields(batch.schema) },
    columns: batch.columns.filter((_, index) => fields[index]!.hidden !== true),
  }
}

function keyEncoder(schema: Schema, key: readonly number[]): Encoder {
  const fields = visibleFields(schema)
  return jsonEncoder({ fields: key.map((index) => fields[index]!) })
}

function jsonEncoder(schema: Schema): Encoder {
  const json = findFormat('json')
  return json.encoder(schema, parseOptions(json.options, [], 'format "json"').value)
}

/** Said of rows with event time before there is a watermark, the first day of the year 1: without the header, readers would guess one. */
const NO_WATERMARK = -62_135_596_800_000_000

/** Plain records with the time of their event, and the watermark before them. */
class AppendWriter implements ResultWriter {
  readonly #rows: Encoder
  readonly #schema: PackedHeader
  #records: PackedValues[] = []

  constructor(rows: Encoder, schema: PackedHeader) {
    this.#rows = rows
    this.#schema = schema
  }

  write(batch: RecordBatch, now: number): void {
    const times = timesOf(batch, fieldIndex(batch.schema, ROWTIME), Number.NaN)
    const watermarks = timesOf(batch, fieldIndex(batch.schema, WATERMARK), Number.NaN)
    const headers = [this.#schema]
    if (times !== null && watermarks !== null) {
      const said = watermarks.map((watermark, i) => (Number.isNaN(watermark) && !Number.isNaN(times[i]!) ? NO_WATERMARK : watermark))
      headers.push({ name: WATERMARK_HEADER, value: decimalTexts(said) })
    }
    const timestamps = times === null ? new Float64Array(batch.length).fill(now) : times.map((time) => (Number.isNaN(time) ? now : time))
    this.#records.push({ ...this.#rows.encode(batch), timestamps, headers })
  }

  take(): readonly PackedValues[] {
    const records = this.#records
    this.#records = []
    return records
  }
}

class ChangelogWriter implements ResultWriter {
  readonly #rows: ChangelogEncoder
  readonly #headers: readonly PackedHeader[]
  #records: PackedValues[] = []

  constructor(rows: ChangelogEncoder, schema: PackedHeader) {
    this.#rows = rows
    this.#headers = [schema]
  }

  write(batch: RecordBatch, now: number): void {
    const { bytes, offsets } = this.#rows.encode(batch)
    const timestamps = new Float64Array(offsets.length - 1).fill(now)
    this.#records.push({ bytes, offsets, timestamps, headers: this.#headers })
  }

  take(): readonly PackedValues[] {
    const records = this.#records
    this.#records = []
    return records
  }
}

class WeightsWriter implements ResultWriter {
  readonly #rows: Encoder
  readonly #schema: PackedHeader
  #records: PackedValues[] = []

  constructor(rows: Encoder, schema: PackedHeader) {
    this.#rows = rows
    this.#schema = schema
  }

  write(batch: RecordBatch, now: number): void {
    const rows = this.#rows.encode(batch)
    const weights = decimalTexts(batch.weights ?? new Int32Array(batch.length).fill(1))
    this.#records.push({
      ...rows,
      timestamps: new Float64Array(batch.length).fill(now),
      keys: rows,
      headers: [this.#schema, { name: WEIGHT_HEADER, value: weights }],
    })
  }

  take(): readonly PackedValues[] {
    const records = this.#records
    this.#records = []
    return records
  }
}
