import { findFormat } from '../../src/formats/index.ts'
import { type Clock, parseOptions, type RecordBatch } from '../../src/kernel/index.ts'
import {
  compileScript,
  type ExecutorOptions,
  type Gap,
  inlineExecutor,
  type Job,
  type JobEnd,
  type JobStatistics,
  startJob,
  Templates,
  workerExecutor,
} from '../../src/runtime/index.ts'

export interface ScriptRun {
  readonly end: JobEnd
  /** Every output row as JSON text, in order. */
  readonly rows: readonly string[]
  /** The rows that were not taken back, in no order. */
  readonly standing: readonly string[]
  readonly gaps: readonly Gap[]
  readonly notices: readonly string[]
  readonly statistics: JobStatistics
}

export interface RunningScript {
  readonly job: Job
  readonly done: Promise<ScriptRun>
}

export const DEFAULT_EXECUTOR: ExecutorOptions = { codegen: true, batchRows: 4096, stateLimit: 2 ** 30 }

/** Starts a script and collects what comes out. `onRow` sees every row as it comes. */
export function startScript(
  text: string,
  options: {
    readonly executor?: Partial<ExecutorOptions>
    readonly worker?: boolean
    readonly variables?: Readonly<Record<string, string>>
    readonly clock?: Clock
    readonly onRow?: (row: string) => void
    readonly onGap?: (gap: Gap) => void
    readonly onListening?: (url: string) => void
  } = {},
): RunningScript {
  const script = compileScript({ name: 'test.sql', text })
  if (script.errors.length > 0) throw script.errors[0]
  const json = findFormat('json')
  const jsonOptions = parseOptions(json.options, [], 'format "json"').value
  const rows: string[] = []
  const standing = new Map<string, number>()
  const gaps: Gap[] = []
  const notices: string[] = []
  const encode = (batch: RecordBatch) => {
    const { bytes, offsets } = json.encoder(batch.schema, jsonOptions).encode(batch)
    for (let i = 0; i < batch.length; i++) {
      const row = Buffer.from(bytes.subarray(offsets[i]!, offsets[i + 1]!)).toString('utf8')
      rows.push(row)
      standing.set(row, (standing.get(row) ?? 0) + (batch.weights?.[i] ?? 1))
      options.onRow?.(row)
    }
  }
  const job = startJob(
    script,
    {
      executor: { ...DEFAULT_EXECUTOR, ...options.executor },
      createExecutor: options.worker === true ? workerExecutor : inlineExecutor,
      templates: new Templates((name) => options.variables?.[name]),
      stdout: process.stdout,
      ...(options.clock === undefined ? {} : { clock: options.clock }),
    },
    {
      output: (_, batch) => encode(batch),
      gap: (gap) => {
        gaps.push(gap)
        options.onGap?.(gap)
      },
      listening: (_, url) => options.onListening?.(url),
      notice: (message) => notices.push(message),
    },
  )
  const done = job.ended.then(async (end) => ({
    end,
    rows,
    standing: [...standing].flatMap(([row, count]) => new Array<string>(Math.max(0, count)).fill(row)),
    gaps,
    notices,
    statistics: await job.statistics(),
  }))
  return { job, done }
}

export function runScript(text: string, options: Parameters<typeof startScript>[1] = {}): Promise<ScriptRun> {
  return startScript(text, options).done
}
