import { assert, MAX_BATCH_ROWS, MillraceError, type RecordBatch, sliceBatch } from '../../kernel/index.ts'
import {
  type Dataflow,
  inputsOf,
  type NodeId,
  type OutputNode,
  type PlanNode,
  type SinkNode,
  type SourceNode,
} from '../../plan/index.ts'
import type { Counter, InputStream, OperatorContext, OperatorDefinition, StepContext } from '../operator.ts'
import { PassThrough } from '../operators/pass-through.ts'
import { OPERATORS } from '../operators/registry.ts'
import { StateBudget } from '../state/state-budget.ts'
import type { StateReader, StateWriter } from '../state/state-io.ts'
import { Fifo } from './fifo.ts'
import { GraphNode, type Item, type NodeCounters } from './graph-node.ts'
import { SeededRandom } from './random.ts'
import { rowByRowSources } from './row-by-row-sources.ts'

/** What a graph asks of whoever runs it. */
export interface GraphHooks {
  /** Monotonic milliseconds, for slices and busy time only: never part of a result. */
  elapsed(): number
  /** A row had no result and was left out. Throws when the policy is to fail. */
  rowError?(node: NodeId, error: MillraceError): void
  count?(counter: Counter, node: NodeId, rows: number, table: string | undefined): void
}

export interface GraphOptions {
  /** Generated code on (the default), or the interpreter only. */
  readonly codegen?: boolean
  /** Bytes of state the query may hold. */
  readonly stateLimit?: number
  /** Rows a sink or output may hold before the graph waits for `takeOutput`. */
  readonly outputCredit?: number
  /** Milliseconds after which `run` answers 'more'. */
  readonly sliceMs?: number
  readonly signal?: AbortSignal
  readonly operators?: readonly OperatorDefinition[]
}

/** What has come from outside, in order: for one source, or (null) for every node. */
interface Arrival {
  readonly node: GraphNode | null
  readonly item: Item
}

/** idle: nothing waits; more: the slice is used up; blocked: a sink or output is full. */
export type RunState = 'idle' | 'more' | 'blocked'

export interface NodeStatus extends Readonly<NodeCounters> {
  readonly id: NodeId
  readonly kind: PlanNode['kind']
  readonly inputs: readonly NodeId[]
  /** EXPLAIN's words. */
  readonly name: string
  readonly detail: string
  readonly stateBytes: number
}

const DEFAULT_SLICE_MS = 8
const DEFAULT_OUTPUT_CREDIT = 65_536

/**
 * A running dataflow. Rows go in at source nodes and come out at sink and output nodes; between them each call of an operator is finished
 * before the next begins, the node furthest downstream first, so that one batch is through before the next is looked at and nothing
 * depends on how fast anything ran.
 *
 * Work comes in steps (`beginStep`), each with one clock reading and one seed: the same steps give the same output.
 */
export class Graph {
  /** Where rows go in. */
  readonly sources: readonly SourceNode[]
  /** Where rows come out. */
  readonly outputs: readonly (SinkNode | OutputNode)[]
  readonly #nodes: readonly GraphNode[]
  readonly #byId = new Map<NodeId, GraphNode>()
  readonly #collecting: readonly GraphNode[]
  readonly #rowByRow: ReadonlySet<NodeId>
  readonly #budget: StateBudget
  readonly #hooks: GraphHooks
  readonly #sliceMs: number
  readonly #outputCredit: number
  readonly #signal: AbortSignal | undefined
  readonly #random = new SeededRandom(0)
  readonly #step: { now: number } & StepContext
  readonly #arrivals = new Fifo<Arrival>()
  /** No node after this one has work. */
  #furthest = -1

  /** Throws what building an operator throws (SQL_*, INTERNAL for a plan that names unknown kinds or nodes). */
  constructor(plan: Dataflow, hooks: GraphHooks, options: GraphOptions = {}) {
    this.#hooks = hooks
    this.#sliceMs = options.sliceMs ?? DEFAULT_SLICE_MS
    this.#outputCredit = options.outputCredit ?? DEFAULT_OUTPUT_CREDIT
    this.#signal = options.signal
    this.#budget = new StateBudget(options.stateLimit)
    this.#step = { now: 0, random: () => this.#random.next() }
    this.#nodes = this.#build(plan, options)
    this.#rowByRow = rowByRowSources(plan)
    this.#collecting = this.#nodes.filter((n) => n.collected !== null)
    this.sources = plan.nodes.filter((n) => n.kind === 'source')
    this.outputs = plan.nodes.filter((n) => n.kind === 'sink' || n.kind === 'output')
  }

  #build(plan: Dataflow, options: GraphOptions): GraphNode[] {
    const definitions = new Map((options.operators ?? OPERATORS).map((d) => [d.kind, d]))
    const context = this.#context(options.codegen ?? true)
    const updating = new Set<NodeId>()
    const ready = (node: GraphNode) => {
      if (node.index > this.#furthest) this.#furthest = node.index
    }
    return plan.nodes.map((node, index) => {
      const definition = definitions.get(node.kind)
      assert(definition !== undefined, `no operator for plan nodes of kind "${node.kind}"`)
      const inputs = inputsOf(node)
      const streams = inputs.map((input): InputStream => {
        const from = this.#node(input.node)
        return { schema: from.operator.schema, updating: updating.has(input.node) }
      })
      // An as-of join reads versions: it answers each row once.
      const passesOn = node.kind !== 'asof_join' && streams.some((s) => s.updating)
      if (makesChangelog(node) || passesOn) updating.add(node.id)
      const built = new GraphNode(index, node, definition.build(node, streams, context), ready)
      for (const [port, input] of inputs.entries()) this.#node(input.node).connect(input, built, port)
      this.#byId.set(node.id, built)
      return built
    })
  }

  #context(codegen: boolean): OperatorContext {
    return {
      step: this.#step,
      codegen,
      rowError: (node, error) => this.#hooks.rowError?.(node, error),
      count: (counter, node, rows, table) => this.#hooks.count?.(counter, node, rows, table),
      chargeState: (node, bytes) => this.#budget.charge(node, bytes),
    }
  }

  /** Sets the clock reading (microseconds) and seed of everything that follows. Nothing may wait: run until 'idle' before. */
  beginStep(step: { readonly now: number; readonly seed: number }): void {
    assert(this.isQuiescent, 'a step begins only when the one before is done')
    this.#step.now = step.now
    this.#random.seed(step.seed)
  }

  /** Hands rows to a source. What arrives first is worked on first, whichever source it is for. */
  pushSource(id: NodeId, batch: RecordBatch): void {
    const node = this.#node(id)
    const rows = this.#rowByRow.has(id) ? 1 : MAX_BATCH_ROWS
    for (let from = 0; from < batch.length; from += rows) {
      const part = sliceBatch(batch, from, Math.min(from + rows, batch.length))
      this.#arrivals.push({ node, item: { kind: 'batch', port: 0, batch: part } })
    }
  }

  /** A bounded source has come to its end: its watermark is +Infinity. */
  endSource(id: NodeId): void {
    const watermark = { time: Number.POSITIVE_INFINITY, idle: false }
    this.#arrivals.push({ node: this.#node(id), item: { kind: 'watermark', port: 0, watermark } })
  }

  /** Processing time has come to `now` (microseconds). Once a step, before its rows. */
  tick(now: number): void {
    this.#arrivals.push({ node: null, item: { kind: 'tick', now } })
  }

  /** Works until nothing waits, an output is full or the slice is used up. Throws CANCELLED once the signal is aborted. */
  run(): RunState {
    const until = this.#hooks.elapsed() + this.#sliceMs
    let before = until - this.#sliceMs
    for (;;) {
      if (this.#signal?.aborted === true) throw new MillraceError('CANCELLED', 'the query was cancelled')
      const node = this.#nextNode()
      if (node === undefined) {
        if (this.#arrivals.length === 0) return 'idle'
        this.#admit(this.#arrivals.shift())
        continue
      }
      if (this.#isFull()) return 'blocked'
      node.step()
      const now = this.#hooks.elapsed()
      node.counters.busyMs += now - before
      before = now
      if (now >= until) return this.isQuiescent ? 'idle' : 'more'
    }
  }

  /** The next arrival enters only when everything before it has gone through. */
  #admit({ node, item }: Arrival): void {
    if (node !== null) node.enqueue(item)
    else for (const each of this.#nodes) each.enqueue(item)
  }

  #nextNode(): GraphNode | undefined {
    while (this.#furthest >= 0 && !this.#nodes[this.#furthest]!.hasWork) this.#furthest--
    return this.#nodes[this.#furthest]
  }

  #isFull(): boolean {
    for (const node of this.#collecting) if (node.collected!.rows >= this.#outputCredit) return true
    return false
  }

  /** Nothing waits anywhere, so a snapshot is possible and a step may begin. */
  get isQuiescent(): boolean {
    return this.#arrivals.length === 0 && this.#nextNode() === undefined
  }

  /** The rows a sink or output has collected since the last call, in order. */
  takeOutput(id: NodeId): readonly RecordBatch[] {
    const { collected } = this.#node(id)
    assert(collected !== null, `node "${id}" is no output`)
    const { batches } = collected
    collected.batches = []
    collected.rows = 0
    return batches
  }

  /** How far a node's output has come in event time (microseconds); +Infinity at its end. Only the ends remember it over a restore. */
  watermark(id: NodeId): number {
    const { operator, time } = this.#node(id)
    return operator instanceof PassThrough ? operator.time : time
  }

  /** All sources have ended and everything has come out. */
  get isFinished(): boolean {
    return this.outputs.every((o) => this.watermark(o.id) === Number.POSITIVE_INFINITY) && this.isQuiescent
  }

  /** Writes what has changed since the last snapshot, node by node. Only while quiescent and with all output taken. */
  snapshot(to: (node: NodeId) => StateWriter): void {
    assert(this.isQuiescent, 'a snapshot is taken only between steps')
    for (const { plan, operator } of this.#nodes) operator.snapshot(to(plan.id))
  }

  /** Puts a new graph of the same plan where the union of its snapshots left off. */
  restore(from: (node: NodeId) => StateReader): void {
    for (const { plan, operator } of this.#nodes) operator.restore(from(plan.id))
  }

  stateBytes(): number {
    return this.#budget.used
  }

  status(): readonly NodeStatus[] {
    return this.#nodes.map(({ plan, operator, counters }) => ({
      ...counters,
      ...operator.explain(),
      id: plan.id,
      kind: plan.kind,
      inputs: inputsOf(plan).map((i) => i.node),
      stateBytes: operator.stateBytes(),
    }))
  }

  dispose(): void {
    for (const { operator } of this.#nodes) operator.dispose()
  }

  #node(id: NodeId): GraphNode {
    const node = this.#byId.get(id)
    assert(node !== undefined, `no node "${id}" in the plan`)
    return node
  }
}

/** Whether a node's rows carry weights though those of its inputs do not. */
function makesChangelog(node: PlanNode): boolean {
  switch (node.kind) {
    case 'aggregate':
    case 'upsert':
      return true
    case 'source':
      return node.changelog !== undefined
    case 'window_aggregate':
      return node.emit !== undefined
    case 'join':
      return node.updating
    default:
      return false
  }
}
