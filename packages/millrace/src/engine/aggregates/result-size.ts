import type { Int, MillraceError, Value } from '../../kernel/index.ts'
import { rowError } from '../functions/definition.ts'

/** More values than this are refused: each group keeps them. */
const MAX_RESULT_SIZE = 10_000

/** How many values an aggregate gives, from its argument; 1 without one; undefined where it is no such number. */
export function resultSize(argument: Value): number | undefined {
  const size = argument === null ? 1 : Number(argument as Int)
  return size >= 1 && size <= MAX_RESULT_SIZE ? size : undefined
}

export function noResultSize(): MillraceError {
  return rowError(`the number of values to give lies between 1 and ${MAX_RESULT_SIZE}`)
}
