/** `npm run bench [-- --json FILE] [-- NAME ...]`: every benchmark in one go, one table, benchmarks/REPORT.md. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { decode } from './cases/decode.mjs'
import { fanOut } from './cases/fan-out.mjs'
import { latency } from './cases/latency.mjs'
import { log } from './cases/log.mjs'
import { pipeline } from './cases/pipeline.mjs'
import { socket } from './cases/socket.mjs'

const CASES = { decode, socket, 'fan-out': fanOut, latency, log, pipeline }

const args = process.argv.slice(2)
const at = args.indexOf('--json')
const jsonFile = at === -1 ? null : args.splice(at, 2)[1]
const unknown = args.filter((name) => !(name in CASES))
if (unknown.length > 0) {
  process.stderr.write(`error: no benchmark ${unknown.map((n) => `"${n}"`).join(', ')}; there are ${Object.keys(CASES).join(', ')}\n`)
  process.exit(64)
}
const chosen = args.length === 0 ? Object.keys(CASES) : args

const rows = []
for (const name of chosen) {
  process.stderr.write(`${name} ...\n`)
  for (const row of await CASES[name]()) rows.push({ ...row, ratio: row.ratio ?? row.ours / row.baseline })
}
const table = render(rows)
process.stdout.write(`\n${table}\n`)
if (args.length === 0) writeFileSync(new URL('REPORT.md', import.meta.url), report(table))
if (jsonFile !== null) {
  const figures = rows.map(({ name, ours, baseline, ratio, target, unit }) => ({ name, ours, baseline, ratio, target, unit }))
  writeFileSync(jsonFile, `${JSON.stringify(figures, null, 2)}\n`)
}

function number(value) {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : value.toFixed(2)
}

function render(figures) {
  const header = ['benchmark', 'ours', 'baseline', 'ratio', 'target', 'unit', 'against']
  const lines = figures.map((f) => [
    f.name, number(f.ours), number(f.baseline), f.ratio.toFixed(2), String(f.target), f.unit,
    f.detail === undefined ? f.against : `${f.against}; ${f.detail}`,
  ])
  const widths = header.map((h, i) => Math.max(h.length, ...lines.map((l) => l[i].length)))
  const line = (cells) => `| ${cells.map((c, i) => c.padEnd(widths[i])).join(' | ')} |`
  return [line(header), line(widths.map((w) => '-'.repeat(w))), ...lines.map(line)].join('\n')
}

function report(figures) {
  const { version } = JSON.parse(readFileSync(new URL('../packages/millrace/package.json', import.meta.url), 'utf8'))
  const ws = JSON.parse(readFileSync(new URL('../node_modules/ws/package.json', import.meta.url), 'utf8')).version
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  return `# Benchmark report

Written by \`npm run bench\`. Ratios within one run are what counts; absolute figures move with the machine and its neighbours.

- date: ${new Date().toISOString().slice(0, 10)}
- machine: ${cpus().length} x ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}
- versions: millrace ${version} (on commit ${commit}), Node ${process.version}, ws ${ws}
- command: \`npm run bench\`; medians of several rounds, ours and the baseline in turn, from the moment both are warm; answers are compared before anything is timed

${figures}

What is measured: \`benchmarks/cases/\`, one file a benchmark.
`
}
