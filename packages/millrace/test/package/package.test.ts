import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const PACKAGES = ['protocol', 'client', 'millrace']
const QUIET = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline']

/** The packages as a user gets them: packed, then installed in a folder that has nothing else. */
describe('the packed packages', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-package-'))
  const app = join(folder, 'app')

  const run = (command: string, args: readonly string[], input = ''): string =>
    execFileSync(command, args, { cwd: app, encoding: 'utf8', input, env: { ...process.env, NO_COLOR: '1' } })

  beforeAll(() => {
    mkdirSync(app)
    for (const name of PACKAGES) {
      execFileSync('npm', ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder], {
        cwd: join(ROOT, 'packages', name),
        stdio: 'pipe',
      })
    }
    const tarballs = readdirSync(folder).filter((f) => f.endsWith('.tgz'))
    expect(tarballs).toHaveLength(PACKAGES.length)
    writeFileSync(join(app, 'package.json'), '{"private":true,"type":"module"}')
    run('npm', ['install', ...QUIET, ...tarballs.map((f) => join(folder, f))])
  }, 120_000)

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('have a command that runs SQL', () => {
    const millrace = join(app, 'node_modules/.bin/millrace')
    expect(run(millrace, ['--version'])).toMatch(/^\d+\.\d+\.\d+\n$/)
    writeFileSync(join(app, 'in.jsonl'), '{"a":1}\n{"a":20}\n')
    const sql =
      "CREATE TABLE t (a BIGINT) WITH (connector = 'single_file', path = 'in.jsonl', format = 'json'); SELECT a * a AS b FROM t;"
    expect(run(millrace, ['run', '-'], sql)).toBe('{"b":1}\n{"b":400}\n')
    expect(run(millrace, ['run', '-', '--worker'], sql)).toBe('{"b":1}\n{"b":400}\n')
  })

  it('can be imported', () => {
    writeFileSync(
      join(app, 'use.mjs'),
      `import { compileScript } from 'millrace'
import { connect } from '@millrace/client'
import { PROTOCOL_VERSION } from '@millrace/protocol'
const { errors } = compileScript({ name: 'x', text: 'SELECT nothing FROM nowhere' })
console.log(typeof connect, typeof PROTOCOL_VERSION, errors[0].code)`,
    )
    expect(run(process.execPath, ['use.mjs'])).toBe('function number SQL_UNKNOWN_TABLE\n')
  })

  it('carry what they need and nothing else', () => {
    for (const name of PACKAGES) {
      const installed = join(app, 'node_modules', name === 'millrace' ? name : `@millrace/${name}`)
      const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
      expect(files.filter((f) => f.includes('.test.') || f.endsWith('.map') || f.endsWith('.tsbuildinfo'))).toEqual([])
      expect(existsSync(join(installed, 'LICENSE'))).toBe(true)
      expect(existsSync(join(installed, 'README.md'))).toBe(true)
      expect(existsSync(join(installed, 'dist/index.d.ts'))).toBe(true)
    }
  })
})
