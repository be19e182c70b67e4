import { formatInterval, type OptionValue, type RawOption } from '../../kernel/index.ts'
import type * as ast from '../ast/index.ts'
import type { Report } from '../bind/index.ts'

/** WITH as flat options; a key given twice is reported. */
export function rawOptions(options: readonly ast.Option[], report: Report): RawOption[] {
  const seen = new Set<string>()
  const raw: RawOption[] = []
  for (const { key, value, span } of options) {
    if (seen.has(key.text)) {
      report.error('SQL_DUPLICATE', `option "${key.text}" is given twice`, key.span)
      continue
    }
    seen.add(key.text)
    raw.push({ key: key.text, value: optionValue(value), span })
  }
  return raw
}

/** Numbers that a double does not hold exactly stay text. */
export function optionValue(value: ast.OptionValue): OptionValue {
  switch (value.kind) {
    case 'string':
    case 'boolean':
      return value.value
    case 'number': {
      const number = Number(value.text)
      return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number))
        ? number
        : value.text
    }
    case 'interval':
      return formatInterval(value.value)
    case 'option-word':
      return value.text
    case 'option-list':
      return value.values.map((v) => String(optionValue(v)))
  }
}
