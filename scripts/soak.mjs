/** `npm run soak [-- ROUNDS]`: the kill loops of the suite with many rounds (default 1,000) of `kill -9`, restart and comparison. */
import { spawnSync } from 'node:child_process'
import { root, setUp } from './setup.mjs'

const rounds = process.argv[2] ?? '1000'
if (!/^[1-9]\d{0,6}$/.test(rounds)) {
  process.stderr.write(`error: "${rounds}" is not a number of rounds\n`)
  process.exit(64)
}
if (!setUp()) process.exit(1)
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--reporter=verbose', 'packages/millrace/test/serve/kill-loop.test.ts', 'packages/millrace/test/serve/exactly-once.test.ts'],
  { cwd: root, stdio: 'inherit', env: { ...process.env, MILLRACE_SOAK_ROUNDS: rounds } },
)
process.exitCode = status ?? 1
