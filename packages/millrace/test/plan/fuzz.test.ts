import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { explainMermaid, explainText, parseScript, planScript } from '../../src/sql/index.ts'
import { catalog } from './catalog.ts'
import { PREAMBLE, readCases } from './golden.ts'
import { faultsOf } from './well-formed.ts'

const folder = fileURLToPath(new URL('cases/', import.meta.url))

/** Every script of the golden files, as words. */
const scripts = readdirSync(folder)
  .filter((f) => f.endsWith('.txt'))
  .flatMap((file) => {
    const cases = readCases(`${folder}${file}`)
    const preamble = cases.find((c) => c.name === PREAMBLE)?.sql ?? ''
    return cases
      .filter((c) => c.name !== PREAMBLE)
      .map((c) => ({ preamble, words: c.sql.match(/\w+|'[^']*'|\s+|./gs) ?? [] }))
  })
const words = [...new Set(scripts.flatMap((s) => s.words))].filter((w) => w.trim() !== '')

/** One slip of the pen. */
const slip = fc.record({
  kind: fc.constantFrom('delete', 'replace', 'insert', 'swap'),
  at: fc.nat(),
  word: fc.constantFrom(...words),
})

function slipped(text: readonly string[], slips: readonly { kind: string; at: number; word: string }[]): string {
  const result = [...text]
  for (const { kind, at, word } of slips) {
    if (result.length < 2) break
    const i = at % (result.length - 1)
    if (kind === 'delete') result.splice(i, 1)
    else if (kind === 'replace') result[i] = word
    else if (kind === 'insert') result.splice(i, 0, ' ', word, ' ')
    else [result[i], result[i + 1]] = [result[i + 1]!, result[i]!]
  }
  return result.join('')
}

describe('planning', () => {
  it('answers any script with a sound plan or with errors that have a place', () => {
    let plans = 0
    fc.assert(
      fc.property(fc.constantFrom(...scripts), fc.array(slip, { maxLength: 3 }), (script, slips) => {
        const sql = `${script.preamble}\n${slipped(script.words, slips)}`
        const { statements, errors } = parseScript(sql)
        const plan = planScript(statements, catalog, { partial: errors.length > 0, topics: true })
        for (const error of plan.errors) {
          expect(error.code, sql).not.toBe('INTERNAL')
          expect(error.span, error.message).toBeDefined()
          expect(error.span!.end).toBeLessThanOrEqual(sql.length)
        }
        expect(plan.dataflow === null).toBe(plan.errors.length > 0 || errors.length > 0)
        if (plan.dataflow === null) return
        plans++
        expect(faultsOf(plan.dataflow), `${sql}\n${explainText(plan.dataflow)}`).toEqual([])
        expect(explainMermaid(plan.dataflow)).toContain('flowchart TD')
      }),
      { numRuns: 1500 },
    )
    expect(plans).toBeGreaterThan(50)
  })
})
