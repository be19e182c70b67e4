export { type Checkpoint, loadPipeline, type StoredPipeline } from './checkpoint.ts'
export { DEAD_LETTERS_TOPIC } from './dead-letter.ts'
export {
  Delivery,
  type DeliveryEvents,
  type DeliveryOptions,
  type DeliveryState,
  type DeliveryStatistics,
} from './delivery.ts'
export { forgetDelivery } from './delivery-place.ts'
export { forgetPipeline } from './forget-pipeline.ts'
export { type JournalEntry, readJournal } from './journal.ts'
export { canKeepState } from './keep-state.ts'
export { Pipeline } from './pipeline.ts'
export {
  journalTopic,
  type PipelineDefinition,
  pipelineOwner,
  type ResultForm,
  type ResultTopic,
  schemaId,
  schemaKey,
} from './pipeline-definition.ts'
export type { InputLag, PipelineEvents, PipelineOptions, PipelineState, PipelineStatistics } from './pipeline-types.ts'
export { recomputeResults } from './recompute.ts'
export { listDeadLetters, redriveDeadLetters, REDRIVEN_HEADER, type StoredDeadLetter } from './redrive.ts'
export { SCHEMA_HEADER } from './result-writer.ts'
export { DEFAULT_SNAPSHOTS, type SnapshotPolicy, type SnapshotStatistics } from './snapshotter.ts'
export type { StepPolicy } from './step-runner.ts'
