/**
 * `node benchmarks/soak-log.mjs [--minutes 10] [--rate 20] [--record-bytes 166] [--every 5] [--retention 256]`: appends `rate` MB/s to one
 * topic in batches `every` so many milliseconds, with a retention of so many MiB and a reader that follows. Prints how long
 * acknowledgements took, how large the file got, and how much of one core it cost; ends with 1 when a target is missed or a record is.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHistogram } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openLog } from '../packages/millrace/dist/log/index.js'

const MIB = 1024 * 1024
const REPORT_MS = 30_000
const TARGETS = { p50: 3, p99: 15, core: 0.5 }

const option = (value) => ({ type: 'string', default: value })
const { values: flags } = parseArgs({
  options: {
    minutes: option('10'),
    rate: option('20'),
    'record-bytes': option('166'),
    every: option('5'),
    retention: option('256'),
    directory: { type: 'string' },
  },
})
const durationMs = Number(flags.minutes) * 60_000
const every = Number(flags.every)
const recordBytes = Number(flags['record-bytes'])
const retention = Number(flags.retention) * MIB
const perBatch = Math.max(1, Math.round((Number(flags.rate) * 1e6 * every) / 1000 / recordBytes))

const directory = flags.directory ?? mkdtempSync(join(tmpdir(), 'millrace-soak-log-'))
const log = await openLog({ directory, maintainEveryMs: 10_000 })
await log.createTopic('soak', { retentionBytes: retention })

const bytes = Buffer.alloc(perBatch * recordBytes, 'soak ')
const offsets = Uint32Array.from({ length: perBatch + 1 }, (_, i) => i * recordBytes)
const whole = createHistogram({ highest: 60_000_000_000 })
let part = createHistogram({ highest: 60_000_000_000 })
let lost = 0
let read = 0

async function follow() {
  const reader = await log.reader('soak', { follow: true })
  for (let next = 0; ; next = reader.offset) {
    let block
    try {
      block = await reader.next()
    } catch (error) {
      if (error.code === 'LOG_CLOSED') return
      throw error
    }
    if (block.firstOffset !== next) lost += block.firstOffset - next
    read += block.count
  }
}

const files = () => ({
  file: log.statistics().fileBytes / MIB,
  disk: (statSync(join(directory, 'data.mdb')).blocks * 512) / MIB,
})
const ms = (nanoseconds) => (nanoseconds / 1e6).toFixed(2)
function report(label, histogram, cpu, elapsed) {
  const { file, disk } = files()
  const core = (cpu.user + cpu.system) / 1000 / elapsed
  const times = [50, 99, 99.9].map((p) => `p${p} ${ms(histogram.percentile(p))}`).join(', ')
  process.stdout.write(
    `${label}: acknowledged in ${times}, at most ${ms(histogram.max)} ms; file ${file.toFixed(0)} MiB (${disk.toFixed(0)} MiB on disk); ` +
      `${(core * 100).toFixed(1)} % of a core; ${log.statistics().expiredBlocks} blocks expired\n`,
  )
  return { p50: histogram.percentile(50) / 1e6, p99: histogram.percentile(99) / 1e6, core, disk }
}

const following = follow()
const start = performance.now()
const cpuStart = process.cpuUsage()
let cpuPart = cpuStart
let partStart = start
let appended = 0
const under = new Set()
for (let batch = 0; ; batch++) {
  const due = start + batch * every
  const now = performance.now()
  if (now - start >= durationMs) break
  if (now < due) await setTimeout(due - now)
  // From when the batch was due: what a late writer waits counts.
  const acknowledged = log.append({ topic: 'soak', records: { bytes, offsets } }).then(() => {
    const nanoseconds = Math.max(1, Math.round((performance.now() - due) * 1e6))
    whole.record(nanoseconds)
    part.record(nanoseconds)
    under.delete(acknowledged)
  })
  under.add(acknowledged)
  appended += perBatch
  if (now - partStart < REPORT_MS) continue
  report(`${Math.round((now - start) / 1000)} s`, part, process.cpuUsage(cpuPart), now - partStart)
  part = createHistogram({ highest: 60_000_000_000 })
  cpuPart = process.cpuUsage()
  partStart = now
}
await Promise.all(under)
const elapsed = performance.now() - start
const cpu = process.cpuUsage(cpuStart)
process.stdout.write(
  `${((appended * recordBytes) / 1e6 / (elapsed / 1000)).toFixed(1)} MB/s in ${Math.round(elapsed / 1000)} s\n`,
)
const figures = report('in all', whole, cpu, elapsed)
const [verified] = await log.verify()
const [{ start: first, end }] = await log.offsets('soak')
await log.close()
await following
if (flags.directory === undefined) rmSync(directory, { recursive: true })

const misses = [
  figures.p50 < TARGETS.p50 || `p50 is not under ${TARGETS.p50} ms`,
  figures.p99 < TARGETS.p99 || `p99 is not under ${TARGETS.p99} ms`,
  figures.core < TARGETS.core || `it costs more than ${TARGETS.core * 100} % of a core`,
  figures.disk < 2 * (retention / MIB) + 64 || 'the file grows beyond what retention keeps',
  first > 0 || appended * recordBytes < retention || 'retention did not turn over',
  (end === appended && read === appended && lost === 0) ||
    `of ${appended} records ${end} are there and ${read} were read`,
  verified.damage === null || `the log is damaged: ${verified.damage.reason}`,
].filter((miss) => miss !== true)
for (const miss of misses) process.stdout.write(`missed: ${miss}\n`)
process.exitCode = misses.length === 0 ? 0 : 1
