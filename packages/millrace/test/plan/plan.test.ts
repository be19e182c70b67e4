import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { formatError, lineColumn } from '../../src/kernel/index.ts'
import { parseDataflow } from '../../src/plan/index.ts'
import { explainText, parseScript, planScript } from '../../src/sql/index.ts'
import { catalog } from './catalog.ts'
import { faultsOf } from './well-formed.ts'
import { type GoldenCase, PREAMBLE, readCases, writeCases } from './golden.ts'

const UPDATE = process.env['UPDATE'] === '1'

/** The plan of a script, or everything that is wrong with it. */
function outcome(sql: string, topics: boolean): string {
  const { statements, errors } = parseScript(sql)
  const plan = planScript(statements, catalog, { partial: errors.length > 0, topics })
  const source = { name: 'case.sql', text: sql }
  const problems = [...errors, ...plan.errors]
  const warnings = plan.warnings.map((w) => {
    const { line, column } = lineColumn(sql, w.span.start)
    return `case.sql:${line}:${column}: warning: ${w.message}${w.hint === undefined ? '' : `\nhint: ${w.hint}`}`
  })
  if (problems.length > 0) return [...problems.map((e) => formatError(e, source)), ...warnings].join('\n\n')
  // A plan survives the trip as JSON, whole and in order.
  expect(parseDataflow(JSON.stringify(plan.dataflow))).toEqual(plan.dataflow)
  expect(faultsOf(plan.dataflow!)).toEqual([])
  return [explainText(plan.dataflow!), ...warnings].join('\n\n')
}

const folder = fileURLToPath(new URL('cases/', import.meta.url))

for (const file of readdirSync(folder)
  .filter((f) => f.endsWith('.txt'))
  .sort()) {
  describe(`plan ${file}`, () => {
    const path = `${folder}${file}`
    const all = readCases(path)
    const preamble = all.find((c) => c.name === PREAMBLE)
    const cases = all.filter((c) => c !== preamble)
    const updated = new Map<string, GoldenCase>(all.map((c) => [c.name, c]))
    it.each(cases.map((c) => [c.name, c] as const))('%s', (_, golden) => {
      const sql = preamble === undefined ? golden.sql : `${preamble.sql}\n${golden.sql}`
      // Those of topics are planned as where there is a log.
      const actual = outcome(sql, file.startsWith('topics'))
      updated.set(golden.name, { ...golden, expected: actual })
      if (!UPDATE) expect(actual).toBe(golden.expected)
    })
    afterAll(() => {
      if (UPDATE) writeCases(path, [...updated.values()])
    })
  })
}
