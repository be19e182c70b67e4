import { readFileSync, writeFileSync } from 'node:fs'

/** One case of a golden file: SQL in, what planning says out. */
export interface GoldenCase {
  readonly name: string
  readonly sql: string
  readonly expected: string
}

const HEAD = /^=== (.+)$/
const DIVIDER = '---'

/**
 * A file of cases: `=== name`, the SQL, `---`, what comes out. A first case named `preamble` has no outcome; its SQL goes before that of
 * all others.
 */
export function readCases(path: string): GoldenCase[] {
  const cases: GoldenCase[] = []
  let name: string | undefined
  let lines: string[] = []
  const close = () => {
    if (name === undefined) return
    const divider = lines.indexOf(DIVIDER)
    const end = divider === -1 ? lines.length : divider
    cases.push({
      name,
      sql: lines.slice(0, end).join('\n').trim(),
      expected: lines
        .slice(end + 1)
        .join('\n')
        .trim(),
    })
  }
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const head = HEAD.exec(line)
    if (head === null) {
      lines.push(line)
      continue
    }
    close()
    name = head[1]!
    lines = []
  }
  close()
  return cases
}

export const PREAMBLE = 'preamble'

export function writeCases(path: string, cases: readonly GoldenCase[]): void {
  const blocks = cases.map((c) =>
    c.name === PREAMBLE ? `=== ${c.name}\n${c.sql}\n` : `=== ${c.name}\n${c.sql}\n${DIVIDER}\n${c.expected}\n`,
  )
  writeFileSync(path, blocks.join('\n'))
}
