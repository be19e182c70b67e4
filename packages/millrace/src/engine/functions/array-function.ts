import { arrayOf, type DataType, keyOf, NULL_TYPE, type Value } from '../../kernel/index.ts'
import { coercesTo, commonType, type Resolution } from '../../plan/index.ts'
import { type FunctionExample, type Implementation, scalar, type ScalarFunction } from './definition.ts'
import { mismatch } from './signature.ts'

export type Items = readonly Value[]

/** What stands after the array: an element, an array of the same elements, or a fixed type. */
type Extra = 'element' | 'array' | DataType

interface ArrayEntry {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly doc: string
  readonly examples: readonly FunctionExample[]
  readonly extra?: readonly Extra[]
  readonly optional?: number
  /** Element and array come as (element, array). */
  readonly elementFirst?: boolean
  readonly returns: 'array' | 'element' | DataType
  readonly strict?: boolean
  /** Gets the element type; `args[0]` is the array. */
  readonly implement: (element: DataType) => Implementation
}

/** A function of an array, with its list_ alias and the usual resolution of element types. */
export function arrayFunction(entry: ArrayEntry): ScalarFunction {
  const extra = entry.extra ?? []
  const swap = <T>(args: readonly T[]): readonly T[] => (entry.elementFirst === true ? [args[1]!, args[0]!] : args)
  return scalar(entry.name, {
    aliases: [`list_${entry.name.replace(/^array_/, '')}`, ...(entry.aliases ?? [])],
    doc: entry.doc,
    examples: entry.examples,
    strict: entry.strict ?? true,
    resolve: (given) => {
      const resolved = resolveArray(swap(given), extra, entry.optional ?? 0, entry.returns)
      if (resolved === undefined) return mismatch(shownSignature(extra, entry), given)
      return { ...resolved, args: swap(resolved.args) }
    },
    implement: (args) => {
      const array = swap(args)[0]!
      const run = entry.implement(array.kind === 'ARRAY' ? array.element : NULL_TYPE)
      return entry.elementFirst === true ? (values, step) => run(swap(values), step) : run
    },
  })
}

function shownSignature(extra: readonly Extra[], entry: ArrayEntry): string {
  const parts = [
    'an array',
    ...extra.map((e) => (e === 'element' ? 'an element' : e === 'array' ? 'an array' : e.kind)),
  ]
  return (entry.elementFirst === true ? parts.reverse() : parts).join(', ')
}

function resolveArray(
  args: readonly DataType[],
  extra: readonly Extra[],
  optional: number,
  returns: ArrayEntry['returns'],
): Extract<Resolution, { kind: 'ok' }> | undefined {
  const [array, ...rest] = args
  if (array === undefined || rest.length > extra.length || rest.length < extra.length - optional) return undefined
  if (array.kind !== 'ARRAY' && array.kind !== 'NULL') return undefined
  let element: DataType | undefined = array.kind === 'ARRAY' ? array.element : NULL_TYPE
  for (const [i, arg] of rest.entries()) {
    if (extra[i] === 'element') element = element && commonType(element, arg)
    if (extra[i] === 'array')
      element =
        element && (arg.kind === 'ARRAY' ? commonType(element, arg.element) : arg.kind === 'NULL' ? element : undefined)
  }
  if (element === undefined) return undefined
  const whole = arrayOf(element)
  const types: DataType[] = [whole]
  for (const [i, arg] of rest.entries()) {
    const wanted = extra[i]!
    const type = wanted === 'element' ? element : wanted === 'array' ? whole : wanted
    if (wanted !== 'element' && wanted !== 'array' && !coercesTo(arg, type)) return undefined
    types.push(type)
  }
  return { kind: 'ok', args: types, returns: returns === 'array' ? whole : returns === 'element' ? element : returns }
}

export function asItems(value: Value | undefined): Items {
  return value as Items
}

export function keySet(element: DataType, items: Items): Set<string> {
  return new Set(items.map((v) => keyOf(element, v)))
}
