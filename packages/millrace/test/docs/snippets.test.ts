import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { formatError } from '../../src/kernel/index.ts'
import { compileScript } from '../../src/runtime/index.ts'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))

const errorsOf = (name: string, text: string): string[] => {
  const source = { name, text }
  return compileScript(source, { topics: true }).errors.map((e) => formatError(e, source))
}

describe('SQL in the documentation compiles', () => {
  const pages = [
    'README.md',
    ...readdirSync(join(ROOT, 'docs'))
      .filter((f) => f.endsWith('.md'))
      .map((f) => `docs/${f}`),
  ]
  const snippets = pages
    .map(
      (page) =>
        [
          page,
          [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```sql\n(.*?)^```/gms)].map((m) => m[1]).join('\n'),
        ] as const,
    )
    .filter(([, sql]) => sql !== '')

  it.each(snippets)('%s', (page, sql) => {
    expect(errorsOf(page, sql)).toEqual([])
  })

  it('is found', () => {
    expect(snippets.map(([page]) => page)).toEqual(['README.md', 'docs/sql.md'])
  })
})

describe('examples compile', () => {
  const examples = readdirSync(join(ROOT, 'examples')).filter((f) => f.endsWith('.sql'))

  it.each(examples)('%s', (file) => {
    expect(errorsOf(file, readFileSync(join(ROOT, 'examples', file), 'utf8'))).toEqual([])
  })
})
