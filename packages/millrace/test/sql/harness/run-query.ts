import { findFormat } from '../../../src/formats/index.ts'
import { batchOf, keyOf, parseDuration, parseOptions, parseTimestamp, rowsOf, visibleFields, type RecordBatch, type Schema, type Value } from '../../../src/kernel/index.ts'
import type { NodeId } from '../../../src/plan/index.ts'
import {
  type CompiledScript,
  type CreateExecutor,
  type ExecutorOptions,
  inlineExecutor,
  type StateEntry,
  workerExecutor,
} from '../../../src/runtime/index.ts'

/** What happened to the tables before a query looks at them. */
export type StreamEvent =
  | { readonly kind: 'push'; readonly table: string; readonly at: string | null; readonly payloads: readonly string[] }
  | { readonly kind: 'advance'; readonly duration: string }
  | { readonly kind: 'end'; readonly table: string }

export interface Mode {
  readonly name: string
  readonly batchRows: number
  readonly codegen: boolean
  readonly executor: 'inline' | 'worker'
  /** Stop after every step and go on from a snapshot. */
  readonly restart: boolean
}

export const MODES: readonly Mode[] = [
  { name: 'batches of 1,000', batchRows: 1000, codegen: true, executor: 'inline', restart: false },
  { name: 'batches of 7', batchRows: 7, codegen: true, executor: 'inline', restart: false },
  { name: 'batches of 1', batchRows: 1, codegen: true, executor: 'inline', restart: false },
  { name: 'interpreted, batches of 1,000', batchRows: 1000, codegen: false, executor: 'inline', restart: false },
  { name: 'interpreted, batches of 7', batchRows: 7, codegen: false, executor: 'inline', restart: false },
  { name: 'restored after every step', batchRows: 7, codegen: true, executor: 'inline', restart: true },
  { name: 'in a worker', batchRows: 7, codegen: true, executor: 'worker', restart: false },
]

/** Every way to run rows that come one by one. */
export const CHANGE_MODES: readonly Mode[] = MODES.filter(
  (mode) => mode.batchRows === 7 || (mode.batchRows === 1000 && !mode.codegen),
)
  .map((mode): Mode => ({ ...mode, batchRows: 1, name: `${mode.name}, one by one` }))

export interface QueryRun {
  /** Visible fields as JSON text, one a row. */
  readonly rows: readonly string[]
  /** `counter owner rows`, those that are not zero, sorted. */
  readonly counts: readonly string[]
}

const START = parseTimestamp('2024-01-01T00:00:00Z') as number

export async function runQuery(
  script: CompiledScript,
  events: readonly StreamEvent[],
  options: { readonly open: boolean; readonly changes: boolean },
  mode: Mode,
): Promise<QueryRun> {
  const { dataflow } = script
  if (dataflow === null) throw script.errors[0]!
  const output = script.outputs[0]!
  const collected: RecordBatch[] = []
  const settings: ExecutorOptions = { codegen: mode.codegen, batchRows: mode.batchRows, stateLimit: 1e9 }
  const create: CreateExecutor = mode.executor === 'worker' ? workerExecutor : inlineExecutor
  const plan = JSON.stringify(dataflow)
  const signal = new AbortController().signal
  const collect = {
    output: (_: NodeId, batch: RecordBatch) => {
      collected.push(batch)
    },
    deadLetter: () => undefined,
  }
  const state: StateEntry[] = []
  const counts = new Map<string, number>()
  let executor = await create(plan, settings, collect, [], signal)
  const sources = new Map(dataflow.nodes.flatMap((n) => (n.kind === 'source' ? [[n.table, n.id] as const] : [])))
  const offsets = new Map<string, number>()
  let now = START
  let seed = 0

  const count = async () => {
    const statistics = await executor.statistics()
    const add = (name: string, rows: number) => counts.set(name, (counts.get(name) ?? 0) + rows)
    for (const [owner, counters] of Object.entries(statistics.counters)) {
      for (const [counter, rows] of Object.entries(counters)) add(`${counter} ${owner}`, rows)
    }
    for (const [table, node] of sources) add(`bad_rows ${table}`, statistics.sources[node]?.bad ?? 0)
  }
  const step = async (table: string | null, payloads: readonly string[], ended: readonly NodeId[]) => {
    const source = table === null ? undefined : sources.get(table)
    const firstOffset = offsets.get(table ?? '') ?? 0
    if (table !== null) offsets.set(table, firstOffset + payloads.length)
    const block = {
      values: { kind: 'list' as const, payloads: payloads.map((p) => new Uint8Array(Buffer.from(p))) },
      timestamps: new Float64Array(payloads.length).fill(now),
      firstOffset,
      partition: 0,
    }
    await executor.step({ now, seed: seed++, inputs: source === undefined ? [] : [{ source, block }], ended })
    if (!mode.restart) return
    state.push(...(await executor.snapshot()))
    await count()
    await executor.close()
    executor = await create(plan, settings, collect, state, signal)
  }

  const ended = new Set<string>()
  for (const event of events) {
    switch (event.kind) {
      case 'push':
        if (event.at !== null) now = parseTimestamp(event.at) as number
        await step(event.table, event.payloads, [])
        break
      case 'advance':
        now += parseDuration(event.duration)!
        await step(null, [], [])
        break
      case 'end':
        ended.add(event.table)
        if (sources.has(event.table)) await step(null, [], [sources.get(event.table)!])
        break
    }
  }
  const open = [...sources].filter(([table]) => !ended.has(table)).map(([, node]) => node)
  await step(null, [], options.open ? [] : open)
  if (!mode.restart) await count()
  await executor.close()
  const changes = collected.flatMap((batch) => changesOf(batch))
  const rows = output.updating && !options.changes ? consolidate(output.schema, changes) : changes
  return {
    rows: encode(output.schema, rows, output.updating && options.changes),
    counts: [...counts].filter(([, n]) => n !== 0).map(([name, n]) => `${name} ${n}`).sort(),
  }
}

interface Change {
  readonly row: readonly Value[]
  readonly weight: number
}

function changesOf(batch: RecordBatch): Change[] {
  return rowsOf(batch).map((row, i) => ({ row, weight: batch.weights === null ? 1 : batch.weights[i]! }))
}

function consolidate(schema: Schema, changes: readonly Change[]): Change[] {
  const total = new Map<string, Change>()
  for (const { row, weight } of changes) {
    const key = JSON.stringify(schema.fields.map((f, i) => (f.hidden === true ? '' : keyOf(f.type, row[i]!))))
    total.set(key, { row, weight: (total.get(key)?.weight ?? 0) + weight })
  }
  const rest = [...total.values()].filter((c) => c.weight !== 0)
  if (rest.some((c) => c.weight < 0)) throw new Error('a row was deleted more often than inserted')
  return rest.flatMap((c) => Array.from({ length: c.weight }, () => ({ row: c.row, weight: 1 })))
}

function encode(schema: Schema, changes: readonly Change[], withOp: boolean): string[] {
  const format = findFormat('json')
  const options = parseOptions(format.options, [], 'format "json"').value
  const batch = batchOf(schema, changes.map((c) => c.row))
  const { bytes, offsets } = format.encoder(schema, options as never).encode(batch)
  const text = changes.map((_, i) => Buffer.from(bytes.subarray(offsets[i]!, offsets[i + 1]!)).toString('utf8'))
  if (visibleFields(schema).length === 0) return text
  return withOp ? text.map((t, i) => `${changes[i]!.weight > 0 ? '+' : '-'}${Math.abs(changes[i]!.weight)} ${t}`) : text
}
