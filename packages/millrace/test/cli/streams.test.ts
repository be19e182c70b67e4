import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, it } from 'vitest'
import { BIN, ended, Scratch, start, until } from './millrace.ts'

const scratch = new Scratch()
afterAll(() => scratch.remove())

/** Far more than a pipe holds. */
const manyErrors = scratch.write(
  'many-errors.sql',
  Array.from({ length: 2000 }, (_, i) => `SELECT x${i} FROM nowhere;\n`).join(''),
)

describe('a reader that goes away is no failure of', () => {
  it.each([
    ['check --json', ['check', '--json', manyErrors], 65],
    ['help', ['--help'], 0],
  ] as const)('%s', async (_, args, code) => {
    const child = start(args)
    child.stdout.destroy()
    const [stderr, [status]] = await Promise.all([text(child.stderr), once(child, 'close')])
    expect({ status, stderr }).toEqual({ status: code, stderr: '' })
  })

  it('error messages', async () => {
    const child = start(['check', manyErrors])
    child.stderr.destroy()
    const [stdout, [status]] = await Promise.all([text(child.stdout), once(child, 'close')])
    expect({ status, stdout }).toEqual({ status: 65, stdout: '' })
  })
})

describe.skipIf(!existsSync('/dev/full'))('output on a full disk (needs /dev/full) is 73:', () => {
  it.each([
    ['check', ['check', scratch.write('good.sql', `CREATE TABLE t (symbol TEXT) WITH (connector = 'simulator'); SELECT symbol FROM t;`)]],
    ['help', ['--help']],
  ] as const)('%s', (_, args) => {
    const { status, stderr } = spawnSync('sh', ['-c', '"$0" "$@" > /dev/full', process.execPath, BIN, ...args], {
      encoding: 'utf8',
    })
    expect(status).toBe(73)
    expect(stderr).not.toContain('    at ')
  })
})

describe('a lossy fault', () => {
  it('is a gap on stderr, with its times and its reason', async () => {
    const recording = fileURLToPath(new URL('../recordings/two-symbols.jsonl.gz', import.meta.url))
    const server = start(['replay', recording, '--port', '0', '--speed', 'max', '--once', '--reset', '--drop-at', '700'])
    const served = ended(server)
    const [, url] = await until(server.stderr, /(ws:\S+)/)
    const sql = `CREATE TABLE t (id BIGINT) WITH (connector = 'websocket', endpoint = '${url!}', format = 'json',
      end_of_input = 'clean_close', reconnect.initial_delay = '1ms'); SELECT COUNT(*) AS n FROM t;`
    const run = await ended(start(['run', '-'], { input: sql }))
    expect(run.code).toBe(0)
    const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`
    expect(run.stderr).toMatch(new RegExp(`gap in "t" from ${time} to ${time}: .*1006`))
    expect(run.stderr).toContain('not in the result: 1 gap')
    const { n } = JSON.parse(run.stdout) as { n: number }
    expect(n).toBeLessThan(1200)
    expect((await served).code).toBe(0)
  })
})

describe('a path', () => {
  it.each(['replay', 'simulate'])('of %s starts with a slash', async (command) => {
    const args = command === 'replay' ? [command, manyErrors] : [command]
    const { code, stderr } = await ended(start([...args, '--port', '0', '--path', 'ws']))
    expect(code).toBe(64)
    expect(stderr).toContain("Write a path like '/'")
  })
})
