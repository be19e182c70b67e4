import { expect } from 'vitest'
import { parseDecimal, compareDecimal, parseTimestamp } from '../../src/kernel/index.ts'
import type { ExpectedAnswer } from './shared-data.ts'

/** Rows as their JSON text says them: numbers stay text, so nothing is rounded on the way. */
export type TextRow = Readonly<Record<string, string | boolean | null>>

/** Parses a flat JSON object keeping the text of numbers. */
export function textRow(json: string): TextRow {
  const quoted = json.replace(/([:,[]\s*)(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=\s*[,}\]])/g, '$1"$2"')
  return JSON.parse(quoted) as TextRow
}

/** Compares by key; values, not spellings; exact but for the columns with a tolerance. */
export function expectAnswer(actual: readonly TextRow[], expected: ExpectedAnswer): void {
  const keyOf = (row: Readonly<Record<string, unknown>>) =>
    JSON.stringify(expected.key.map((k) => canonical(row[k], expected.columns[k]!)))
  const byKey = new Map(actual.map((row) => [keyOf(row), row]))
  expect(actual.length).toBe(expected.rows.length)
  expect(byKey.size).toBe(expected.rows.length)
  for (const row of expected.rows) {
    const ours = byKey.get(keyOf(row))
    expect(ours, `no row for ${keyOf(row)}`).toBeDefined()
    for (const [column, type] of Object.entries(expected.columns)) {
      const tolerance = expected.tolerance[column]
      if (tolerance === undefined) {
        expect(canonical(ours![column], type), `${column} of ${keyOf(row)}`).toBe(canonical(row[column], type))
        continue
      }
      const wanted = Number(row[column])
      expect(Math.abs(Number(ours![column]) - wanted), `${column} of ${keyOf(row)}`).toBeLessThanOrEqual(
        tolerance * Math.max(1, Math.abs(wanted)),
      )
    }
  }
}

/** One spelling per value. */
function canonical(value: unknown, type: string): string {
  if (value === null || value === undefined) return 'null'
  if (type.startsWith('timestamp')) return String(parseTimestamp(String(value)))
  if (type.startsWith('decimal') || type.startsWith('int')) {
    const decimal = parseDecimal(String(value))
    if (decimal === undefined) return `no number: ${String(value)}`
    return compareDecimal(decimal, { unscaled: 0, scale: 0 }) === 0 ? '0' : trimZeros(String(value))
  }
  return String(value)
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
