import { didYouMean, MillraceError } from '../kernel/index.ts'
import { arrayFraming } from './array.ts'
import type { FramingDefinition } from './framing.ts'
import { newlineFraming } from './newline.ts'

export * from './framing.ts'
export * from './line-splitter.ts'
export { arrayFraming } from './array.ts'
export { newlineFraming } from './newline.ts'

/** Every framing there is; a new one is a line here. */
export const FRAMINGS: readonly FramingDefinition[] = [newlineFraming, arrayFraming]

/** By name; throws CONFIG_OPTION_INVALID. */
export function findFraming(name: string): FramingDefinition {
  const found = FRAMINGS.find((f) => f.name === name)
  if (found !== undefined) return found
  const names = FRAMINGS.map((f) => f.name)
  throw new MillraceError('CONFIG_OPTION_INVALID', `there is no framing "${name}"`, {
    hint: didYouMean(name, names) ?? `Framings: ${names.join(', ')}.`,
  })
}
