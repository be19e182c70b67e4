import { z } from 'zod'
import { MillraceError } from './errors.ts'
import { parseDuration } from './interval.ts'
import type { Span } from './span.ts'
import { didYouMean } from './suggest.ts'

/**
 * Options as users write them: flat keys with dots (`json.timestamp_format`), scalar values. The same map comes from SQL `WITH`,
 * YAML and REST. Keys ending in `.0`, `.1` ... are items of one list option.
 */
export type OptionValue = string | number | boolean | readonly string[]

export interface RawOption {
  readonly key: string
  readonly value: OptionValue
  /** Of the whole `key = value`. */
  readonly span?: Span | undefined
}

/** A zod object whose keys are option names. `.describe()` texts are the reference page. */
export type OptionSchema = z.ZodObject<z.ZodRawShape>

export interface ParsedOptions<Schema extends OptionSchema> {
  /** Undefined when there are errors. */
  readonly value: z.infer<Schema> | undefined
  readonly errors: readonly MillraceError[]
}

/** Folds `key.0`, `key.1` ... into one list under `key`; stops at the first missing index and reports what lies behind it. */
export function foldIndexed(options: readonly RawOption[]): { options: RawOption[]; errors: MillraceError[] } {
  const plain: RawOption[] = []
  const lists = new Map<string, Map<number, RawOption>>()
  const errors: MillraceError[] = []
  for (const option of options) {
    const match = /^(.+)\.(\d+)$/.exec(option.key)
    if (match === null) {
      plain.push(option)
      continue
    }
    const items = lists.get(match[1]!) ?? new Map<number, RawOption>()
    items.set(Number(match[2]), option)
    lists.set(match[1]!, items)
  }
  for (const [key, items] of lists) {
    const values: string[] = []
    for (let i = 0; items.has(i); i++) values.push(String(items.get(i)!.value))
    const stray = [...items].find(([index]) => index >= values.length)
    if (stray !== undefined) {
      errors.push(
        new MillraceError('CONFIG_OPTION_INVALID', `option "${key}.${stray[0]}" has no predecessor "${key}.${values.length}"`, {
          hint: `Number the items of "${key}" from 0 without holes.`,
          span: stray[1].span,
        }),
      )
    }
    plain.push({ key, value: values, span: items.values().next().value?.span })
  }
  return { options: plain, errors }
}

/**
 * Reads the options that `schema` names. `owner` is for messages (`connector "websocket"`). Options that no schema names are not this
 * function's concern: see `unknownOptions`.
 */
export function parseOptions<Schema extends OptionSchema>(
  schema: Schema,
  options: readonly RawOption[],
  owner: string,
): ParsedOptions<Schema> {
  const known = new Set(Object.keys(schema.shape))
  const given = new Map(options.filter((o) => known.has(o.key)).map((o) => [o.key, o]))
  const input = Object.fromEntries([...given].map(([key, option]) => [key, option.value]))
  const result = schema.safeParse(input)
  if (result.success) return { value: result.data as z.infer<Schema>, errors: [] }
  const errors = result.error.issues.map((issue) => {
    const key = String(issue.path[0] ?? '')
    const option = given.get(key)
    const description = (schema.shape[key] as z.ZodType | undefined)?.description
    const hint = description === undefined ? undefined : `${key}: ${description}`
    return option === undefined
      ? new MillraceError('CONFIG_OPTION_INVALID', `${owner} needs option "${key}"`, { hint })
      : new MillraceError('CONFIG_OPTION_INVALID', `option "${key}" of ${owner}: ${issue.message.toLowerCase()}`, {
          hint,
          span: option.span,
        })
  })
  return { value: undefined, errors }
}

/** One error per option that none of the known names covers. */
export function unknownOptions(options: readonly RawOption[], known: readonly string[], owner: string): MillraceError[] {
  const names = new Set(known)
  return options
    .filter((o) => !names.has(o.key))
    .map(
      (o) =>
        new MillraceError('CONFIG_OPTION_UNKNOWN', `${owner} has no option "${o.key}"`, {
          hint: didYouMean(o.key, known) ?? `Known options: ${[...known].sort().join(', ')}.`,
          span: o.span,
        }),
    )
}

/** A span of time with its unit (`'30s'`, `'5 minutes'`); microseconds. */
export function durationOption() {
  return z.string().transform((text, context) => {
    const micros = parseDuration(text)
    if (micros === undefined || micros < 0) {
      context.addIssue({ code: 'custom', message: `"${text}" is no duration; write a number with a unit, like '30s' or '5 minutes'` })
      return z.NEVER
    }
    return micros
  })
}

const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1, b: 1, kb: 1000, mb: 1000 ** 2, gb: 1000 ** 3, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3,
}

/** A size in bytes, bare or with a unit (`65536`, `'64 KiB'`, `'1 MB'`). */
export function byteSizeOption() {
  return z.union([z.number(), z.string()]).transform((value, context) => {
    const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(String(value).trim())
    const unit = match === null ? undefined : BYTE_UNITS[match[2]!.toLowerCase()]
    if (match === null || unit === undefined) {
      context.addIssue({ code: 'custom', message: `"${value}" is no size; write bytes or a unit, like 65536 or '64 KiB'` })
      return z.NEVER
    }
    return Math.round(Number(match[1]) * unit)
  })
}

/** `true`, `'true'`, `'yes'`, `'on'`, `1` and their opposites. */
export function booleanOption() {
  return z.union([z.boolean(), z.string(), z.number()]).transform((value, context) => {
    const word = String(value).toLowerCase()
    if (['true', 'yes', 'on', '1'].includes(word)) return true
    if (['false', 'no', 'off', '0'].includes(word)) return false
    context.addIssue({ code: 'custom', message: `"${value}" is neither true nor false` })
    return z.NEVER
  })
}

/** A whole number, bare or as text. */
export function integerOption(bounds: { readonly min?: number; readonly max?: number } = {}) {
  return z.union([z.number(), z.string()]).transform((value, context) => {
    const number = typeof value === 'number' ? value : /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : Number.NaN
    const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = bounds
    if (!Number.isSafeInteger(number) || number < min || number > max) {
      context.addIssue({ code: 'custom', message: `"${value}" is no whole number from ${min} to ${max}` })
      return z.NEVER
    }
    return number
  })
}
