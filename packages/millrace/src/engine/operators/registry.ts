import type { OperatorDefinition } from '../operator.ts'
import { aggregateDefinition } from './aggregate.ts'
import { filterDefinition } from './filter.ts'
import { lateFilterDefinition } from './late-filter.ts'
import { outputDefinition, sinkDefinition, sourceDefinition } from './pass-through.ts'
import { projectDefinition } from './project.ts'
import { unionDefinition } from './union.ts'
import { watermarkDefinition } from './watermark-assigner.ts'
import { windowAggregateDefinition } from './window-aggregate.ts'

/** One definition for each kind of plan node. */
export const OPERATORS: readonly OperatorDefinition[] = [
  aggregateDefinition,
  filterDefinition,
  lateFilterDefinition,
  outputDefinition,
  projectDefinition,
  sinkDefinition,
  sourceDefinition,
  unionDefinition,
  watermarkDefinition,
  windowAggregateDefinition,
]
