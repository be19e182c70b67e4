import { aggregateCatalog } from './aggregates/registry.ts'
import { makeCatalog } from './functions/registry.ts'

/** Every function the engine runs: what the binder is given. */
export const functionCatalog = makeCatalog(aggregateCatalog)

export * from './aggregates/aggregate.ts'
export { AGGREGATES, aggregateCatalog, aggregateDefinition } from './aggregates/registry.ts'
export * from './expressions/compile.ts'
export * from './expressions/compiled.ts'
export { foldConstants } from './expressions/fold-constants.ts'
export * from './functions/definition.ts'
export * from './functions/registry.ts'
export * from './graph/graph.ts'
export type { NodeCounters } from './graph/graph-node.ts'
export { SeededRandom } from './graph/random.ts'
export * from './operator.ts'
export { OPERATORS } from './operators/registry.ts'
export { MemoryState } from './state/memory-state.ts'
export { DEFAULT_STATE_LIMIT } from './state/state-budget.ts'
export type { StateReader, StateWriter } from './state/state-io.ts'
