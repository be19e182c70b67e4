import { assert, type Clock, MillraceError } from '../../kernel/index.ts'
import type { Log, StateStore } from '../../log/index.ts'
import {
  type Analysis,
  type DeclaredTable,
  ensureTopic,
  type Entry,
  objectText,
  type Planned,
  type PlannedPipeline,
  topicSettings,
  variableError,
} from '../catalog/index.ts'
import { captureRetention } from '../capture/index.ts'
import { Templates } from '../templates.ts'
import { CaptureRunner } from './capture-runner.ts'
import { definePipeline } from './define-pipeline.ts'
import { DeliveryRunner } from './delivery-runner.ts'
import type { InstanceOptions } from './instance-types.ts'
import { PipelineRunner } from './pipeline-runner.ts'
import type { Runner } from './runner.ts'

export interface RunnerFactoryOptions extends Pick<InstanceOptions, 'variable' | 'events' | 'stdout' | 'createExecutor' | 'executor' | 'snapshots'> {
  readonly log: Log
  readonly states: StateStore
  readonly clock: Clock
  readonly failed: (entry: Entry, error: MillraceError) => void
}

/** Makes what runs for an object. */
export class RunnerFactory {
  readonly #options: RunnerFactoryOptions
  readonly #operator: Templates
  readonly #network = new Templates(() => undefined)

  constructor(options: RunnerFactoryOptions) {
    this.#options = options
    this.#operator = new Templates(options.variable)
  }

  /** Topics of tables are there before anything reads or writes them. */
  async ensureTopics(analysis: Analysis): Promise<void> {
    for (const entry of analysis.entries.values()) {
      const { table } = analysis.planned(entry)
      if (table === null) continue
      try {
        await this.#ensureTopic(table)
      } catch (thrown) {
        this.#options.failed(entry, MillraceError.from(thrown))
      }
    }
  }

  /** @throws MillraceError why it cannot run */
  async make(entry: Entry, { table, pipeline }: Planned): Promise<Runner> {
    if (pipeline !== null) return this.#pipeline(entry, pipeline)
    assert(table !== null, `${objectText(entry.object)} runs nothing`)
    const missing = variableError(entry, table.resolved.variables, (name) => this.#options.variable(name) !== undefined)
    if (missing !== null) throw missing
    return table.use.kind === 'sink' ? this.#delivery(entry, table) : this.#capture(entry, table)
  }

  #pipeline(entry: Entry, planned: PlannedPipeline): Runner {
    const { log, states, clock, createExecutor, executor, snapshots, events, failed } = this.#options
    const what = objectText(entry.object)
    return new PipelineRunner({
      definition: definePipeline(planned),
      log,
      state: states,
      clock,
      createExecutor,
      executor,
      ...(snapshots === undefined ? {} : { snapshots }),
      events: {
        recovering: (done, total) => events.recovering(entry.object.name, done, total),
        error: (error, retryIn) => {
          if (retryIn === null) failed(entry, error)
          else events.notice(`${what}: ${error.message}; trying again in ${secondsText(retryIn)}`)
        },
      },
    })
  }

  #delivery(entry: Entry, table: DeclaredTable): Runner {
    const { log, clock, stdout, events, failed } = this.#options
    return new DeliveryRunner({
      log,
      clock,
      table: table.name,
      options: table.options,
      templates: this.#templates(entry),
      stdout,
      events: {
        notice: events.notice,
        listening: (url) => events.notice(`serving "${table.name}" at ${url}`),
        error: (error, retryIn) => {
          if (retryIn === null) failed(entry, error)
          else events.notice(`table "${table.name}": ${error.message}; delivering again in ${secondsText(retryIn)}`)
        },
      },
    })
  }

  #capture(entry: Entry, table: DeclaredTable): Runner {
    const { log, clock, events, failed } = this.#options
    return new CaptureRunner({
      log,
      clock,
      table,
      templates: this.#templates(entry),
      notice: events.notice,
      gap: (gap) => events.gap(gap),
      finished: () => events.notice(`table "${table.name}": the source has come to its end`),
      failed: (error) => failed(entry, error),
    })
  }

  #templates({ object }: Entry): Templates {
    return object.origin === 'operator' ? this.#operator : this.#network
  }

  async #ensureTopic(table: DeclaredTable): Promise<void> {
    const { log } = this.#options
    const { use, name, options } = table
    switch (use.kind) {
      case 'topic':
        return ensureTopic(log, use.topic, topicSettings(table), table.changelog === 'upsert')
      case 'sink':
        return ensureTopic(log, use.topic, captureRetention(options, name) ?? {}, false)
      case 'capture':
      case 'uncaptured':
        return
    }
  }
}

function secondsText(micros: number): string {
  return `${(micros / 1e6).toFixed(1)} s`
}
