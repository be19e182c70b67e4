import { type Counter, Graph } from '../../engine/index.ts'
import { type Dataflow, inputsOf, type NodeId, parseDataflow } from '../../plan/index.ts'
import { createIngest } from './create-ingest.ts'
import type {
  CreateExecutor,
  DeadLetter,
  Executor,
  ExecutorEvents,
  ExecutorOptions,
  ExecutorStatistics,
  StateEntry,
  Step,
} from './executor.ts'
import type { SourceIngest } from './source-ingest.ts'

/** Rows of output that may wait for their consumer before the graph pauses. */
const OUTPUT_CREDIT = 16_384

/** Runs a dataflow on this thread, in slices. */
export class InlineExecutor implements Executor {
  readonly #graph: Graph
  readonly #ingests = new Map<NodeId, SourceIngest>()
  readonly #outputs: readonly NodeId[]
  readonly #events: ExecutorEvents
  /** The node behind each source that knows its watermark. */
  readonly #watermarks: ReadonlyMap<NodeId, NodeId>
  readonly #counters = new Map<string, Map<Counter, number>>()

  constructor(
    plan: string,
    options: ExecutorOptions,
    events: ExecutorEvents,
    restore: readonly StateEntry[],
    signal: AbortSignal,
  ) {
    const dataflow = parseDataflow(plan)
    this.#events = events
    const failing = failingNodes(dataflow)
    this.#graph = new Graph(
      dataflow,
      {
        elapsed: () => performance.now(),
        count: (counter, node, rows, table) => this.#count(counter, table ?? node, rows),
        rowError: (node, error) => {
          if (failing.has(node)) throw error
        },
      },
      { codegen: options.codegen, stateLimit: options.stateLimit, outputCredit: OUTPUT_CREDIT, signal },
    )
    this.#outputs = this.#graph.outputs.map((n) => n.id)
    this.#watermarks = watermarkNodes(dataflow)
    for (const node of dataflow.nodes) {
      if (node.kind !== 'source') continue
      const ingest = createIngest(node, options, {
        batch: (batch) => this.#graph.pushSource(node.id, batch),
        deadLetter: (letter: DeadLetter) => events.deadLetter(letter),
      })
      this.#ingests.set(node.id, ingest)
    }
    if (restore.length > 0) this.#restore(restore)
  }

  async step(step: Step): Promise<void> {
    this.#graph.beginStep({ now: step.now, seed: step.seed })
    this.#graph.tick(step.now)
    for (const { source, block } of step.inputs) {
      this.#ingests.get(source)!.accept(block)
      await this.#drain()
    }
    for (const source of step.ended) this.#graph.endSource(source)
    await this.#drain()
  }

  async #drain(): Promise<void> {
    for (;;) {
      const progress = this.#graph.run()
      await this.#deliver()
      if (progress === 'idle') return
      if (progress === 'more') await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async #deliver(): Promise<void> {
    for (const node of this.#outputs) {
      for (const batch of this.#graph.takeOutput(node) ) {
        const pending = this.#events.output(node, batch)
        if (pending !== undefined) await pending
      }
    }
  }

  #count(counter: Counter, owner: string, rows: number): void {
    const counters = this.#counters.get(owner) ?? new Map<Counter, number>()
    counters.set(counter, (counters.get(counter) ?? 0) + rows)
    this.#counters.set(owner, counters)
  }

  async snapshot(): Promise<readonly StateEntry[]> {
    const entries: StateEntry[] = []
    this.#graph.snapshot((node) => ({
      put: (key, value) => entries.push({ node, key, value }),
    }))
    return entries
  }

  /** The union of the entries of all snapshots, later ones first in authority. */
  #restore(entries: readonly StateEntry[]): void {
    const byNode = new Map<NodeId, Map<string, readonly [Uint8Array, Uint8Array]>>()
    for (const { node, key, value } of entries) {
      const state = byNode.get(node) ?? new Map<string, readonly [Uint8Array, Uint8Array]>()
      const name = Buffer.from(key).toString('latin1')
      if (value === null) state.delete(name)
      else state.set(name, [key, value])
      byNode.set(node, state)
    }
    this.#graph.restore((node) => ({ entries: () => byNode.get(node)?.values() ?? [] }))
  }

  async statistics(): Promise<ExecutorStatistics> {
    const sources = Object.fromEntries(
      [...this.#ingests].map(([node, ingest]) => [
        node,
        {
          payloads: ingest.payloads,
          bytes: ingest.bytes,
          rows: ingest.rows,
          bad: ingest.bad,
          watermark: finiteOrNull(this.#graph.watermark(this.#watermarks.get(node) ?? node)),
        },
      ]),
    )
    const counters = Object.fromEntries([...this.#counters].map(([owner, counts]) => [owner, Object.fromEntries(counts)]))
    return { sources, counters, stateBytes: this.#graph.stateBytes() }
  }

  async close(): Promise<void> {
    this.#graph.dispose()
  }
}

/** Nodes whose row errors fail the query: those that a source with `bad_data = 'fail'` feeds. */
function failingNodes(dataflow: Dataflow): ReadonlySet<NodeId> {
  const failing = new Set<NodeId>()
  for (const node of dataflow.nodes) {
    const fails =
      node.kind === 'source'
        ? node.badData === 'fail'
        : inputsOf(node).some((i) => failing.has(i.node))
    if (fails) failing.add(node.id)
  }
  return failing
}

/** Source to the watermark assigner that follows it, through stateless nodes. */
function watermarkNodes(dataflow: Dataflow): ReadonlyMap<NodeId, NodeId> {
  const sourceOf = new Map<NodeId, NodeId>()
  const found = new Map<NodeId, NodeId>()
  for (const node of dataflow.nodes) {
    if (node.kind === 'source') sourceOf.set(node.id, node.id)
    else if (node.kind === 'watermark' || node.kind === 'project' || node.kind === 'filter') {
      const source = sourceOf.get(node.input.node)
      if (source === undefined) continue
      if (node.kind === 'watermark') {
        if (!found.has(source)) found.set(source, node.id)
      } else sourceOf.set(node.id, source)
    }
  }
  return found
}

function finiteOrNull(time: number): number | null {
  return Number.isFinite(time) ? time : null
}

export const inlineExecutor: CreateExecutor = async (...setup) => new InlineExecutor(...setup)
