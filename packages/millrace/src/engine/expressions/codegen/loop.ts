import { type Column, compareText, type RecordBatch } from '../../../kernel/index.ts'
import { codePointLength } from '../../functions/code-points.ts'
import { roundHalfEven } from '../casts/numbers.ts'
import type { Frame } from '../interpreter.ts'
import { fieldColumn } from '../interpreted-output.ts'
import { type Code, type InputColumn, Unsupported } from './code.ts'
import { Emitter } from './emitter.ts'

/** What a loop writes to. */
export interface LoopOutput {
  /** Indexed by row, or for a predicate the rows that pass, from 0. */
  readonly values: Float64Array | Uint8Array | Int32Array | string[]
  readonly nulls: Uint8Array
  /** Rows left to the interpreter, ascending; its length is the batch's. */
  readonly redo: Int32Array
  /** DECIMAL: digits after the point. */
  scale: number
  nullCount: number
  /** Rows written, for a predicate. */
  count: number
}

type LoopFunction = (
  length: number,
  columns: readonly unknown[],
  masks: readonly Uint8Array[],
  scales: readonly number[],
  out: LoopOutput,
  frame: Frame,
) => number

/**
 * One expression list as a loop over rows, in two versions: for batches where no column read has NULLs, and for others.
 * `write` emits everything that happens for one row.
 */
export class Loop {
  readonly #withoutNulls: CompiledLoop
  readonly #withNulls: CompiledLoop

  /** Throws Unsupported if the expression has no generated form. */
  constructor(write: (to: Emitter) => void) {
    this.#withoutNulls = compileLoop(write, false)
    this.#withNulls = compileLoop(write, true)
  }

  /** The number of rows left to the interpreter, or -1: the whole batch is. */
  run(batch: RecordBatch, out: LoopOutput, frame: Frame): number {
    let loop = this.#withoutNulls
    let columns = loop.inputs.map((input) => columnAt(batch, input))
    const nullable = columns.some((c) => c.nulls !== null)
    if (nullable) {
      // It may read more columns: what COALESCE falls back on.
      loop = this.#withNulls
      columns = loop.inputs.map((input) => columnAt(batch, input))
    }
    if (columns.some((c) => c.kind === 'wide')) return -1
    const masks = nullable ? columns.map((c) => c.nulls ?? noNulls(batch.length)) : []
    return loop.run(batch.length, columns.map(valuesOf), masks, columns.map(scaleOf), out, frame)
  }
}

/** The optimising compiler does not take longer functions. */
const MAX_LINES = 4000

interface CompiledLoop {
  readonly run: LoopFunction
  readonly inputs: readonly InputColumn[]
}

function compileLoop(write: (to: Emitter) => void, nullable: boolean): CompiledLoop {
  const emitter = new Emitter(nullable)
  write(emitter)
  if (emitter.operations === 0) throw new Unsupported('nothing to generate')
  if (emitter.body.length > MAX_LINES) throw new Unsupported('too long')
  const { inputs } = emitter
  const source = `
"use strict"
return function (length, columns, masks, scales, out, frame) {
const values = out.values, nulls = out.nulls, redo = out.redo
${inputs.map(({ name: n }) => `const column${n} = columns[${n}], mask${n} = masks[${n}], scale${n} = scales[${n}]`).join('\n')}
${emitter.preamble.join('\n')}
let redone = 0, nullCount = 0, count = 0
rows: for (let i = 0; i < length; i++) {
${emitter.body.join('\n')}
}
out.nullCount = nullCount
out.count = count
return redone
}`
  // Text of the user comes in as JSON strings only (emit.ts).
  // oxlint-disable-next-line typescript/no-implied-eval
  const make = new Function(
    'compareText',
    'codePointLength',
    'roundHalfEven',
    'powerOfTen',
    'evaluates',
    'sets',
    source,
  ) as (...helpers: readonly unknown[]) => LoopFunction
  const run = make(compareText, codePointLength, roundHalfEven, powerOfTen, emitter.evaluates, emitter.sets)
  return { run, inputs }
}

/** Powers of ten that are exact and leave room for a digit; 0 for all others. */
function powerOfTen(exponent: number): number {
  return POWERS[exponent] ?? 0
}

const POWERS: readonly number[] = Array.from({ length: 16 }, (_, i) => 10 ** i)

function columnAt(batch: RecordBatch, input: InputColumn): Column {
  const [first, ...fields] = input.path
  return fields.reduce(fieldColumn, batch.columns[first!]!)
}

function valuesOf(column: Column): unknown {
  return column.kind === 'struct' ? null : column.values
}

function scaleOf(column: Column): number {
  return column.kind === 'exact' ? column.scale : 0
}

let zeros = new Uint8Array(4096)

/** A mask of no NULLs, shared and never written. */
function noNulls(length: number): Uint8Array {
  if (zeros.length < length) zeros = new Uint8Array(length)
  return zeros
}

/** Ends a row of the loop by writing its value. */
export function writeValue(code: Code, to: Emitter): void {
  if (code.type.kind === 'DECIMAL') to.preamble.push(`out.scale = ${code.scale}`)
  const value = code.type.kind === 'BOOLEAN' ? `${code.value} ? 1 : 0` : code.value
  if (code.isNull === null) {
    to.line(`values[i] = ${value}`)
    return
  }
  const isText = code.type.kind === 'TEXT' || code.type.kind === 'JSON'
  to.line(
    `if (${code.isNull}) { nulls[i] = 1; nullCount++${isText ? '; values[i] = ""' : ''} } else values[i] = ${value}`,
  )
}

/** Null if the expression has no generated form, or gains nothing by it. */
export function tryLoop(write: (to: Emitter) => void): Loop | null {
  try {
    return new Loop(write)
  } catch (error) {
    if (error instanceof Unsupported) return null
    throw error
  }
}
