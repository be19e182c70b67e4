import { type Column, columnBuilder, isNullAt, type RecordBatch } from '../../kernel/index.ts'
import { type Expr, literalValue } from '../../plan/index.ts'
import type { StepContext } from '../operator.ts'
import { frameOf, interpret, isRowError } from './interpreter.ts'
import type { RowErrorList } from './row-errors.ts'

/** One expression over one batch as a column; rows without result go to `errors` and are NULL. */
export interface OutputColumn {
  evaluate(batch: RecordBatch, step: StepContext, errors: RowErrorList): Column
}

export function interpretedOutput(expr: Expr): OutputColumn {
  const evaluate = interpret(expr)
  const { type } = expr
  return {
    evaluate: (batch, step, errors) => {
      const frame = frameOf(batch, step)
      const builder = columnBuilder(type)
      for (let row = 0; row < batch.length; row++) {
        try {
          builder.append(evaluate(frame, row))
        } catch (error) {
          if (!isRowError(error)) throw error
          errors.add(row, error)
          builder.append(null)
        }
      }
      return builder.finish()
    },
  }
}

/** A column of the batch, or a field of a struct column, shared and not copied. Null: no such column. */
export function sharedOutput(expr: Expr): OutputColumn | null {
  if (expr.kind === 'column') {
    const { index } = expr
    return { evaluate: (batch) => batch.columns[index]! }
  }
  if (expr.kind !== 'field') return null
  const input = sharedOutput(expr.input)
  const { index } = expr
  return (
    input && {
      evaluate: (batch, step, errors) => fieldColumn(input.evaluate(batch, step, errors), index),
    }
  )
}

/** A field of a struct column: NULL where the struct is. */
export function fieldColumn(struct: Column, index: number): Column {
  if (struct.kind !== 'struct') throw new TypeError(`a ${struct.kind} column has no fields`)
  const field = struct.fields[index]!
  if (struct.nulls === null) return field
  const nulls = Uint8Array.from(struct.nulls, (isNull, row) => (isNull === 1 || isNullAt(field, row) ? 1 : 0))
  return { ...field, nulls }
}

/** The same value at every row; the column is made once and cut to the batch's length. */
export function constantOutput(expr: Extract<Expr, { kind: 'literal' }>): OutputColumn {
  const value = literalValue(expr)
  let last: Column | undefined
  return {
    evaluate: (batch) => {
      if (last?.length !== batch.length) {
        const builder = columnBuilder(expr.type)
        for (let row = 0; row < batch.length; row++) builder.append(value)
        last = builder.finish()
      }
      return last
    },
  }
}
