import { Worker } from 'node:worker_threads'
import { type ErrorCode, MillraceError } from '../../kernel/index.ts'
import type { CreateExecutor, Executor, ExecutorEvents, ExecutorStatistics, StateEntry, Step } from './executor.ts'
import { pack } from './payload-block.ts'
import type { FromWorker, SerializedError, ToWorker, WorkerSetup } from './worker-protocol.ts'

/** Where the compiled worker lies: beside this file, or in dist when this file runs from its TypeScript source. */
function workerUrl(): URL {
  const here = import.meta.url
  return here.endsWith('.ts')
    ? new URL('../../../dist/runtime/executor/worker-main.js', here)
    : new URL('./worker-main.js', here)
}

interface Pending {
  resolve(value: never): void
  reject(error: MillraceError): void
}

/** Runs a dataflow in a thread of its own. The plan goes there as JSON, payloads are moved, batches come back as plain data. */
export class WorkerExecutor implements Executor {
  readonly #worker: Worker
  readonly #events: ExecutorEvents
  readonly #pending = new Map<number, Pending>()
  #nextCall = 0
  #delivering: Promise<void> = Promise.resolve()
  #failure: MillraceError | null = null

  private constructor(worker: Worker, events: ExecutorEvents, signal: AbortSignal) {
    this.#worker = worker
    this.#events = events
    worker.on('message', (message: FromWorker) => this.#receive(message))
    worker.on('error', (error) => this.#fail(MillraceError.from(error)))
    worker.on('exit', () => this.#fail(new MillraceError('INTERNAL', 'the worker thread ended')))
    signal.addEventListener('abort', () => this.#send({ kind: 'cancel' }), { once: true })
  }

  static readonly create: CreateExecutor = async (plan, options, events, restore, signal) => {
    const setup: WorkerSetup = { plan, options, restore }
    const worker = new Worker(workerUrl(), { workerData: setup })
    await new Promise<void>((resolve, reject) => {
      worker.once('message', (message: FromWorker) => {
        if (message.kind === 'failed') reject(deserialize(message.error))
        else resolve()
      })
      worker.once('error', reject)
    }).catch(async (error: unknown) => {
      await worker.terminate()
      throw MillraceError.from(error)
    })
    return new WorkerExecutor(worker, events, signal)
  }

  async step(step: Step): Promise<void> {
    const inputs = step.inputs.map(({ source, block }) => ({ source, block: pack(block) }))
    const transfer = inputs.flatMap(({ block }) => [block.values.bytes.buffer, block.values.offsets.buffer])
    await this.#call<undefined>((call) => ({ kind: 'step', call, step: { ...step, inputs } }), transfer as ArrayBuffer[])
    await this.#delivering
    if (this.#failure !== null) throw this.#failure
  }

  snapshot(): Promise<readonly StateEntry[]> {
    return this.#call((call) => ({ kind: 'snapshot', call }))
  }

  statistics(): Promise<ExecutorStatistics> {
    return this.#call((call) => ({ kind: 'statistics', call }))
  }

  async close(): Promise<void> {
    this.#worker.removeAllListeners('exit')
    await this.#worker.terminate()
    this.#fail(new MillraceError('CANCELLED', 'the executor is closed'))
  }

  #call<T>(message: (call: number) => ToWorker, transfer: readonly ArrayBuffer[] = []): Promise<T> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const call = this.#nextCall++
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(call, { resolve, reject })
      this.#worker.postMessage(message(call), [...transfer])
    })
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        return
      case 'output':
        this.#delivering = this.#delivering
          .then(() => this.#events.output(message.node, message.batch))
          .then(
            () => this.#send({ kind: 'credit' }),
            (error: unknown) => this.#fail(MillraceError.from(error)),
          )
        return
      case 'dead_letter':
        try {
          this.#events.deadLetter(message.letter)
        } catch (error) {
          this.#fail(MillraceError.from(error))
        }
        return
      case 'answer':
        this.#pending.get(message.call)?.resolve(message.value as never)
        this.#pending.delete(message.call)
        return
      case 'failed':
        this.#fail(deserialize(message.error))
        return
    }
  }

  #fail(error: MillraceError): void {
    this.#failure ??= error
    for (const pending of this.#pending.values()) pending.reject(this.#failure)
    this.#pending.clear()
  }
}

function deserialize(error: SerializedError): MillraceError {
  return new MillraceError(error.code as ErrorCode, error.message, { detail: error.detail, hint: error.hint })
}

export const workerExecutor: CreateExecutor = WorkerExecutor.create
