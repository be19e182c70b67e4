import { afterAll, describe, expect, it } from 'vitest'
import { millrace, Scratch } from './millrace.ts'

const scratch = new Scratch()
afterAll(() => scratch.remove())

const TABLE = `CREATE TABLE trades (symbol TEXT, price DECIMAL) WITH (connector = 'single_file', path = 'x.jsonl', format = 'json');\n`

describe('check', () => {
  it('is content with a script without errors, and touches nothing outside', async () => {
    const file = scratch.write('good.sql', `${TABLE}SELECT symbol FROM trades;`)
    const { code, stdout, stderr } = await millrace(['check', file])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('no errors')
  })

  it('reports all errors at once, each with its place, line, caret and hint', async () => {
    const file = scratch.write(
      'bad.sql',
      `${TABLE}SELECT symbl FROM trades;\nSELECT pric FROM trades;\nSELECT 1 FROM nowhere;\n`,
    )
    const { code, stdout, stderr } = await millrace(['check', file])
    expect(code).toBe(65)
    expect(stdout).toBe('')
    expect(stderr).toContain(`${file}:2:8: error: `)
    expect(stderr).toContain(`${file}:3:8: error: `)
    expect(stderr).toContain(`${file}:4:15: error: `)
    expect(stderr).toContain(' 2 | SELECT symbl FROM trades;\n   |        ^^^^^\n')
    expect(stderr).toContain('Did you mean "symbol"?')
    expect(stderr.match(/\[SQL_UNKNOWN_COLUMN\]/g)).toHaveLength(2)
    expect(stderr.match(/\[SQL_UNKNOWN_TABLE\]/g)).toHaveLength(1)
  })

  it('goes on after a syntax error', async () => {
    const file = scratch.write('syntax.sql', `SELECT FROM;\n${TABLE}SELECT nothing FROM trades;`)
    const { code, stderr } = await millrace(['check', file])
    expect(code).toBe(65)
    expect(stderr).toContain('[SQL_SYNTAX]')
    expect(stderr).toContain('[SQL_UNKNOWN_COLUMN]')
  })

  it('--json gives the same as data', async () => {
    const file = scratch.write('json.sql', `${TABLE}SELECT symbl FROM trades;`)
    const { code, stdout } = await millrace(['check', file, '--json'])
    expect(code).toBe(65)
    expect(JSON.parse(stdout)).toMatchObject({
      file,
      ok: false,
      errors: [
        {
          code: 'SQL_UNKNOWN_COLUMN',
          hint: 'Did you mean "symbol"?',
          start: { line: 2, column: 8 },
          end: { line: 2, column: 13 },
        },
      ],
      warnings: [],
    })
  })

  it.each([
    ['an option its connector does not have', `pth = 'x.jsonl'`, 'CONFIG_OPTION_UNKNOWN', 'Did you mean "path"?'],
    ['an option of a wrong type', `path = 'x.jsonl', bad_data = 'ignore'`, 'CONFIG_OPTION_INVALID', 'bad_data'],
    ['a missing option', `format = 'json'`, 'CONFIG_OPTION_INVALID', '"path"'],
  ])('exits with 78 for %s', async (_, options, error, message) => {
    const file = scratch.write(
      'option.sql',
      `CREATE TABLE t (a TEXT) WITH (\n  connector = 'single_file', ${options}\n);\nSELECT a FROM t;`,
    )
    const { code, stderr } = await millrace(['check', file])
    expect(stderr).toContain(`[${error}]`)
    expect(stderr).toContain(message)
    expect(code).toBe(78)
  })

  it('suggests the connector and the format', async () => {
    const connector = scratch.write('c.sql', `CREATE TABLE t (a TEXT) WITH (connector = 'websockt');\nSELECT a FROM t;`)
    expect(await millrace(['check', connector])).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('Did you mean "websocket"?'),
    })
    const format = scratch.write(
      'f.sql',
      `CREATE TABLE t (a TEXT) WITH (connector = 'single_file', path = 'x', format = 'jsn');\nSELECT a FROM t;`,
    )
    expect(await millrace(['check', format])).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('Did you mean "json"?'),
    })
  })

  it('reads standard input', async () => {
    const { code, stderr } = await millrace(['check', '-'], { input: 'SELECT x FROM nowhere' })
    expect(code).toBe(65)
    expect(stderr).toContain('stdin:1:15: error: ')
  })

  it('exits with 66 when there is no such file', async () => {
    const { code, stderr } = await millrace(['check', scratch.path('none.sql')])
    expect(code).toBe(66)
    expect(stderr).toContain('none.sql" cannot be read: it does not exist')
  })

  it('understands a byte order mark and Windows line ends', async () => {
    const file = scratch.write('windows.sql', '\ufeff-- first line\r\nSELECT 1 FROM nope;\r\n')
    const { code, stderr } = await millrace(['check', file])
    expect(code).toBe(65)
    expect(stderr).toContain(' 2 | SELECT 1 FROM nope;\n')
    expect(stderr).not.toContain('\r')
  })
})

describe('explain', () => {
  const sql = `${TABLE}SELECT symbol, price * 2 AS double FROM trades WHERE price > 1;`

  it('shows the plan as text', async () => {
    const { code, stdout } = await millrace(['explain', scratch.write('plan.sql', sql)])
    expect(code).toBe(0)
    expect(stdout).toContain('source')
    expect(stdout).toContain('filter')
  })

  it('--json prints the plan itself', async () => {
    const { code, stdout } = await millrace(['explain', scratch.write('plan.sql', sql), '--json'])
    expect(code).toBe(0)
    const plan = JSON.parse(stdout) as { version: number; nodes: { kind: string }[] }
    expect(plan.nodes.map((n) => n.kind)).toEqual(expect.arrayContaining(['source', 'output']))
  })

  it('--mermaid draws it', async () => {
    const { code, stdout } = await millrace(['explain', scratch.write('plan.sql', sql), '--mermaid'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^flowchart /)
  })

  it('reports errors as check does', async () => {
    const { code, stdout, stderr } = await millrace(['explain', '-'], { input: 'SELECT x FROM nowhere' })
    expect({ code, stdout }).toEqual({ code: 65, stdout: '' })
    expect(stderr).toContain('stdin:1:15: error: ')
  })
})
