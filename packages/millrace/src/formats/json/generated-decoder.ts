import { type Column, skipJsonSpace, skipJsonValue, type TimestampUnit } from '../../kernel/index.ts'
import { RowStore } from '../column-store.ts'
import type { BadRecord, DecodeColumn, Decoder } from '../format.ts'
import { InterpretedDecoder } from './interpreter.ts'
import { KeyOrder } from './key-order.ts'
import { layoutOf, type LayoutNode } from './layout.ts'
import { type RecordReader, recordReader } from './record-reader.ts'

/** Records to learn the order of keys from before code is generated. */
const SAMPLE = 32
/** Every so many records the predictions are looked at, and learnt again if too many failed. */
const REVIEW = 4096
const MAX_GENERATIONS = 6

/**
 * A decoder that learns which keys follow which, then generates code for exactly the columns wanted. The code checks
 * each payload whole while it reads; whatever it was not made for (bad text, misfits, repeated or escaped keys) goes to
 * the interpreter, whose answer counts. Both fill the same rows.
 */
export class GeneratedDecoder implements Decoder {
  readonly #rows: RowStore
  readonly #columns: readonly DecodeColumn[]
  readonly #unit: TimestampUnit
  readonly #layout: LayoutNode
  readonly #interpreter: InterpretedDecoder
  readonly #sample: number
  #generations = 0
  /** Present while learning. */
  #order: KeyOrder | null = new KeyOrder()
  #sampled = 0
  #reviewIn = REVIEW
  #run: RecordReader | null = null

  /** `sample`: records interpreted before code is generated. */
  constructor(columns: readonly DecodeColumn[], unit: TimestampUnit, sample = SAMPLE) {
    this.#rows = new RowStore(columns.map((c) => c.type))
    this.#columns = columns
    this.#unit = unit
    this.#layout = layoutOf(columns)
    this.#interpreter = new InterpretedDecoder(columns, unit, this.#rows)
    this.#sample = sample
    if (sample === 0) this.#generate(new KeyOrder())
  }

  get bad(): BadRecord | null {
    return this.#interpreter.bad
  }

  get length(): number {
    return this.#rows.length
  }

  take(): Column[] {
    return this.#rows.take()
  }

  decode(bytes: Uint8Array, start: number, end: number): number {
    const rows = this.#rows
    let decoded = 0
    if (this.#run !== null) {
      if (rows.reserve()) this.#run.bind()
      if (--this.#reviewIn === 0) this.#review(this.#run)
      if (this.#run.read(bytes, start, end, rows.length)) {
        rows.length++
        decoded = 1
      }
    }
    if (decoded === 0) {
      for (let i = 0; i < rows.columns.length; i++) rows.columns[i]!.clear(rows.length)
      decoded = this.#interpreter.decode(bytes, start, end)
    }
    if (this.#order !== null && decoded > 0) this.#observe(this.#order, bytes, start, end)
    return decoded
  }

  #observe(order: KeyOrder, bytes: Uint8Array, start: number, end: number): void {
    const from = skipJsonSpace(bytes, start, end)
    order.observe(this.#layout, bytes, from, skipJsonValue(bytes, from, end, 0))
    if (++this.#sampled >= this.#sample) this.#generate(order)
  }

  #generate(order: KeyOrder): void {
    this.#run = recordReader(this.#columns, this.#layout, order, this.#unit, this.#rows)
    this.#run.bind()
    this.#order = null
    this.#generations++
    this.#reviewIn = REVIEW
  }

  /** More than one wrong prediction in two records: learn again. */
  #review(run: RecordReader): void {
    this.#reviewIn = REVIEW
    if (run.takeMisses() * 2 < REVIEW || this.#generations >= MAX_GENERATIONS) return
    this.#order = new KeyOrder()
    this.#sampled = 0
  }
}
