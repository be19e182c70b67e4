import type { Int, Value } from '../../kernel/index.ts'
import { type PatternPiece, readDate } from './date-pattern.ts'
import { type Implementation, rowError, shown } from './definition.ts'
import { remembered } from './remembered.ts'

/**
 * Reads its first argument by the pattern that is its second. `compile` gives the pieces of a pattern or what is wrong with it; `type` is
 * the result's, for messages.
 */
export function dateReader(
  compile: (pattern: string) => readonly PatternPiece[] | string,
  type: string,
  result: (instant: Int) => Value,
): Implementation {
  const compiled = remembered((pattern) => {
    const pieces = compile(pattern)
    if (typeof pieces === 'string') throw rowError(pieces)
    return pieces
  })
  return ([text, pattern]) => {
    const instant = readDate(text as string, compiled(pattern as string))
    if (instant === undefined)
      throw rowError(`${shown(text as string)} is not a ${type} of the form ${shown(pattern as string)}`)
    return result(instant)
  }
}
