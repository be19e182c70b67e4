export { ChangelogEncoder } from './changelog-encoder.ts'
export * from './capture/index.ts'
export * from './catalog/index.ts'
export { compileScript, type CompileOptions } from './compile.ts'
export * from './instance/index.ts'
export { inlineExecutor } from './executor/inline-executor.ts'
export type {
  CreateExecutor,
  DeadLetter,
  Executor,
  ExecutorEvents,
  ExecutorOptions,
  ExecutorStatistics,
  PayloadBlock,
  SourceStatistics,
  StateEntry,
  Step,
} from './executor/executor.ts'
export { workerExecutor } from './executor/worker-executor.ts'
export { type JobOptions, startJob } from './job/job.ts'
export type { Gap, Job, JobEnd, JobEvents, JobStatistics } from './job/job-types.ts'
export {
  DEFAULT_SNAPSHOTS,
  type DeliveryStatistics,
  type PipelineState,
  type PipelineStatistics,
  type StoredDeadLetter,
} from './pipelines/index.ts'
export * from './queries/index.ts'
export * from './recording/index.ts'
export type { CompiledScript, ScriptSource } from './script.ts'
export * from './subscriptions/index.ts'
export * from './topics/index.ts'
export { missingVariables } from './missing-variables.ts'
export { Templates, type VariableLookup } from './templates.ts'
