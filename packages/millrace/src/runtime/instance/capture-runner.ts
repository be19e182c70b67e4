import type { MillraceError } from '../../kernel/index.ts'
import { Capture, type CaptureOptions, type CaptureStatistics } from '../capture/index.ts'
import type { DeclaredTable } from '../catalog/index.ts'
import type { TableState } from './instance-types.ts'
import type { Runner } from './runner.ts'

export interface CaptureRunnerOptions extends Omit<CaptureOptions, 'table' | 'options'> {
  readonly table: DeclaredTable
  readonly finished: () => void
  readonly failed: (error: MillraceError) => void
}

/** The capture of a table. */
export class CaptureRunner implements Runner {
  readonly what: string
  readonly #capture: Capture
  #end: 'finished' | 'stopped' | 'failed' | null = null

  constructor({ table, finished, failed, ...options }: CaptureRunnerOptions) {
    this.what = `the capture of table "${table.name}"`
    this.#capture = new Capture({ ...options, table: table.name, options: table.options })
    void this.#capture.ended.then((end) => {
      this.#end = end.kind
      if (end.kind === 'finished') finished()
      if (end.kind === 'failed') failed(end.error)
    })
  }

  get opened(): Promise<void> {
    return this.#capture.opened
  }

  get hasFailed(): boolean {
    return this.#end === 'failed'
  }

  get state(): TableState {
    const { state } = this.#capture.statistics()
    return this.#end ?? (state === 'ended' ? 'stopping' : state)
  }

  get statistics(): CaptureStatistics {
    return this.#capture.statistics()
  }

  /** A stop waits for what was read. */
  drain(): Promise<void> {
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    await this.#capture.stop()
  }
}
