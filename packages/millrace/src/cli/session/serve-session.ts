import { readFileSync } from 'node:fs'
import { formatError, MillraceError } from '../../kernel/index.ts'
import { type Log, openLog } from '../../log/index.ts'
import { Capture, type CapturePlan, type PlacedError, planCaptures, type ScriptSource, Templates } from '../../runtime/index.ts'
import { type Server, type ServerOptions, startServer } from '../../server/index.ts'
import { reportError } from '../exit.ts'
import type { StopSignals } from '../stop-signals.ts'
import { gapText } from './report.ts'

export type ServeOptions = Pick<
  ServerOptions,
  'host' | 'port' | 'insecure' | 'origins' | 'hosts' | 'newTopics' | 'maxBodyBytes' | 'maxRecordBytes'
> & { readonly dataDir: string }

/** For everything that a stop has to wait for; milliseconds. */
const DEADLINE_MS = 30_000

/** The log, the captures and the server of one process. */
export class ServeSession {
  readonly #options: ServeOptions
  readonly #templates = new Templates((name) => process.env[name])
  readonly #captures: Capture[] = []
  readonly #fatal: Promise<MillraceError>
  #fail: (error: MillraceError) => void = () => undefined
  #plan: CapturePlan = { tables: [], skipped: [], warnings: [], errors: [] }

  constructor(options: ServeOptions) {
    this.#options = options
    this.#fatal = new Promise((resolve) => {
      this.#fail = resolve
    })
  }

  /** What is wrong with the scripts. */
  plan(sources: readonly ScriptSource[]): readonly PlacedError[] {
    this.#plan = planCaptures(sources, this.#templates)
    return this.#plan.errors
  }

  /** Resolves with the exit code, after a signal or when the log has failed. */
  async run(stop: StopSignals): Promise<number> {
    const { dataDir, ...options } = this.#options
    for (const warning of this.#plan.warnings) say(`warning: ${warning}`)
    for (const table of this.#plan.skipped) say(`table "${table}" is not captured: its retention is none`)
    const log = await openLog({ directory: dataDir })
    let server: Server
    try {
      for (const table of this.#plan.tables) this.#capture(log, table)
      await Promise.all(this.#captures.map((capture) => capture.opened))
      server = await startServer({
        ...options,
        log,
        version: packageVersion(),
        captures: () => this.#captures.map((capture) => capture.statistics()),
        refuseWrites: (topic) =>
          this.#plan.tables.some(({ name }) => name === topic) ? 'It is captured from the source of a table.' : null,
        onError: (error) => this.#onError(error),
      })
    } catch (error) {
      await Promise.all(this.#captures.map((capture) => capture.stop()))
      await log.close()
      throw error
    }
    say(`serving "${dataDir}" at ${server.url}`)
    const failed = await Promise.race([this.#fatal, stopped(stop.signal)])
    if (failed !== null) reportError(failed)
    const inOrder = await this.#stop(log, server)
    return failed !== null ? failed.entry.exit : inOrder ? 0 : (stop.exitCode() ?? 1)
  }

  #capture(log: Log, { name, options }: CapturePlan['tables'][number]): void {
    const capture = new Capture({
      log,
      table: name,
      options,
      templates: this.#templates,
      notice: say,
      gap: (gap) => say(gapText(gap)),
    })
    this.#captures.push(capture)
    void capture.ended.then((end) => {
      if (end.kind === 'finished') say(`table "${name}": the source has come to its end`)
      if (end.kind !== 'failed') return
      say(`table "${name}" is not captured any more`)
      this.#onError(end.error)
    })
  }

  /** A log that has failed takes no more work: the process ends and says so. */
  #onError(error: MillraceError): void {
    if (error.code === 'LOG_FAILED') this.#fail(error)
    else say(formatError(error))
  }

  /** False: the deadline came first, and what blocked was named. */
  async #stop(log: Log, server: Server): Promise<boolean> {
    server.stop()
    const waiting = new Set<string>()
    const during = async (what: string, work: Promise<unknown>): Promise<void> => {
      waiting.add(what)
      await work.catch((error: unknown) => this.#onError(MillraceError.from(error)))
      waiting.delete(what)
    }
    const work = async (): Promise<true> => {
      await Promise.all([
        ...this.#captures.map((capture) => during(`the capture of table "${capture.table}"`, capture.stop())),
        during('the server', server.close(DEADLINE_MS - 2000)),
      ])
      await during('the log', log.close())
      return true
    }
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), DEADLINE_MS)
    })
    const inOrder = await Promise.race([work(), deadline])
    clearTimeout(timer)
    if (inOrder) return true
    say(`not stopped within ${DEADLINE_MS / 1000} s; it waited for ${[...waiting, ...server.blockers()].join(', ')}`)
    // Whatever still holds the process is not worth waiting for.
    setImmediate(() => process.exit())
    return false
  }
}

function stopped(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null)
    else signal.addEventListener('abort', () => resolve(null), { once: true })
  })
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

function packageVersion(): string {
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
