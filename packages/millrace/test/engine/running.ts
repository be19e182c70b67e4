import { Graph, type GraphOptions, MemoryState } from '../../src/engine/index.ts'
import {
  batchOf,
  formatDecimal,
  type MillraceError,
  normalizeDecimal,
  rowsOf,
  type Schema,
  type Value,
} from '../../src/kernel/index.ts'
import { type Dataflow, type NodeId, parseDataflow } from '../../src/plan/index.ts'
import { EVENT } from './plans.ts'

export interface Event {
  readonly ts: number | null
  readonly key?: string | null
  readonly value?: number | bigint | null
  readonly real?: number | null
  /** Defaults to `ts`. */
  readonly mark?: number | null
  readonly arrival?: number | null
}

/** A graph under test: pushes rows, runs to the end of the work, keeps what came out. Plans go through JSON first. */
export class Running {
  graph: Graph
  readonly counters = new Map<string, number>()
  readonly errors: MillraceError[] = []
  readonly rows = new Map<NodeId, Value[][]>()
  /** +n and -n of each row, in step with `rows`. */
  readonly weights = new Map<NodeId, number[]>()
  readonly #plan: Dataflow
  readonly #options: GraphOptions
  readonly #saved = new Map<NodeId, MemoryState>()
  #now = 0

  constructor(plan: Dataflow, options: GraphOptions = {}) {
    this.#plan = parseDataflow(JSON.stringify(plan))
    this.#options = options
    this.graph = this.#start()
  }

  #start(): Graph {
    let clock = 0
    return new Graph(
      this.#plan,
      {
        elapsed: () => clock++ / 1000,
        rowError: (_node, error) => this.errors.push(error),
        count: (counter, _node, rows) => this.counters.set(counter, (this.counters.get(counter) ?? 0) + rows),
      },
      this.#options,
    )
  }

  count(counter: string): number {
    return this.counters.get(counter) ?? 0
  }

  push(events: readonly Event[], source: NodeId = 'source', cut = events.length): this {
    for (let from = 0; from < events.length; from += cut)
      this.pushRows(EVENT, events.slice(from, from + cut).map(eventRow), source)
    return this
  }

  pushRows(
    schema: Schema,
    rows: readonly (readonly Value[])[],
    source: NodeId = 'source',
    weights: Int32Array | null = null,
  ): this {
    this.graph.pushSource(source, batchOf(schema, rows, weights))
    return this.drain()
  }

  end(source: NodeId = 'source'): this {
    this.graph.endSource(source)
    return this.drain()
  }

  /** Begins a step at `now` and ticks. */
  at(now: number): this {
    this.#now = now
    this.graph.beginStep({ now, seed: 1 })
    this.graph.tick(now)
    return this.drain()
  }

  drain(): this {
    for (;;) {
      const state = this.graph.run()
      for (const { id } of this.graph.outputs) this.#collect(id)
      if (state === 'idle') return this
    }
  }

  #collect(id: NodeId): void {
    const rows = this.rows.get(id) ?? []
    const weights = this.weights.get(id) ?? []
    for (const batch of this.graph.takeOutput(id)) {
      rows.push(...rowsOf(batch))
      for (let i = 0; i < batch.length; i++) weights.push(batch.weights === null ? 1 : batch.weights[i]!)
    }
    this.rows.set(id, rows)
    this.weights.set(id, weights)
  }

  result(id: NodeId = 'result'): Value[][] {
    return this.rows.get(id) ?? []
  }

  /** Rows of a changelog that are left, each as often as its weights say, by their text. */
  consolidated(id: NodeId = 'result'): Map<string, number> {
    const left = new Map<string, number>()
    const weights = this.weights.get(id) ?? []
    for (const [i, row] of this.result(id).entries()) {
      const text = showRow(row)
      const count = (left.get(text) ?? 0) + weights[i]!
      if (count === 0) left.delete(text)
      else left.set(text, count)
    }
    return left
  }

  /** Saves what has changed and goes on in a new graph restored from all that was saved. */
  restart(): this {
    this.graph.snapshot((node) => this.#savedOf(node))
    this.graph.dispose()
    this.graph = this.#start()
    this.graph.restore((node) => this.#savedOf(node))
    this.graph.beginStep({ now: this.#now, seed: 1 })
    return this
  }

  #savedOf(node: NodeId): MemoryState {
    let state = this.#saved.get(node)
    if (state === undefined) {
      state = new MemoryState()
      this.#saved.set(node, state)
    }
    return state
  }

  /** Entries saved for a node. */
  savedEntries(node: NodeId): number {
    return this.#savedOf(node).size
  }
}

function eventRow(event: Event): Value[] {
  const { ts, key = 'k', value = null, real = null, mark = ts, arrival = null } = event
  return [ts, key, value, real, mark, arrival]
}

/** A row as text; equal values give equal text, whatever scale their column had. */
export function showRow(row: readonly Value[]): string {
  return JSON.stringify(row.map(showValue))
}

function showValue(value: Value): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (Array.isArray(value)) return (value as readonly Value[]).map(showValue)
  if (typeof value === 'object' && value !== null && 'unscaled' in value) return formatDecimal(normalizeDecimal(value))
  return value
}
