import { Pipeline, type PipelineOptions, type PipelineStatistics } from '../pipelines/index.ts'
import type { Runner } from './runner.ts'

/** The pipeline of a materialized view or an INSERT. */
export class PipelineRunner implements Runner {
  readonly what: string
  readonly #pipeline: Pipeline

  constructor(options: PipelineOptions) {
    this.what = `pipeline "${options.definition.name}"`
    this.#pipeline = new Pipeline(options)
    this.#pipeline.start()
  }

  get opened(): Promise<void> {
    return this.#pipeline.opened
  }

  get hasFailed(): boolean {
    return this.#pipeline.state === 'failed'
  }

  statistics(): Promise<PipelineStatistics> {
    return this.#pipeline.statistics()
  }

  drain(): Promise<void> {
    return this.#pipeline.drain()
  }

  stop(options: { readonly release?: boolean } = {}): Promise<void> {
    return this.#pipeline.stop(options)
  }

  /** After a failure too: from the last snapshot on. */
  async restart(): Promise<void> {
    await this.#pipeline.restart()
  }
}
