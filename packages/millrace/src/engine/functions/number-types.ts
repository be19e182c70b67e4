import { DECIMAL, DOUBLE, type DataType, isNumeric } from '../../kernel/index.ts'
import type { Resolution } from '../../plan/index.ts'
import { mismatch } from './signature.ts'

/** One number, kept in its own type: integers stay integers, decimals decimals. */
export function sameNumber(args: readonly DataType[]): Resolution {
  const [a] = args
  if (args.length !== 1 || a === undefined) return mismatch('one number', args)
  if (a.kind === 'NULL') return { kind: 'ok', args: [DOUBLE], returns: DOUBLE }
  if (!isNumeric(a)) return mismatch('a number', args)
  return { kind: 'ok', args: [a], returns: a.kind === 'DECIMAL' ? DECIMAL : a }
}
