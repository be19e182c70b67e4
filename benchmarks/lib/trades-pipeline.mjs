import { inlineExecutor } from '../../packages/millrace/dist/runtime/index.js'
import { Pipeline } from '../../packages/millrace/dist/runtime/pipelines/index.js'
import { compile } from './engine.mjs'

export const TOPIC = 'trades'
export const KEYS = 100_000
const BLOCK = 10_000

const SQL = `
CREATE TABLE trades (k BIGINT, v BIGINT, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
WITH (connector = 'websocket', endpoint = 'ws://localhost:1', format = 'json');
SELECT k, TUMBLE(INTERVAL '1 HOUR') AS w, COUNT(*) AS c, SUM(v) AS s FROM trades GROUP BY k, w`

/** Appends trades of `KEYS` instruments; their bytes. */
export async function fillTrades(log, records) {
  await log.createTopic(TOPIC)
  let total = 0
  for (let from = 0; from < records; from += BLOCK) {
    const offsets = new Uint32Array(BLOCK + 1)
    const values = []
    for (let i = 0; i < BLOCK; i++) {
      const n = from + i
      const value = Buffer.from(
        `{"id":${n},"k":${(n * 7919) % KEYS},"v":${n % 1000},"ts":${1_767_225_600_000 + n},"venue":"XNAS","side":"${n % 3 === 0 ? 'sell' : 'buy'}"}`,
      )
      values.push(value)
      offsets[i + 1] = offsets[i] + value.length
    }
    total += offsets[BLOCK]
    await log.append({ topic: TOPIC, records: { bytes: Buffer.concat(values), offsets }, checked: true })
  }
  return total
}

/** A pipeline over them, windows of an hour by instrument. */
export function tradesPipeline(log, state, name, snapshots, events = {}) {
  const { dataflow } = compile(SQL)
  const source = dataflow.nodes.find((n) => n.kind === 'source')
  const output = dataflow.nodes.find((n) => n.kind === 'output')
  const schema = { fields: output.schema.fields.filter((f) => !f.hidden) }
  const result = { node: output.id, topic: name, schema, form: { kind: 'append' }, options: null, settings: {} }
  return new Pipeline({
    definition: { name, dataflow, topics: { [source.id]: TOPIC }, results: [result] },
    log,
    state,
    createExecutor: inlineExecutor,
    executor: { codegen: true, batchRows: 4096, stateLimit: 2 ** 30 },
    ...(snapshots === null ? {} : { snapshots }),
    events,
  })
}

export const NO_SNAPSHOTS = { everyMs: 1e9, everyBytes: Number.MAX_SAFE_INTEGER }
