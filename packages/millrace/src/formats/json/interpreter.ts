import { type Column, jsonFault, skipJsonSpace, type TimestampUnit, typeName, type Value } from '../../kernel/index.ts'
import { RowStore } from '../column-store.ts'
import type { BadRecord, DecodeColumn, Decoder } from '../format.ts'
import { layoutOf, type LayoutNode } from './layout.ts'
import { sliceText, stringText } from '../text.ts'
import { isFailure, MISFIT, readJson, type Reading } from './value.ts'
import { eachMember, pastValue } from './walk.ts'

/**
 * The JSON decoder that defines what decoding means: checks the payload whole, finds each column's value (the last one,
 * where a key is repeated), converts it. A path that leads through something other than an object, and a record that is
 * no object, give NULL.
 */
export class InterpretedDecoder implements Decoder {
  readonly rows: RowStore
  readonly #columns: readonly DecodeColumn[]
  readonly #root: LayoutNode
  readonly #unit: TimestampUnit
  /** Start and end of each column's value in the payload at hand; start -1: none. */
  readonly #ranges: Int32Array
  readonly #values: Value[]
  #bad: BadRecord | null = null

  /** `unit` is that of numbers in TIMESTAMP columns. */
  constructor(columns: readonly DecodeColumn[], unit: TimestampUnit, rows = new RowStore(columns.map((c) => c.type))) {
    this.rows = rows
    this.#columns = columns
    this.#root = layoutOf(columns)
    this.#unit = unit
    this.#ranges = new Int32Array(columns.length * 2)
    this.#values = columns.map(() => null)
  }

  get bad(): BadRecord | null {
    return this.#bad
  }

  get length(): number {
    return this.rows.length
  }

  take(): Column[] {
    return this.rows.take()
  }

  decode(bytes: Uint8Array, start: number, end: number): number {
    const fault = jsonFault(bytes, start, end)
    if (fault !== null) return this.#reject({ reason: 'invalid', message: `record is no JSON: ${fault}` })
    this.#ranges.fill(-1)
    const from = skipJsonSpace(bytes, start, end)
    this.#locate(this.#root, bytes, from, pastValue(bytes, from, end))
    for (let c = 0; c < this.#columns.length; c++) {
      const column = this.#columns[c]!
      const from = this.#ranges[2 * c]!
      const to = this.#ranges[2 * c + 1]!
      const value = from === -1 ? null : this.#read(column, bytes, from, to)
      if (isFailure(value)) {
        return this.#reject(
          value === MISFIT ? misfit(column, sliceText(bytes, from, Math.min(to, from + 80))) : missing(column),
        )
      }
      if (value === null && !column.nullable) return this.#reject(missing(column))
      this.#values[c] = value
    }
    this.rows.reserve()
    const row = this.rows.length++
    for (let c = 0; c < this.#values.length; c++) this.rows.columns[c]!.set(row, this.#values[c]!)
    return 1
  }

  #read(column: DecodeColumn, bytes: Uint8Array, from: number, to: number): Reading {
    // The record itself is a value even where its text is `null`.
    if (column.path?.length === 0 && column.type.kind === 'JSON') return sliceText(bytes, from, to)
    return readJson(column.type, bytes, from, to, this.#unit)
  }

  #reject(bad: BadRecord): -1 {
    this.#bad = bad
    return -1
  }

  #locate(node: LayoutNode, bytes: Uint8Array, start: number, end: number): void {
    for (const c of node.columns) {
      this.#ranges[2 * c] = start
      this.#ranges[2 * c + 1] = end
    }
    if (node.children.size === 0) return
    for (const child of node.children.values()) this.#forget(child)
    if (bytes[start] !== 0x7b) return
    eachMember(bytes, start, end, (keyStart, keyEnd, from, to) => {
      const child = node.children.get(stringText(bytes, keyStart, keyEnd))
      if (child !== undefined) this.#locate(child, bytes, from, to)
    })
  }

  #forget(node: LayoutNode): void {
    for (const c of node.columns) this.#ranges[2 * c] = -1
    for (const child of node.children.values()) this.#forget(child)
  }
}

function misfit(column: DecodeColumn, text: string): BadRecord {
  const shown = text.length > 40 ? `${text.slice(0, 40)}...` : text
  return {
    reason: 'type',
    message: `column "${column.name}" cannot take ${shown} as ${typeName(column.type)}`,
    column: column.name,
  }
}

function missing(column: DecodeColumn): BadRecord {
  return { reason: 'not_null', message: `column "${column.name}" has no value but is NOT NULL`, column: column.name }
}
