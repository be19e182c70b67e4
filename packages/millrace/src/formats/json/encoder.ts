import {
  type Column,
  type DataType,
  formatDate,
  MICROS_PER_DAY,
  normalizeInt,
  type RecordBatch,
  type Schema,
} from '../../kernel/index.ts'
import { ByteWriter } from '../byte-writer.ts'
import { writePadded, writeScaled } from '../digits.ts'
import type { EncodedRows, Encoder } from '../format.ts'
import type { JsonOptions } from './options.ts'
import { jsonText, oneLine } from './value-text.ts'

type CellWriter = (row: number) => void

const FIRST_GUESS_BYTES_PER_ROW = 128

/**
 * One object per row, every visible field in schema order, NULL written as null. Numbers are exact: INTEGER and DECIMAL
 * in plain digits (an unconstrained DECIMAL without trailing zeros, DECIMAL(p, s) with s places), DOUBLE in the
 * shortest text that reads back; what JSON has no number for (NaN, infinities) is null. A row never contains a line
 * break.
 */
export class JsonEncoder implements Encoder {
  readonly #fields: readonly { readonly index: number; readonly prefix: Buffer }[]
  readonly #options: JsonOptions
  #bytesPerRow = FIRST_GUESS_BYTES_PER_ROW

  constructor(schema: Schema, options: JsonOptions) {
    const visible = [...schema.fields.entries()].filter(([, f]) => f.hidden !== true)
    this.#fields = visible.map(([index, f], i) => ({ index, prefix: keyPrefix(f.name, i) }))
    this.#options = options
  }

  encode(batch: RecordBatch, separator?: Uint8Array): EncodedRows {
    const out = new ByteWriter(batch.length, this.#bytesPerRow * 1.1)
    const cells = this.#fields.map(({ index }) => cellWriter(out, batch.columns[index]!, this.#options))
    const prefixes = this.#fields.map((f) => f.prefix)
    const empty = cells.length === 0
    for (let row = 0; row < batch.length; row++) {
      for (let c = 0; c < cells.length; c++) {
        out.raw(prefixes[c]!)
        cells[c]!(row)
      }
      out.reserve(2)
      if (empty) out.bytes[out.at++] = 0x7b
      out.bytes[out.at++] = 0x7d
      out.endRow(separator)
    }
    if (batch.length > 0) this.#bytesPerRow = out.at / batch.length
    return out.finish()
  }
}

function keyPrefix(name: string, position: number): Buffer {
  return Buffer.from(`${position === 0 ? '{' : ','}${JSON.stringify(name)}:`)
}

const NULL = Buffer.from('null')

function cellWriter(out: ByteWriter, column: Column, options: JsonOptions): CellWriter {
  const write = valueWriter(out, column, options)
  const { nulls } = column
  if (nulls === null) return write
  return (row) => (nulls[row] === 1 ? out.raw(NULL) : write(row))
}

function valueWriter(out: ByteWriter, column: Column, options: JsonOptions): CellWriter {
  switch (column.kind) {
    case 'boolean': {
      const { values } = column
      return (row) => out.ascii(values[row] === 1 ? 'true' : 'false')
    }
    case 'double': {
      const { values, type } = column
      if (type.kind === 'REAL') return (row) => out.ascii(jsonText(type, values[row]!, options))
      return (row) => {
        const value = values[row]!
        if (!writeShortDouble(out, value)) out.ascii(jsonText(type, value, options))
      }
    }
    case 'text': {
      const { values } = column
      return column.type.kind === 'JSON'
        ? (row) => out.utf8(oneLine(values[row]!))
        : (row) => writeString(out, values[row]!)
    }
    case 'object': {
      const { values, type } = column
      return (row) => out.utf8(jsonText(type, values[row]!, options))
    }
    case 'struct':
      return structWriter(out, column, options)
    case 'exact':
    case 'wide':
      return exactWriter(out, column, options)
  }
}

/**
 * Numbers of few digits, without the cost of printing doubles: a decimal of at most 15 digits that reads back as the
 * double is the shortest there is. False: not written.
 */
function writeShortDouble(out: ByteWriter, value: number): boolean {
  const magnitude = Math.abs(value)
  const places = magnitude < 1e7 ? 8 : 4
  const power = magnitude < 1e7 ? 1e8 : 1e4
  const unscaled = Math.round(value * power)
  // Smaller numbers are printed with an exponent; NaN and infinities fail the comparisons.
  if (!(magnitude >= 1e-6 && magnitude < 1e11) || unscaled / power !== value) return false
  writeScaled(out, unscaled, places)
  return true
}

function exactWriter(
  out: ByteWriter,
  column: Extract<Column, { kind: 'exact' | 'wide' }>,
  options: JsonOptions,
): CellWriter {
  const { type, scale } = column
  if (column.kind === 'exact') {
    const { values } = column
    if (type.kind === 'INTEGER') return (row) => writeScaled(out, values[row]!, 0)
    if (type.kind === 'TIMESTAMP' && (options['json.timestamp_format'] ?? 'rfc3339') === 'rfc3339')
      return timestampWriter(out, values)
    if (type.kind === 'DECIMAL' && options['json.decimal_encoding'] !== 'bytes') {
      const quote = options['json.decimal_encoding'] === 'string'
      const places = decimalPlaces(type, scale)
      return (row) => {
        if (quote) writeByte(out, 0x22)
        writeScaled(out, values[row]!, scale, places)
        if (quote) writeByte(out, 0x22)
      }
    }
  }
  const { values } = column
  return (row) => {
    const stored = values[row]!
    const int = typeof stored === 'number' ? stored : normalizeInt(stored)
    out.ascii(jsonText(type, type.kind === 'DECIMAL' ? { unscaled: int, scale } : int, options))
  }
}

/** Undefined: as many as the number needs. */
function decimalPlaces(type: Extract<DataType, { kind: 'DECIMAL' }>, scale: number): number | undefined {
  return type.precision === undefined ? undefined : Math.max(type.scale ?? 0, scale)
}

function timestampWriter(out: ByteWriter, values: Float64Array): CellWriter {
  // Rows of a batch mostly share the day.
  let day = Number.NaN
  let date: Uint8Array = NULL
  return (row) => {
    const micros = values[row]!
    const days = Math.floor(micros / MICROS_PER_DAY)
    if (days !== day) {
      day = days
      date = Buffer.from(`"${formatDate(days)}T`)
    }
    out.raw(date)
    const ofDay = micros - days * MICROS_PER_DAY
    const seconds = Math.floor(ofDay / 1e6)
    const fraction = ofDay - seconds * 1e6
    const minutes = (seconds / 60) | 0
    const hours = (minutes / 60) | 0
    out.reserve(18)
    writePadded(out, hours, 2)
    out.bytes[out.at++] = 0x3a
    writePadded(out, minutes - hours * 60, 2)
    out.bytes[out.at++] = 0x3a
    writePadded(out, seconds - minutes * 60, 2)
    if (fraction > 0) {
      out.bytes[out.at++] = 0x2e
      if (fraction % 1000 === 0) writePadded(out, fraction / 1000, 3)
      else writePadded(out, fraction, 6)
    }
    out.bytes[out.at++] = 0x5a
    out.bytes[out.at++] = 0x22
  }
}

function structWriter(out: ByteWriter, column: Extract<Column, { kind: 'struct' }>, options: JsonOptions): CellWriter {
  const fields = column.type.kind === 'STRUCT' ? column.type.fields : []
  const cells = column.fields.map((child) => cellWriter(out, child, options))
  const prefixes = fields.map((f, i) => keyPrefix(f.name, i))
  return (row) => {
    if (cells.length === 0) writeByte(out, 0x7b)
    for (let i = 0; i < cells.length; i++) {
      out.raw(prefixes[i]!)
      cells[i]!(row)
    }
    writeByte(out, 0x7d)
  }
}

function writeByte(out: ByteWriter, byte: number): void {
  out.reserve(1)
  out.bytes[out.at++] = byte
}

/** Longer strings are cheaper to hand to the runtime whole. */
const SHORT_STRING = 48

function writeString(out: ByteWriter, text: string): void {
  const { length } = text
  if (length > SHORT_STRING) return out.utf8(JSON.stringify(text))
  out.reserve(length + 2)
  const { bytes } = out
  let { at } = out
  bytes[at++] = 0x22
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0x20 || c > 0x7e || c === 0x22 || c === 0x5c) return out.utf8(JSON.stringify(text))
    bytes[at++] = c
  }
  bytes[at++] = 0x22
  out.at = at
}
