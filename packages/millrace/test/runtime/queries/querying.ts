import { describeTable } from '../../../src/connectors/index.ts'
import { functionCatalog } from '../../../src/engine/index.ts'
import type { RecordBatch } from '../../../src/kernel/index.ts'
import type { Log } from '../../../src/log/index.ts'
import type { PlannedQuery } from '../../../src/runtime/catalog/index.ts'
import {
  inlineExecutor,
  type JobEnd,
  rowEncoder,
  startTopicQuery,
  type TopicQuery,
  type TopicQueryEvents,
  type TopicQueryOptions,
} from '../../../src/runtime/index.ts'
import { parseScript, planScript, STANDARD } from '../../../src/sql/index.ts'

/** The last statement is the query, those before it say what it reads. */
export function planned(sql: string): PlannedQuery {
  const { statements, errors } = parseScript(sql, STANDARD)
  const plan = planScript(
    statements,
    { functions: functionCatalog, describeTable, dialect: STANDARD },
    { topics: true },
  )
  const problems = [...errors, ...plan.errors]
  if (problems.length > 0) throw problems[0]!
  const dataflow = plan.dataflow!
  const topics = Object.fromEntries(dataflow.nodes.flatMap((n) => (n.kind === 'source' ? [[n.id, n.table]] : [])))
  return { dataflow, topics, output: plan.outputs[0]!, warnings: [] }
}

/** A table over the topic of its name. */
export const topicTable = (name: string, columns: string, options = ''): string =>
  `CREATE TABLE ${name} (${columns}) WITH (connector = 'topic'${options === '' ? '' : `, ${options}`});\n`

/** Rows of a batch with their weights, as JSON. */
export class RowReader {
  readonly rows: unknown[] = []
  readonly weights: number[] = []
  readonly #encoder: ReturnType<typeof rowEncoder>

  constructor(query: PlannedQuery) {
    this.#encoder = rowEncoder(query.output.schema)
  }

  add(batch: RecordBatch): void {
    const { bytes, offsets } = this.#encoder.encode(batch)
    const text = Buffer.from(bytes)
    for (let i = 0; i < batch.length; i++) {
      this.rows.push(JSON.parse(text.toString('utf8', offsets[i]!, offsets[i + 1]!)))
      this.weights.push(batch.weights?.[i] ?? 1)
    }
  }

  /** What the changes add up to, as sorted JSON texts. */
  standing(): string[] {
    const counts = new Map<string, number>()
    this.rows.forEach((row, i) => {
      const key = JSON.stringify(row)
      counts.set(key, (counts.get(key) ?? 0) + this.weights[i]!)
    })
    return [...counts].flatMap(([row, count]) => new Array<string>(count).fill(row)).sort()
  }
}

export interface Running {
  readonly query: TopicQuery
  readonly read: RowReader
  /** Resolves once `enough` is true of the rows so far; rejects when the query ends before. */
  until(enough: (rows: readonly unknown[]) => boolean): Promise<void>
  readonly live: Promise<void>
}

export function start(
  log: Log,
  query: PlannedQuery,
  options: Partial<TopicQueryOptions> = {},
  events: Partial<TopicQueryEvents> = {},
): Running {
  const read = new RowReader(query)
  let check: () => void = () => undefined
  let setLive: () => void = () => undefined
  const live = new Promise<void>((resolve) => {
    setLive = resolve
  })
  const running = startTopicQuery(
    {
      log,
      dataflow: query.dataflow,
      topics: query.topics,
      start: { kind: 'earliest' },
      createExecutor: inlineExecutor,
      executor: { codegen: true, batchRows: 1024, stateLimit: 2 ** 28 },
      ...options,
    },
    {
      output: (_, batch) => {
        read.add(batch)
        check()
      },
      live: () => setLive(),
      ...events,
    },
  )
  return {
    query: running,
    read,
    live,
    until: (enough) =>
      new Promise((resolve, reject) => {
        check = () => {
          if (enough(read.rows)) resolve()
        }
        check()
        void running.ended.then((end) => reject(new Error(`the query ended before: ${JSON.stringify(end)}`)))
      }),
  }
}

/** Runs a query that ends by itself. */
export async function rowsOf(
  log: Log,
  query: PlannedQuery,
  options: Partial<TopicQueryOptions> = {},
): Promise<unknown[]> {
  const { query: running, read } = start(log, query, options)
  const end: JobEnd = await running.ended
  if (end.kind === 'failed') throw end.error
  return read.rows
}

export async function appendRows(log: Log, topic: string, rows: readonly object[], partition = 0): Promise<void> {
  await log.append({ topic, partition, records: rows.map((row) => ({ value: Buffer.from(JSON.stringify(row)) })) })
}
