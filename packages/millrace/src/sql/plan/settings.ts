import { didYouMean, parseDuration } from '../../kernel/index.ts'
import type { SetOption } from '../ast/index.ts'
import type { Report } from '../bind/index.ts'
import { optionValue } from './options.ts'

/** What SET changes, for the whole script. */
export interface Settings {
  /** Microseconds after which rows of un-windowed joins that have not changed are forgotten; null: not said. */
  updatingTtl: number | null
}

export const DEFAULT_SETTINGS: Settings = { updatingTtl: null }

interface Setting {
  readonly example: string
  /** What to warn of where it is accepted but does not change everything yet. */
  readonly pending?: string
  /** False: the value is of no use. */
  apply(value: string, settings: Settings): boolean
}

const SETTINGS: Readonly<Record<string, Setting>> = {
  updating_ttl: {
    example: "SET updating_ttl = INTERVAL '1 hour'",
    pending: 'setting "updating_ttl" holds for joins; aggregates without a window keep every key',
    apply(value, settings) {
      const micros = parseDuration(value)
      if (micros === undefined || micros <= 0) return false
      settings.updatingTtl = micros
      return true
    },
  },
}

export function applySetting(statement: SetOption, settings: Settings, report: Report): void {
  const { key, value } = statement.option
  const name = key.text.toLowerCase()
  const setting = Object.hasOwn(SETTINGS, name) ? SETTINGS[name]! : undefined
  if (setting === undefined) {
    return report.error('CONFIG_INVALID', `there is no setting "${key.text}"`, key.span, {
      hint: didYouMean(name, Object.keys(SETTINGS)) ?? `Settings: ${Object.keys(SETTINGS).join(', ')}.`,
    })
  }
  if (setting.pending !== undefined) report.warn(setting.pending, statement.span)
  if (!setting.apply(String(optionValue(value)), settings)) {
    report.error('CONFIG_INVALID', `setting "${name}" has no such value`, value.span, {
      hint: `Write ${setting.example}.`,
    })
  }
}
