import { readFileSync } from 'node:fs'
import { formatError, MillraceError } from '../../kernel/index.ts'
import { DEFAULT_SNAPSHOTS, Instance, type ScriptSource, type StateChoice, StatementErrors, type TableStatus, workerExecutor } from '../../runtime/index.ts'
import { type Server, type ServerOptions, startServer } from '../../server/index.ts'
import { reportError } from '../exit.ts'
import type { StopSignals } from '../stop-signals.ts'
import { gapText } from './report.ts'

export interface ServeOptions {
  readonly server: Omit<ServerOptions, 'log' | 'instance' | 'version' | 'onError'>
  readonly dataDir: string
  /** What becomes of the state of what the scripts change; null: nothing may change that has some. */
  readonly changed: StateChoice | null
  /** Bytes of operator state of one pipeline. */
  readonly stateLimit: number
  /** Milliseconds between two snapshots of a pipeline's state. */
  readonly snapshotEveryMs: number
  /** For everything that a stop has to wait for; milliseconds. */
  readonly deadlineMs: number
}

/** Of the time that a stop has: for everything but the good-byes to clients. */
const WORK_SHARE = 0.9
const BATCH_ROWS = 4096
const PROGRESS_MS = 1000
const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143 } as const

/** The data directory and the server of one process. */
export class ServeSession {
  readonly #options: ServeOptions
  readonly #fatal: Promise<MillraceError>
  /** When something was said of the recovery of a pipeline; milliseconds. */
  readonly #saidAt = new Map<string, number>()
  #fail: (error: MillraceError) => void = () => undefined

  constructor(options: ServeOptions) {
    this.#options = options
    this.#fatal = new Promise((resolve) => {
      this.#fail = resolve
    })
  }

  /** Resolves with the exit code: after a signal, when the log has failed, or when the scripts are wrong. */
  async run(scripts: readonly ScriptSource[], stop: StopSignals): Promise<number> {
    const instance = await this.#open()
    let server: Server | null = null
    try {
      if (scripts.length > 0) await this.#apply(instance, scripts)
      server = await this.#startServer(instance)
      await instance.start()
    } catch (error) {
      await server?.close(0)
      await instance.stop(this.#options.deadlineMs)
      if (!(error instanceof StatementErrors)) throw error
      for (const { error: wrong, source } of error.errors) reportError(wrong, source)
      return error.entry.exit
    }
    for (const line of await summary(instance)) say(line)
    say(`serving "${this.#options.dataDir}" at ${server.url}`)
    const failed = await Promise.race([this.#fatal, stopped(stop.signal)])
    if (failed !== null) reportError(failed)
    const inOrder = await this.#stop(instance, server)
    const code = failed !== null ? failed.entry.exit : inOrder ? 0 : (stop.exitCode() ?? 1)
    if (!inOrder) endProcess(code, stop)
    return code
  }

  #open(): Promise<Instance> {
    return Instance.open({
      dataDir: this.#options.dataDir,
      variable: (name) => process.env[name],
      createExecutor: workerExecutor,
      executor: { codegen: true, batchRows: BATCH_ROWS, stateLimit: this.#options.stateLimit },
      snapshots: { ...DEFAULT_SNAPSHOTS, everyMs: this.#options.snapshotEveryMs },
      stdout: process.stdout,
      events: {
        notice: say,
        gap: (gap) => say(gapText(gap)),
        recovering: (pipeline, done, total) => this.#progress(pipeline, done, total),
        error: (error, what) => {
          if (what !== null) say(`${what} does not run`)
          say(formatError(error))
        },
        fatal: (error) => this.#fail(error),
      },
    })
  }

  /** Long recoveries say how far they are. */
  #progress(pipeline: string, done: number, total: number): void {
    const now = performance.now()
    const since = this.#saidAt.get(pipeline)
    if (since === undefined) this.#saidAt.set(pipeline, now)
    else if (now - since >= PROGRESS_MS && done < total) {
      this.#saidAt.set(pipeline, now)
      say(`recovering "${pipeline}": ${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} steps`)
    }
    if (done >= total) this.#saidAt.delete(pipeline)
  }

  async #apply(instance: Instance, scripts: readonly ScriptSource[]): Promise<void> {
    const { warnings } = await instance.execute(scripts, { origin: 'operator', changed: this.#options.changed, script: true })
    for (const warning of warnings) say(`warning: ${warning}`)
  }

  #startServer(instance: Instance): Promise<Server> {
    return startServer({
      ...this.#options.server,
      log: instance.log,
      instance,
      version: packageVersion(),
      onError: (error) => (error.code === 'LOG_FAILED' ? this.#fail(error) : say(formatError(error))),
    })
  }

  /** False: the deadline came first, and what blocked was named. */
  async #stop(instance: Instance, server: Server): Promise<boolean> {
    const { deadlineMs } = this.#options
    server.stop()
    let closed = false
    const closing = server.close(deadlineMs * WORK_SHARE).then(() => {
      closed = true
    })
    const blocked = await instance.stop(deadlineMs, closing)
    const said = [...blocked, ...(closed ? [] : server.blockers())]
    if (said.length === 0) return true
    say(`not stopped within ${deadlineMs / 1000} s; it waited for ${said.join(', ')}`)
    return false
  }
}

/**
 * Whatever still holds the process is not worth waiting for. `process.exit` would wait for a file operation that does not return; the
 * signal that asked for the stop does not.
 */
function endProcess(code: number, stop: StopSignals): void {
  stop.dispose()
  setImmediate(() => {
    if (code === SIGNAL_CODES.SIGINT || code === SIGNAL_CODES.SIGTERM) {
      process.kill(process.pid, code === SIGNAL_CODES.SIGINT ? 'SIGINT' : 'SIGTERM')
    } else {
      process.exit(code)
    }
  })
}

/** What there is and what it does, one line an object. */
async function summary(instance: Instance): Promise<readonly string[]> {
  const tables = (await instance.tables()).map(({ name, use, state }) => `table "${name}": ${tableText(use, state)}`)
  const pipelines = (await instance.pipelines()).map(({ name, kind, state, result }) => {
    const into = kind === 'pipeline' && result !== null ? ` into "${result}"` : ''
    return `${kind} "${name}"${into}: ${state}`
  })
  return [...tables, ...pipelines]
}

function tableText(use: TableStatus['use'], state: TableStatus['state']): string {
  switch (use) {
    case 'topic':
      return 'topic'
    case 'uncaptured':
      return 'not captured, since its retention is none'
    case 'capture':
      return `captured, ${state}`
    case 'sink':
      return `sink, ${state}`
    case null:
      return state
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
