import { onTestFinished } from 'vitest'
import { describeTable } from '../../../src/connectors/index.ts'
import { functionCatalog } from '../../../src/engine/index.ts'
import { ManualClock } from '../../../src/kernel/index.ts'
import { type Log, openStateStore, type StateStore, type TopicSettings } from '../../../src/log/index.ts'
import { inlineExecutor } from '../../../src/runtime/executor/inline-executor.ts'
import {
  Pipeline,
  type PipelineDefinition,
  type PipelineOptions,
  type PipelineState,
  type ResultForm,
} from '../../../src/runtime/pipelines/index.ts'
import { parseScript, planScript, STANDARD } from '../../../src/sql/index.ts'
import { readRecords, temporaryDirectory, temporaryLog } from '../../log/temporary-log.ts'

export const EXECUTOR = { codegen: true, batchRows: 1024, stateLimit: 2 ** 28 }
/** 2026-01-01T00:00:00Z in microseconds. */
export const START = 1_767_225_600_000_000
export const SECOND = 1_000_000

/** The last statement is the query, those before it say what it reads. Its results go into the topic of the name. */
export function define(sql: string, name = 'm', settings: TopicSettings | null = {}): PipelineDefinition {
  const { statements, errors } = parseScript(sql, STANDARD)
  const plan = planScript(
    statements,
    { functions: functionCatalog, describeTable, dialect: STANDARD },
    { topics: true, defaultBadData: 'dead_letter' },
  )
  const problems = [...errors, ...plan.errors]
  if (problems.length > 0) throw problems[0]!
  const dataflow = plan.dataflow!
  const topics = Object.fromEntries(dataflow.nodes.flatMap((n) => (n.kind === 'source' ? [[n.id, n.table]] : [])))
  const { nodeId: node, schema, updating, key } = plan.outputs[0]!
  const form: ResultForm = !updating ? { kind: 'append' } : key === null ? { kind: 'weights' } : { kind: 'upsert', key }
  return { name, dataflow, topics, results: [{ node, topic: name, schema, form, options: null, settings }] }
}

export interface Bench {
  readonly log: Log
  readonly state: StateStore
  readonly clock: ManualClock
}

/** A log and a state store that are closed with the test. */
export async function bench(): Promise<Bench> {
  const clock = new ManualClock(START)
  const state = await openStateStore({ directory: temporaryDirectory() })
  onTestFinished(() => state.close())
  return { log: await temporaryLog({ clock }), state, clock }
}

/** A pipeline that can be waited for. Everything it says is kept. */
export class Piped {
  readonly pipeline: Pipeline
  readonly states: PipelineState[] = []
  readonly errors: { readonly code: string; readonly retryIn: number | null }[] = []
  readonly gaps: unknown[] = []
  #watching: (() => void)[] = []

  constructor({ log, state, clock }: Bench, definition: PipelineDefinition, options: Partial<PipelineOptions> = {}) {
    this.pipeline = new Pipeline({
      log,
      state,
      clock,
      definition,
      createExecutor: inlineExecutor,
      executor: EXECUTOR,
      snapshots: { everyMs: 1e9, everyBytes: Number.POSITIVE_INFINITY },
      retry: { initialDelay: 0, maxDelay: 0, maxRetries: null },
      events: {
        state: (each) => {
          this.states.push(each)
          const watching = this.#watching
          this.#watching = []
          for (const resolve of watching) resolve()
        },
        error: ({ code }, retryIn) => this.errors.push({ code, retryIn }),
        gap: (gap) => this.gaps.push(gap),
      },
      ...options,
      steps: { tickMs: 2, ...options.steps },
    })
    onTestFinished(() => this.pipeline.stop())
  }

  start(): this {
    this.pipeline.start()
    return this
  }

  async until(...states: readonly PipelineState[]): Promise<void> {
    while (!states.includes(this.pipeline.state)) await new Promise<void>((resolve) => this.#watching.push(resolve))
  }
}

export async function append(
  log: Log,
  topic: string,
  rows: readonly (object | string)[],
  partition = 0,
): Promise<void> {
  const records = rows.map((row) => ({ value: Buffer.from(typeof row === 'string' ? row : JSON.stringify(row)) }))
  await log.append({ topic, partition, records })
}

/** Records of a topic without their place: what must be the same whatever happened. */
export async function results(log: Log, topic: string): Promise<readonly unknown[]> {
  return (await readRecords(log, topic)).map(({ key, value, timestamp, headers }) => ({
    key,
    value,
    timestamp,
    headers,
  }))
}

/** What stands in a topic of upserts. */
export async function standing(log: Log, topic: string): Promise<Record<string, unknown>> {
  const rows = new Map<string, unknown>()
  for (const { key, value } of await readRecords(log, topic)) {
    if (value === null) rows.delete(key!)
    else rows.set(key!, JSON.parse(value))
  }
  return Object.fromEntries(rows)
}
