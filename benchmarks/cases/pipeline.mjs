import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openLog, openStateStore, stateDirectory } from '../../packages/millrace/dist/log/index.js'
import { assertEqual, median } from '../lib/measure.mjs'
import { fillTrades, KEYS, NO_SNAPSHOTS, tradesPipeline } from '../lib/trades-pipeline.mjs'

const RECORDS = 10_000_000
const ROUNDS = 2
const VICTIM = fileURLToPath(new URL('../lib/pipeline-victim.mjs', import.meta.url))

/** What snapshots cost a pipeline, and how long it takes one that was killed to be where it was. */
export async function pipeline() {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-pipeline-'))
  try {
    const { bytes, ...throughput } = await compareSnapshots(directory)
    const journal = await recoverySeconds(directory, 'journal')
    const snapshots = await recoverySeconds(directory, 'snapshots')
    const gigabytes = bytes / 1e9
    return [
      { name: 'pipeline with snapshots', ...throughput, unit: 'records/s', target: 0.9, against: 'the same without' },
      {
        name: 'pipeline recovery',
        ours: snapshots / gigabytes,
        baseline: journal / gigabytes,
        ratio: journal / snapshots,
        unit: 's/GB of input',
        target: 1,
        against: 'running its whole journal again',
        detail: 'from start to running after kill -9',
      },
    ]
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Journalled, durable records per second with the default snapshots and with none. */
async function compareSnapshots(directory) {
  const log = await openLog({ directory, maintainEveryMs: 0 })
  const state = await openStateStore({ directory: stateDirectory(directory) })
  try {
    const bytes = await fillTrades(log, RECORDS)
    await runOnce(log, state, 'warm-up', NO_SNAPSHOTS)
    const ours = []
    const baseline = []
    let saved = 0
    for (let round = 0; round < ROUNDS; round++) {
      baseline.push((await runOnce(log, state, `plain-${round}`, NO_SNAPSHOTS)).rate)
      const run = await runOnce(log, state, `saved-${round}`, null)
      ours.push(run.rate)
      saved = run.snapshots
    }
    const detail = `${KEYS.toLocaleString('en')} groups, all of them changing, ${saved} snapshots in ${Math.round(bytes / 1e6)} MB`
    return { bytes, ours: median(ours), baseline: median(baseline), detail }
  } finally {
    await state.close()
    await log.close()
  }
}

async function runOnce(log, state, name, snapshots) {
  const before = state.statistics().snapshots
  const start = performance.now()
  const running = tradesPipeline(log, state, name, snapshots)
  running.start()
  await running.opened
  await running.drain()
  const rate = (RECORDS / (performance.now() - start)) * 1000
  const saved = state.statistics().snapshots - before
  assertEqual((await running.statistics()).rowsIn, RECORDS, name)
  await running.drop()
  return { rate, snapshots: saved }
}

async function recoverySeconds(directory, kind) {
  const victim = spawn(process.execPath, [VICTIM, directory, kind], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(victim, 'exit')
  await once(victim.stdout, 'data')
  victim.kill('SIGKILL')
  await exit
  const log = await openLog({ directory, maintainEveryMs: 0 })
  const state = await openStateStore({ directory: stateDirectory(directory) })
  try {
    const start = performance.now()
    let running = null
    const up = new Promise((resolve) => {
      running = tradesPipeline(log, state, kind, kind === 'journal' ? NO_SNAPSHOTS : null, {
        state: (now) => {
          if (now === 'running') resolve((performance.now() - start) / 1000)
        },
      })
    })
    running.start()
    const seconds = await up
    await running.stop()
    return seconds
  } finally {
    await state.close()
    await log.close()
  }
}
