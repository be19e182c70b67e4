import { Graph, MemoryState, type StateReader } from '../../src/engine/index.ts'
import { batchOf, rowsOf, type Value } from '../../src/kernel/index.ts'
import { type Dataflow, type NodeId, parseDataflow } from '../../src/plan/index.ts'
import { EVENT } from './plans.ts'
import { showRow } from './running.ts'

/** What a pipeline's journal says of a step. */
export interface Step {
  readonly now: number
  readonly seed: number
  readonly inputs: readonly {
    readonly source: NodeId
    readonly rows: readonly (readonly Value[])[]
    readonly weights: readonly number[]
  }[]
  readonly ended: readonly NodeId[]
}

/** Everything about a run that must not be seen in its output. */
export interface Weather {
  readonly codegen: boolean
  /** Milliseconds that pass between two looks at the clock, in turn; a slice has 8. */
  readonly elapsed: readonly number[]
  readonly outputCredit: number
  /** After each step, in turn: nothing, a snapshot, or a new graph restored from all snapshots. */
  readonly between: readonly ('nothing' | 'snapshot' | 'restore')[]
  /** The order in which saved entries are read back. */
  readonly entries: 'as written' | 'reversed'
}

export const CALM: Weather = {
  codegen: true,
  elapsed: [0],
  outputCredit: 1_000_000,
  between: ['nothing'],
  entries: 'as written',
}

/** Runs steps as a pipeline does; answers, for each step and output, what came out, in order. */
export function runSteps(plan: Dataflow, steps: readonly Step[], weather: Weather): Record<NodeId, string[]>[] {
  const parsed = parseDataflow(JSON.stringify(plan))
  const saved = new Map<NodeId, MemoryState>()
  const savedOf = (node: NodeId) => {
    const state = saved.get(node) ?? new MemoryState()
    saved.set(node, state)
    return state
  }
  let looks = 0
  let clock = 0
  const start = () =>
    new Graph(
      parsed,
      { elapsed: () => (clock += weather.elapsed[looks++ % weather.elapsed.length]!) },
      { codegen: weather.codegen, outputCredit: weather.outputCredit },
    )
  let graph = start()
  return steps.map((step, i) => {
    const out: Record<NodeId, string[]> = Object.fromEntries(graph.outputs.map((o) => [o.id, []]))
    const drain = () => {
      for (;;) {
        const state = graph.run()
        for (const { id } of graph.outputs) {
          for (const batch of graph.takeOutput(id)) {
            const { weights } = batch
            out[id]!.push(...rowsOf(batch).map((row, r) => `${weights === null ? 1 : weights[r]!} ${showRow(row)}`))
          }
        }
        if (state === 'idle') return
      }
    }
    graph.beginStep(step)
    graph.tick(step.now)
    for (const { source, rows, weights } of step.inputs) {
      const updating = weights.some((w) => w !== 1)
      graph.pushSource(source, batchOf(EVENT, rows, updating ? Int32Array.from(weights) : null))
      drain()
    }
    for (const source of step.ended) graph.endSource(source)
    drain()
    const then = weather.between[i % weather.between.length]!
    if (then !== 'nothing') graph.snapshot(savedOf)
    if (then === 'restore') {
      graph.dispose()
      graph = start()
      graph.restore((node) => inOrder(savedOf(node), weather.entries))
    }
    return out
  })
}

function inOrder(state: StateReader, order: Weather['entries']): StateReader {
  return order === 'as written' ? state : { entries: () => [...state.entries()].reverse() }
}
