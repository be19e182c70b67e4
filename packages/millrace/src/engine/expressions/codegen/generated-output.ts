import { type Column, columnBuilder, type DataType, type RecordBatch, valueAt } from '../../../kernel/index.ts'
import type { Expr } from '../../../plan/index.ts'
import { frameOf, interpret, isRowError } from '../interpreter.ts'
import { interpretedOutput, type OutputColumn } from '../interpreted-output.ts'
import type { RowErrorList } from '../row-errors.ts'
import { type Representation, representation } from './code.ts'
import { emit } from './emit.ts'
import { type LoopOutput, tryLoop, writeValue } from './loop.ts'

/** The expression as generated code with the interpreter behind it; null if generated code has nothing to offer. */
export function generatedOutput(expr: Expr): OutputColumn | null {
  const kind = representation(expr.type)
  if (kind === undefined) return null
  const loop = tryLoop((to) => writeValue(emit(expr, to), to))
  if (loop === null) return null
  const interpreted = interpretedOutput(expr)
  const evaluate = interpret(expr)
  let redo = new Int32Array(0)
  return {
    evaluate: (batch, step, errors) => {
      if (redo.length < batch.length) redo = new Int32Array(batch.length)
      const out = outputFor(kind, batch, redo)
      const frame = frameOf(batch, step)
      const redone = loop.run(batch, out, frame)
      if (redone === -1) return interpreted.evaluate(batch, step, errors)
      const column = columnFrom(expr.type, kind, out, batch.length)
      return redone === 0 ? column : redoRows(column, redo.subarray(0, redone), (row) => evaluate(frame, row), errors)
    },
  }
}

function outputFor(kind: Representation, batch: RecordBatch, redo: Int32Array): LoopOutput {
  const { length } = batch
  const values =
    kind === 'text' ? new Array<string>(length) : kind === 'boolean' ? new Uint8Array(length) : new Float64Array(length)
  return { values, nulls: new Uint8Array(length), redo, scale: 0, nullCount: 0, count: 0 }
}

function columnFrom(type: DataType, kind: Representation, out: LoopOutput, length: number): Column {
  const base = { type, length, nulls: out.nullCount === 0 ? null : out.nulls }
  switch (kind) {
    case 'double':
      return { ...base, kind, values: out.values as Float64Array }
    case 'exact':
      return { ...base, kind, scale: out.scale, values: out.values as Float64Array }
    case 'boolean':
      return { ...base, kind, values: out.values as Uint8Array }
    case 'text':
      return { ...base, kind, values: out.values as string[] }
  }
}

/**
 * Has the interpreter do the rows that generated code left. The column is built anew if any of them has a value after
 * all.
 */
function redoRows(
  column: Column,
  rows: Int32Array,
  evaluate: (row: number) => ReturnType<typeof valueAt>,
  errors: RowErrorList,
): Column {
  const values = new Map<number, ReturnType<typeof valueAt>>()
  let found = false
  for (const row of rows) {
    try {
      values.set(row, evaluate(row))
      found = true
    } catch (error) {
      if (!isRowError(error)) throw error
      errors.add(row, error)
      values.set(row, null)
    }
  }
  if (!found && column.kind !== 'text') return column
  const builder = columnBuilder(column.type)
  for (let row = 0; row < column.length; row++) {
    const redone = values.get(row)
    builder.append(redone === undefined ? valueAt(column, row) : redone)
  }
  return builder.finish()
}
