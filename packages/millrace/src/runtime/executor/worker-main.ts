import { parentPort, workerData } from 'node:worker_threads'
import { assert, MillraceError, type RecordBatch } from '../../kernel/index.ts'
import type { NodeId } from '../../plan/index.ts'
import type { ExecutorStatistics, StateEntry } from './executor.ts'
import { InlineExecutor } from './inline-executor.ts'
import { OUTPUT_BATCHES_IN_FLIGHT, type FromWorker, type ToWorker, type WorkerSetup } from './worker-protocol.ts'

/** The worker side of WorkerExecutor: an InlineExecutor behind messages. */
const port = parentPort
assert(port !== null, 'worker-main runs in a worker thread')
const { plan, options, restore } = workerData as WorkerSetup
const cancelled = new AbortController()
let inFlight = 0
let credited: (() => void) | null = null

const send = (message: FromWorker): void => port.postMessage(message)

async function output(node: NodeId, batch: RecordBatch): Promise<void> {
  send({ kind: 'output', node, batch })
  inFlight++
  while (inFlight >= OUTPUT_BATCHES_IN_FLIGHT && !cancelled.signal.aborted) {
    await new Promise<void>((resolve) => {
      credited = resolve
    })
  }
}

function fail(call: number | null, error: unknown): void {
  const { code, message, detail, hint } = MillraceError.from(error)
  send({ kind: 'failed', call, error: { code, message, detail, hint } })
}

function wakeOutput(): void {
  const resolve = credited
  credited = null
  resolve?.()
}

async function answer(call: number, work: () => Promise<undefined | readonly StateEntry[] | ExecutorStatistics>): Promise<void> {
  try {
    send({ kind: 'answer', call, value: await work() })
  } catch (error) {
    fail(call, error)
  }
}

try {
  const executor = new InlineExecutor(
    plan,
    options,
    { output, deadLetter: (letter) => send({ kind: 'dead_letter', letter }) },
    restore,
    cancelled.signal,
  )
  port.on('message', (message: ToWorker) => {
    switch (message.kind) {
      case 'step':
        void answer(message.call, async () => {
          await executor.step(message.step)
          return undefined
        })
        return
      case 'snapshot':
        void answer(message.call, () => executor.snapshot())
        return
      case 'statistics':
        void answer(message.call, () => executor.statistics())
        return
      case 'credit':
        inFlight--
        wakeOutput()
        return
      case 'cancel':
        cancelled.abort()
        wakeOutput()
        return
    }
  })
  send({ kind: 'ready' })
} catch (error) {
  fail(null, error)
}
