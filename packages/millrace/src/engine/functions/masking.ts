import { TEXT } from '../../kernel/index.ts'
import { codePointLength, codePointSlice } from './code-points.ts'
import { example, type FunctionExample, scalar, type ScalarFunction } from './definition.ts'
import { signature } from './signature.ts'

/** In place of what is hidden, however long it is. */
const HIDDEN = '*****'

function masking(
  name: string,
  aliases: readonly string[],
  doc: string,
  examples: readonly FunctionExample[],
  mask: (text: string) => string,
): ScalarFunction {
  return scalar(name, {
    aliases,
    doc,
    examples,
    resolve: signature([TEXT], TEXT),
    implement:
      () =>
      ([text]) =>
        mask(text as string),
  })
}

/** A text with no more characters than would be shown is hidden whole. */
function keepFirst(text: string, count: number): string {
  return (codePointLength(text) > count ? codePointSlice(text, 0, count) : '') + HIDDEN
}

function keepLast(text: string, count: number): string {
  const length = codePointLength(text)
  return HIDDEN + (length > count ? codePointSlice(text, length - count, length) : '')
}

function email(text: string): string {
  const at = text.lastIndexOf('@')
  return at === -1 ? HIDDEN : keepFirst(text.slice(0, at), 1) + text.slice(at)
}

const COUNTS = [
  [1, 'character'],
  [2, 'two characters'],
  [3, 'three characters'],
  [4, 'four characters'],
] as const

/** Texts that hide what they say. */
export const MASKING: readonly ScalarFunction[] = [
  masking(
    'anonymize',
    ['mask'],
    'As many stars as the text has characters.',
    [example("anonymize('Charles')", '*******')],
    (t) => '*'.repeat(codePointLength(t)),
  ),
  masking(
    'email',
    [],
    'An email address with all but its first character and its host hidden.',
    [example("email('bob@example.com')", 'b*****@example.com'), example("email('bob')", HIDDEN)],
    email,
  ),
  ...COUNTS.map(([count, what]) =>
    masking(
      `first${count}`,
      [],
      `The text with all but its first ${what} hidden.`,
      [example(`first${count}('Melissa')`, 'Melissa'.slice(0, count) + HIDDEN)],
      (t) => keepFirst(t, count),
    ),
  ),
  ...COUNTS.map(([count, what]) =>
    masking(
      `last${count}`,
      [],
      `The text with all but its last ${what} hidden.`,
      [example(`last${count}('Charles')`, HIDDEN + 'Charles'.slice(-count))],
      (t) => keepLast(t, count),
    ),
  ),
]
