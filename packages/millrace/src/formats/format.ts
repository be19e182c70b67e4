import type { Column, DataType, Field, MillraceError, OptionSchema, RecordBatch, Schema } from '../kernel/index.ts'

/** One column to decode. `path` leads to its value by object keys from the record's root; default: `[name]`. */
export interface DecodeColumn {
  readonly name: string
  readonly path?: readonly string[] | undefined
  readonly type: DataType
  readonly nullable: boolean
}

/**
 * Why a payload gave no row. `invalid`: no text of its format; `not_null`: a NOT NULL column has no value; `type`: a
 * value does not fit its column; `too_large`: longer than a limit allows.
 */
export interface BadRecord {
  readonly reason: 'invalid' | 'not_null' | 'type' | 'too_large'
  readonly message: string
  readonly column?: string | undefined
}

export interface Decoder {
  /**
   * Reads one payload, bytes [start, end), which the decoder does not keep. Returns the number of rows appended, or -1:
   * nothing was appended and `bad` says why.
   */
  decode(bytes: Uint8Array, start: number, end: number): number
  /** Of the last `decode` that returned -1. */
  readonly bad: BadRecord | null
  /** Rows waiting. */
  readonly length: number
  /** Hands over the rows waiting, one column per DecodeColumn in order, and leaves the decoder empty. */
  take(): Column[]
}

export interface DecoderSettings {
  /** False: interpret. The result is the same. */
  readonly codegen: boolean
}

/** Rows back to back in `bytes`: row i is [offsets[i], offsets[i + 1]). The bytes are the caller's. */
export interface EncodedRows {
  readonly bytes: Uint8Array
  readonly offsets: Uint32Array
}

export interface Encoder {
  /**
   * Encodes every row, its visible fields only. `separator`, e.g. a newline, ends each row and belongs to its range.
   */
  encode(batch: RecordBatch, separator?: Uint8Array): EncodedRows
}

/**
 * A codec between payloads and columns. `options` names every option the format reads (`json.unstructured` ...); what
 * `parseOptions(options, ...)` returned is what the other members take as `options`.
 */
export interface FormatDefinition<Options = unknown> {
  readonly name: string
  readonly aliases: readonly string[]
  readonly summary: string
  readonly options: OptionSchema
  /** What is wrong with a table of these columns. */
  checkSchema(fields: readonly Field[], options: Options): MillraceError[]
  decoder(columns: readonly DecodeColumn[], options: Options, settings: DecoderSettings): Decoder
  encoder(schema: Schema, options: Options): Encoder
}
