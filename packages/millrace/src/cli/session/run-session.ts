import { type BadDataPolicy, type MillraceError, MillraceErrors, systemClock } from '../../kernel/index.ts'
import type { OutputNode } from '../../plan/index.ts'
import {
  type CompiledScript,
  compileScript,
  inlineExecutor,
  type Job,
  type JobEnd,
  type JobEvents,
  type JobOptions,
  LogScript,
  missingVariables,
  type ScriptSource,
  startJob,
  Templates,
  workerExecutor,
} from '../../runtime/index.ts'
import { reportError } from '../exit.ts'
import { DeadLetterFile } from '../output/dead-letter-file.ts'
import { LineWriter } from '../output/line-writer.ts'
import { NdjsonPrinter } from '../output/ndjson-printer.ts'
import type { Completeness, RowPrinter } from '../output/row-printer.ts'
import { TablePrinter } from '../output/table-printer.ts'
import type { StopSignals } from '../stop-signals.ts'
import { LiveRegion } from '../terminal/live-region.ts'
import { LiveTable } from '../terminal/live-table.ts'
import { progressLine } from '../terminal/progress.ts'
import { type StatusArea, StatusLine, StatusLog } from '../terminal/status-area.ts'
import { canRedraw, styleFor, type TerminalStream } from '../terminal/style.ts'
import { gapText, lossText } from './report.ts'

export interface SessionOptions {
  readonly format: 'ndjson' | 'table'
  readonly codegen: boolean
  readonly worker: boolean
  readonly batchRows: number
  readonly stateLimit: number
  readonly badData: BadDataPolicy
  readonly deadLetters: string | null
  readonly limit: number
  /** Microseconds; null: no limit. */
  readonly firstConnection: number | null
  readonly progress: boolean
  /** Where the log is; null: there is none. */
  readonly dataDir: string | null
}

export interface SessionStreams {
  readonly stdout: TerminalStream
  readonly stderr: TerminalStream
}

const PROGRESS_MS = 1000
/** Between progress lines where they cannot replace one another. */
const LOGGED_PROGRESS_MS = 10_000

/** Runs a script until its inputs end, something fails or `stop` is asked for. Returns the exit code; errors are printed. */
export async function runSession(
  source: ScriptSource,
  options: SessionOptions,
  stop: StopSignals,
  streams: SessionStreams,
): Promise<number> {
  const work = await prepare(source, options)
  try {
    const { errors } = work.script
    if (errors.length > 0) return reportError(new MillraceErrors(errors), source)
    return await new Session(work, options, streams).run(stop)
  } finally {
    await work.close()
  }
}

/** A script that can be started. With errors it is not. */
interface Work {
  readonly script: CompiledScript
  missingVariables(templates: Templates): MillraceError | null
  start(options: JobOptions, events: JobEvents): Job
  close(): Promise<void>
}

async function prepare(source: ScriptSource, { dataDir, badData }: SessionOptions): Promise<Work> {
  if (dataDir !== null) return LogScript.open(source, { dataDir, badData })
  const script = compileScript(source, { badData })
  return {
    script,
    missingVariables: (templates) => missingVariables(script, templates),
    start: (options, events) => startJob(script, options, events),
    close: async () => undefined,
  }
}

class Session {
  readonly #work: Work
  readonly #script: CompiledScript
  readonly #options: SessionOptions
  readonly #streams: SessionStreams
  readonly #out: LineWriter
  readonly #outputs: readonly OutputNode[]
  readonly #printer: RowPrinter
  readonly #status: StatusArea
  /** Enough was printed, or nobody reads any more: the end that follows is a success. */
  #satisfied = false
  #job: Job | null = null

  constructor(work: Work, options: SessionOptions, streams: SessionStreams) {
    const { script } = work
    this.#work = work
    this.#script = script
    this.#options = options
    this.#streams = streams
    this.#out = new LineWriter(streams.stdout)
    this.#outputs = (script.dataflow?.nodes ?? []).filter((n): n is OutputNode => n.kind === 'output')
    const shown = this.#createPrinter()
    this.#printer = shown.printer
    this.#status = shown.status
  }

  async run(stop: StopSignals): Promise<number> {
    const { deadLetters } = this.#options
    const templates = new Templates((name) => process.env[name])
    const missing = this.#work.missingVariables(templates)
    if (missing !== null) return reportError(missing, this.#script.source)
    const letters = deadLetters === null ? null : new DeadLetterFile(deadLetters)
    for (const warning of this.#script.warnings) this.#say(`warning: ${warning}`)
    const job = this.#work.start(
      {
        executor: this.#options,
        createExecutor: this.#options.worker ? workerExecutor : inlineExecutor,
        templates,
        stdout: this.#streams.stdout,
        firstConnection: this.#options.firstConnection,
      },
      this.#events(letters),
    )
    this.#job = job
    let broken: unknown
    this.#out.gone.then(
      () => this.#satisfy(),
      (error: unknown) => {
        broken = error
        void job.stop()
      },
    )
    stop.signal.addEventListener('abort', () => void job.stop(), { once: true })
    if (stop.signal.aborted) void job.stop()
    const progress = this.#options.progress ? this.#showProgress(job) : undefined
    const end = await job.ended
    clearInterval(progress)
    letters?.close()
    await this.#printer.finish(completeness(end))
    if (this.#status instanceof StatusLine) this.#status.close()
    if (broken !== undefined) return reportError(broken)
    return await this.#exitCode(end, job, stop)
  }

  async #exitCode(end: JobEnd, job: Job, stop: StopSignals): Promise<number> {
    const losses = lossText(await job.statistics())
    if (losses !== null) this.#streams.stderr.write(`${losses}\n`)
    // Records behind the last one wanted may be bad; a sink that failed did fail.
    const failed = end.kind === 'failed' && !(this.#satisfied && end.error.code.startsWith('DATA_'))
    if (failed) return reportError(end.error, this.#script.source)
    return this.#satisfied ? 0 : (stop.exitCode() ?? 0)
  }

  #events(letters: DeadLetterFile | null): JobEvents {
    const index = new Map(this.#outputs.map((node, i) => [node.id, i]))
    return {
      output: (node, batch) => this.#printer.print(index.get(node)!, batch),
      gap: (gap) => this.#say(gapText(gap)),
      notice: (text) => this.#say(text),
      listening: (table, url) => this.#say(`serving "${table}" at ${url}`),
      ...(letters === null ? {} : { deadLetter: (letter) => letters.write(letter) }),
    }
  }

  #createPrinter(): { readonly printer: RowPrinter; readonly status: StatusArea } {
    const { stdout, stderr } = this.#streams
    const log = new StatusLog(stderr, LOGGED_PROGRESS_MS)
    if (this.#options.format === 'table' && this.#outputs.length > 0) {
      const table = new LiveTable(
        stdout,
        new LiveRegion(stdout),
        styleFor(stdout),
        this.#outputs.map((node) => ({ title: node.name, schema: node.schema, updating: node.updating })),
      )
      return { printer: new TablePrinter(table), status: canRedraw(stdout) ? table : log }
    }
    const printer = new NdjsonPrinter(this.#out, this.#outputs, {
      bounded: this.#script.bounded,
      limit: this.#options.limit,
      onLimit: () => this.#satisfy(),
    })
    // Rows on the same terminal would run into a line that is redrawn.
    const redraw = canRedraw(stderr) && stdout.isTTY !== true
    return { printer, status: redraw ? new StatusLine(new LiveRegion(stderr), styleFor(stderr)) : log }
  }

  #showProgress(job: Job): NodeJS.Timeout {
    const { dataflow, tables } = this.#script
    const endless = new Set(tables.filter((t) => !t.description.bounded).map((t) => t.name))
    const sources = (dataflow?.nodes ?? []).filter((n) => n.kind === 'source')
    const feeds = new Map(sources.filter((n) => endless.has(n.table)).map((n) => [n.id, n.table]))
    let previous = { at: systemClock.now(), rowsIn: 0 }
    return setInterval(() => {
      void job.statistics().then((statistics) => {
        const now = systemClock.now()
        this.#status.status(progressLine(statistics, previous, now, feeds))
        previous = { at: now, rowsIn: statistics.rowsIn }
      })
    }, PROGRESS_MS)
  }

  #satisfy(): void {
    this.#satisfied = true
    void this.#job?.stop()
  }

  #say(line: string): void {
    this.#status.above(() => this.#streams.stderr.write(`${line}\n`))
  }
}

function completeness(end: JobEnd): Completeness {
  return end.kind === 'finished' ? 'whole' : end.kind
}
