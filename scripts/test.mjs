/**
 * The whole check: set-up, lint, types of the tests, then the suite on this Node and on Node 24. The last line is
 * `N passed, N failed, N skipped`; lint and types count as one test each. Arguments go to vitest, e.g. a file name.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { node24 } from './node24.mjs'
import { root, setUp } from './setup.mjs'

const total = { passed: 0, failed: 0, skipped: 0 }
const failures = []
const skips = new Map()

if (setUp()) everything()
else fail('set-up')

for (const failure of failures) console.log(`failed: ${failure}`)
for (const [reason, count] of skips) console.log(`skipped: ${reason}${count === 1 ? '' : ` (${count} tests)`}`)
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed === 0 ? 0 : 1

function everything() {
  check('lint', ['node_modules/oxlint/bin/oxlint'])
  check('types of the tests', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.tests.json'])
  suite(process.version, process.execPath)
  const second = node24()
  if (process.version.startsWith('v24.')) skip('the suite on Node 24', `this is ${process.version} already`)
  else if (second.path === undefined) skip('the suite on Node 24', second.reason)
  else suite('Node 24', second.path)
}

function check(title, args) {
  console.log(`\n== ${title}`)
  const ok = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status === 0
  if (ok) total.passed++
  else fail(title)
}

function suite(title, node) {
  console.log(`\n== suite on ${title}`)
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'))
  const report = join(folder, 'report.json')
  try {
    const args = [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--reporter=default',
      '--reporter=./scripts/test-reporter.mjs',
    ]
    const { status } = spawnSync(node, [...args, ...process.argv.slice(2)], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, MILLRACE_TEST_REPORT: report },
    })
    const result = JSON.parse(readFileSync(report, 'utf8'))
    total.passed += result.passed
    total.failed += result.failed
    for (const failure of result.failures) failures.push(`${title}: ${failure}`)
    for (const { file, reason } of result.skipped) skip(`${title}: ${file}`, reason)
    if (status !== 0 && result.failed === 0) fail(`the suite on ${title} ended with ${status}`)
  } catch (error) {
    fail(`the suite on ${title} gave no report: ${error.message}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function fail(what) {
  total.failed++
  failures.push(what)
}

function skip(what, reason) {
  total.skipped++
  const line = `${what}: ${reason}`
  skips.set(line, (skips.get(line) ?? 0) + 1)
}
