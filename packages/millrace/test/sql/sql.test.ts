import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { compileScript } from '../../src/runtime/index.ts'
import { CHANGE_MODES, MODES, type QueryRun, runQuery, type StreamEvent } from './harness/run-query.ts'
import { parseSlt, type SltRecord } from './harness/slt.ts'

const here = new URL('.', import.meta.url).pathname
const files = readdirSync(here, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.slt')).sort()
const update = process.env['UPDATE'] === '1'

function compile(declarations: readonly string[], sql: string) {
  return compileScript({ name: 'test.sql', text: [...declarations, sql].join(';\n') }, { badData: 'drop' })
}

interface Rewrite {
  readonly record: SltRecord & { readonly kind: 'query' | 'counts' }
  readonly rows: readonly string[]
}

/** Replaces the expected rows of records, last one first so that line numbers hold. */
function rewrite(file: string, changes: readonly Rewrite[]): void {
  const lines = readFileSync(file, 'utf8').split('\n')
  for (const { record, rows } of [...changes].sort((a, b) => b.record.line - a.record.line)) {
    let end = record.line
    while (end < lines.length && lines[end]!.trim() !== '') end++
    if (record.kind === 'counts') {
      lines.splice(record.line, end - record.line, ...rows)
      continue
    }
    const split = lines.indexOf('----', record.line)
    const from = split !== -1 && split < end ? split : end
    lines.splice(from, end - from, '----', ...rows)
  }
  writeFileSync(file, lines.join('\n'))
}

for (const file of files) {
  describe(file, () => {
    const path = join(here, file)
    const records = parseSlt(readFileSync(path, 'utf8'))
    const declarations: string[] = []
    const events: StreamEvent[] = []
    const rewrites: Rewrite[] = []
    afterAll(() => {
      if (update) rewrite(path, rewrites)
    })
    records.forEach((record, i) => {
      switch (record.kind) {
        case 'statement':
          declarations.push(record.sql.replace(/;\s*$/, ''))
          return
        case 'push':
        case 'advance':
        case 'end':
          events.push(record)
          return
        case 'error': {
          const known = [...declarations]
          it(`line ${record.line}: refuses with ${record.code}`, () => {
            const { errors } = compile(known, record.sql)
            expect(errors.map((e) => e.code)).toContain(record.code)
            expect(errors.map((e) => [e.message, e.detail, e.hint].filter((t) => t !== undefined).join('\n')).join('\n')).toContain(
              record.message,
            )
          })
          return
        }
        case 'query': {
          const known = [...declarations]
          const seen = [...events]
          const counts = records[i + 1]?.kind === 'counts' ? (records[i + 1] as SltRecord & { kind: 'counts' }) : null
          it(`line ${record.line}: ${record.sql.split('\n')[0]!.slice(0, 60)}`, async () => {
            const script = compile(known, record.sql)
            expect(script.errors.map((e) => `${e.code}: ${e.message}`)).toEqual([])
            const runs: [string, QueryRun][] = []
            // Where batches are cut decides which intermediate changes there are; only the same cuts compare, and then to the order.
            const modes = record.changes ? CHANGE_MODES : MODES
            for (const mode of modes) runs.push([mode.name, await runQuery(script, seen, record, mode)])
            const [, first] = runs[0]!
            if (update) {
              rewrites.push({ record, rows: [...first.rows].sort() })
              if (counts !== null) rewrites.push({ record: counts, rows: first.counts })
            }
            const rows = update ? first.rows : record.expected
            for (const [mode, run] of runs) {
              expect([...run.rows].sort(), mode).toEqual([...rows].sort())
              if (record.changes) expect(run.rows, mode).toEqual(first.rows)
              expect(run.counts, mode).toEqual(counts === null || update ? first.counts : [...counts.expected].sort())
            }
          })
          return
        }
        case 'counts':
          return
      }
    })
  })
}
