import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { formatError } from '../../kernel/index.ts'
import { type Dialect, SNAPSHOT, STANDARD } from '../dialect.ts'
import { printStatement } from '../print/index.ts'
import { withoutSpans } from '../../../test/parse/without-spans.ts'
import { parseScript } from './script.ts'

/**
 * Files of cases: `=== title` (with `[snapshot]` in that dialect), SQL, `---`, then the canonical SQL of each statement
 * and the errors. `UPDATE=1` rewrites what follows `---`.
 */
const FOLDER = fileURLToPath(new URL('../../../test/parse/', import.meta.url))

interface Case {
  readonly title: string
  readonly input: string
  readonly expected: string
}

function readCases(file: string): Case[] {
  return readFileSync(join(FOLDER, file), 'utf8')
    .split(/^=== /m)
    .slice(1)
    .map((text) => {
      const [head = '', expected = ''] = text.split(/^---\n/m)
      const newline = head.indexOf('\n')
      return { title: head.slice(0, newline), input: head.slice(newline + 1).trimEnd(), expected: expected.trim() }
    })
}

function dialectOf(title: string): Dialect {
  return title.includes('[snapshot]') ? SNAPSHOT : STANDARD
}

function answer(input: string, dialect: Dialect): string {
  const { statements, errors } = parseScript(input, dialect)
  return [
    ...statements.map((s) => `${printStatement(s, dialect)};`),
    ...errors.map((e) => formatError(e, { name: 'input', text: input })),
  ].join('\n')
}

const files = readdirSync(FOLDER).filter((f) => f.endsWith('.txt'))

describe.each(files)('%s', (file) => {
  const cases = readCases(file)
  if (process.env['UPDATE'] === '1') {
    const rewritten = cases.map(
      ({ title, input }) => `=== ${title}\n${input}\n---\n${answer(input, dialectOf(title))}\n`,
    )
    writeFileSync(join(FOLDER, file), rewritten.join('\n'))
  }

  it.each(readCases(file))('$title', ({ title, input, expected }) => {
    expect(answer(input, dialectOf(title))).toBe(expected)
  })

  it.each(cases)('$title reads back', ({ title, input }) => {
    const dialect = dialectOf(title)
    for (const statement of parseScript(input, dialect).statements) {
      const printed = printStatement(statement, dialect)
      const again = parseScript(printed, dialect)
      expect(again.errors).toEqual([])
      expect(again.statements.map(withoutSpans)).toEqual([withoutSpans(statement)])
      expect(printStatement(again.statements[0]!, dialect)).toBe(printed)
    }
  })
})
