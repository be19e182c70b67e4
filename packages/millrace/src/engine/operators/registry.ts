import type { OperatorDefinition } from '../operator.ts'
import { aggregateDefinition } from './aggregate.ts'
import { asofJoinDefinition } from './asof-join.ts'
import { assignWindowsDefinition } from './assign-windows.ts'
import { filterDefinition } from './filter.ts'
import { intervalJoinDefinition } from './interval-join.ts'
import { lateFilterDefinition } from './late-filter.ts'
import { overDefinition } from './over.ts'
import { outputDefinition, sinkDefinition, sourceDefinition } from './pass-through.ts'
import { projectDefinition } from './project.ts'
import { unionDefinition } from './union.ts'
import { upsertDefinition } from './upsert.ts'
import { unnestDefinition } from './unnest.ts'
import { updatingJoinDefinition } from './updating-join.ts'
import { watermarkDefinition } from './watermark-assigner.ts'
import { windowAggregateDefinition } from './window-aggregate.ts'

/** One definition for each kind of plan node. */
export const OPERATORS: readonly OperatorDefinition[] = [
  aggregateDefinition,
  asofJoinDefinition,
  assignWindowsDefinition,
  filterDefinition,
  intervalJoinDefinition,
  lateFilterDefinition,
  outputDefinition,
  overDefinition,
  projectDefinition,
  sinkDefinition,
  sourceDefinition,
  unionDefinition,
  upsertDefinition,
  unnestDefinition,
  updatingJoinDefinition,
  watermarkDefinition,
  windowAggregateDefinition,
]
