import { type DataType, typeName } from '../../kernel/index.ts'
import { coercesTo, type Resolution } from '../../plan/index.ts'

/** A type every argument fits as it is. */
export const ANY = { kind: 'ANY' } as const
export type Parameter = DataType | typeof ANY

export interface Overload {
  readonly args: readonly Parameter[]
  /** How many of the last `args` may be left out. */
  readonly optional?: number
  /** Any number of further arguments. */
  readonly rest?: Parameter
  readonly returns: DataType | ((args: readonly DataType[]) => DataType)
}

/** Resolves to the first overload whose parameters all take the arguments without loss. */
export function overloads(...list: readonly Overload[]): (args: readonly DataType[]) => Resolution {
  return (args) => {
    for (const overload of list) {
      const cast = match(overload, args)
      if (cast !== undefined) {
        const { returns } = overload
        return { kind: 'ok', args: cast, returns: typeof returns === 'function' ? returns(cast) : returns }
      }
    }
    return mismatch(list.map(shownOverload).join(' or '), args)
  }
}

export function signature(
  args: readonly Parameter[],
  returns: Overload['returns'],
): (args: readonly DataType[]) => Resolution {
  return overloads({ args, returns })
}

export function mismatch(expected: string, args: readonly DataType[]): Resolution {
  const json = args.find((a) => a.kind === 'JSON')
  const message = `takes ${expected}, not ${shownTypes(args)}`
  return json === undefined
    ? { kind: 'error', message }
    : { kind: 'error', message, hint: 'Cast the JSON value first, as in CAST(x AS DOUBLE) or x::DECIMAL.' }
}

function match(overload: Overload, args: readonly DataType[]): DataType[] | undefined {
  const { args: parameters, rest } = overload
  if (args.length < parameters.length - (overload.optional ?? 0)) return undefined
  if (args.length > parameters.length && rest === undefined) return undefined
  const cast: DataType[] = []
  for (const [i, arg] of args.entries()) {
    const parameter = parameters[i] ?? rest!
    if (parameter.kind === 'ANY') cast.push(arg)
    else if (coercesTo(arg, parameter)) cast.push(parameter)
    else return undefined
  }
  return cast
}

function shownOverload(overload: Overload): string {
  const required = overload.args.length - (overload.optional ?? 0)
  const parts = overload.args.map((p, i) => (i < required ? shownParameter(p) : `[${shownParameter(p)}]`))
  if (overload.rest !== undefined) parts.push(`${shownParameter(overload.rest)}...`)
  return `(${parts.join(', ')})`
}

function shownParameter(parameter: Parameter): string {
  return parameter.kind === 'ANY' ? 'any type' : typeName(parameter)
}

function shownTypes(args: readonly DataType[]): string {
  return `(${args.map(typeName).join(', ')})`
}
