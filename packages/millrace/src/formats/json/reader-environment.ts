import {
  skipJsonNumberRest,
  skipJsonSpace,
  skipJsonStringRest,
  skipJsonValue,
  type TimestampUnit,
} from '../../kernel/index.ts'
import type { RowStore } from '../column-store.ts'
import type { DecodeColumn } from '../format.ts'
import { longNumber } from './long-number.ts'
import { parseRfc3339, RFC3339_END } from './rfc3339.ts'
import { StringCache } from './string-cache.ts'
import { isFailure, readJson } from './value.ts'

/** Bytes that stand for themselves in a string: 1. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, c) => (c >= 0x20 && c < 0x80 && c !== 0x22 && c !== 0x5c ? 1 : 0))
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))

/** What generated code may call; each name is a constant there. */
export function readerEnvironment(columns: readonly DecodeColumn[], unit: TimestampUnit, rows: RowStore) {
  const strings = new StringCache()
  const stores = rows.columns

  /** Any value by the interpreter's rule; false: it does not fit. */
  function convert(column: number, bytes: Uint8Array, start: number, end: number, row: number): boolean {
    const { type, nullable } = columns[column]!
    const value = readJson(type, bytes, start, end, unit)
    if (isFailure(value) || (value === null && !nullable)) return false
    stores[column]!.set(row, value)
    return true
  }

  return {
    stores,
    longs: columns.map(({ type }, c) => longNumber(type, stores[c]!, unit)),
    convert,
    /** `convert` for a value not yet checked: its end, or a negative number. */
    general(column: number, bytes: Uint8Array, start: number, end: number, depth: number, row: number): number {
      const valueEnd = skipJsonValue(bytes, start, end, depth)
      return valueEnd >= 0 && convert(column, bytes, start, valueEnd, row) ? valueEnd : -1
    },
    skipSpace: skipJsonSpace,
    skipValue: skipJsonValue,
    stringRest: skipJsonStringRest,
    numberRest: skipJsonNumberRest,
    hasEscape: (bytes: Uint8Array, start: number, end: number): boolean => bytes.subarray(start, end).includes(0x5c),
    intern: (bytes: Uint8Array, start: number, end: number, hash: number): string =>
      strings.get(bytes, start, end, hash),
    rfc3339: parseRfc3339,
    rfc3339End: RFC3339_END,
    plain: PLAIN,
    powers: POWERS_OF_TEN,
    /** Where `find` stopped, besides its answer. */
    at: new Int32Array(1),
    misses: new Int32Array(1),
  }
}
