import { byteSizeOption, formatInterval, MillraceError, parseDuration, type RawOption, unknownOptions } from '../../kernel/index.ts'
import type { TopicSettings } from '../../log/index.ts'
import type { Option, OptionValue } from '../../sql/index.ts'

interface ResultOption {
  readonly doc: string
  /** Null: the value is of no use. */
  read(text: string): TopicSettings | null
}

/** What WITH of a materialized view may say. */
export const RESULT_OPTIONS: Readonly<Record<string, ResultOption>> = {
  retention: {
    doc: "How long results are kept in the topic, like '7 days'. Default: for good.",
    read: (text) => {
      const micros = parseDuration(text)
      return micros === undefined || micros <= 0 ? null : { retentionMs: Math.ceil(micros / 1000) }
    },
  },
  retention_bytes: {
    doc: "Bytes of results beyond which the oldest are deleted, like '1 GiB'. Default: no limit.",
    read: (text) => {
      const size = byteSizeOption().safeParse(text)
      return size.success ? { retentionBytes: size.data } : null
    },
  },
}

/** The settings of a result's topic. All errors at once. */
export function resultSettings(
  options: readonly Option[],
  owner: string,
): { readonly settings: TopicSettings; readonly errors: readonly MillraceError[] } {
  const errors: MillraceError[] = []
  let settings: TopicSettings = {}
  for (const { key, value, span } of options) {
    const option = Object.hasOwn(RESULT_OPTIONS, key.text) ? RESULT_OPTIONS[key.text]! : undefined
    if (option === undefined) continue
    const read = option.read(plainText(value))
    if (read !== null) settings = { ...settings, ...read }
    else {
      errors.push(
        new MillraceError('CONFIG_OPTION_INVALID', `option "${key.text}" of ${owner} has no such value`, {
          hint: `${key.text}: ${option.doc}`,
          span,
        }),
      )
    }
  }
  const given = options.map(({ key, value, span }): RawOption => ({ key: key.text, value: plainText(value), span }))
  return { settings, errors: [...errors, ...unknownOptions(given, Object.keys(RESULT_OPTIONS), owner)] }
}

function plainText(value: OptionValue): string {
  switch (value.kind) {
    case 'string':
      return value.value
    case 'boolean':
      return String(value.value)
    case 'interval':
      return formatInterval(value.value)
    case 'number':
    case 'option-word':
      return value.text
    case 'option-list':
      return value.values.map(plainText).join(',')
  }
}
