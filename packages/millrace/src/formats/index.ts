import { didYouMean, MillraceError } from '../kernel/index.ts'
import type { FormatDefinition } from './format.ts'
import { jsonFormat } from './json/json-format.ts'
import { rawBytesFormat, rawStringFormat } from './raw/raw-format.ts'

export * from './format.ts'
export { jsonFormat } from './json/json-format.ts'
export type { JsonOptions } from './json/options.ts'
export { rawBytesFormat, rawStringFormat } from './raw/raw-format.ts'

/** Every format there is; a new one is a line here. */
export const FORMATS: readonly FormatDefinition[] = [jsonFormat, rawStringFormat, rawBytesFormat]

/** By name or alias; throws CONFIG_FORMAT_UNKNOWN. */
export function findFormat(name: string): FormatDefinition {
  const found = FORMATS.find((f) => f.name === name || f.aliases.includes(name))
  if (found !== undefined) return found
  const names = FORMATS.flatMap((f) => [f.name, ...f.aliases])
  throw new MillraceError('CONFIG_FORMAT_UNKNOWN', `there is no format "${name}"`, {
    hint: didYouMean(name, names) ?? `Formats: ${names.join(', ')}.`,
  })
}
