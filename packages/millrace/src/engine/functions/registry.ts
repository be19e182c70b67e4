import type { AggregateSignature, FunctionCatalog } from '../../plan/index.ts'
import { ARITHMETIC } from './arithmetic.ts'
import { ARRAY_EDITING } from './array-editing.ts'
import { ARRAYS } from './arrays.ts'
import { BINARY } from './binary.ts'
import { COMPARISON } from './comparison.ts'
import { CONCATENATION } from './concatenation.ts'
import { CONDITIONAL } from './conditional.ts'
import type { FunctionFamily, ScalarFunction } from './definition.ts'
import { JSON_FUNCTIONS } from './json.ts'
import { LIKE } from './like.ts'
import { MASKING } from './masking.ts'
import { MATH } from './math.ts'
import { REAL_FUNCTIONS } from './real-functions.ts'
import { REGEX } from './regex.ts'
import { TEXT_FUNCTIONS } from './text.ts'
import { TEXT_EDITING } from './text-editing.ts'
import { TEXT_MAKING } from './text-making.ts'
import { TIME_FUNCTIONS } from './time.ts'
import { TIME_PATTERNS } from './time-patterns.ts'
import { TIME_ZONES } from './time-zones.ts'
import { TYPE_FUNCTIONS } from './type-functions.ts'

/** Every scalar function and operator, by family, in the order of the reference page. */
export const FUNCTION_FAMILIES: readonly FunctionFamily[] = [
  { title: 'Arithmetic', functions: ARITHMETIC },
  { title: 'Comparison', functions: COMPARISON },
  { title: 'Conditional', functions: [...CONDITIONAL, ...TYPE_FUNCTIONS] },
  { title: 'Numbers', functions: [...MATH, ...REAL_FUNCTIONS] },
  { title: 'Text', functions: [...CONCATENATION, ...TEXT_FUNCTIONS, ...TEXT_MAKING, ...TEXT_EDITING, ...MASKING] },
  { title: 'Patterns', functions: [...LIKE, ...REGEX] },
  { title: 'Date and time', functions: [...TIME_FUNCTIONS, ...TIME_ZONES, ...TIME_PATTERNS] },
  { title: 'JSON', functions: JSON_FUNCTIONS },
  { title: 'Arrays', functions: [...ARRAYS, ...ARRAY_EDITING] },
  { title: 'Bytes and hashes', functions: BINARY },
]

const BY_NAME: ReadonlyMap<string, ScalarFunction> = new Map(
  FUNCTION_FAMILIES.flatMap((family) => family.functions).flatMap((f) =>
    [f.name, ...f.aliases].map((name) => [name, f] as const),
  ),
)

/** By name or alias, in any case. */
export function scalarFunction(name: string): ScalarFunction | undefined {
  return BY_NAME.get(name) ?? BY_NAME.get(name.toLowerCase())
}

/** The aggregate half of the catalogue. */
export interface AggregateCatalog {
  aggregate(name: string): AggregateSignature | undefined
  names(): Iterable<string>
}

/** What the binder looks functions up in. */
export function makeCatalog(aggregates: AggregateCatalog): FunctionCatalog {
  return {
    scalar: scalarFunction,
    aggregate: (name) => aggregates.aggregate(name),
    names: () => [...BY_NAME.keys(), ...aggregates.names()],
  }
}
