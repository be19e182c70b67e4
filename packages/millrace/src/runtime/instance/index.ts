export { Instance } from './instance.ts'
export type {
  ExecuteOptions,
  Executed,
  InstanceEvents,
  InstanceOptions,
  PipelineInput,
  PipelineStatus,
  Statements,
  TableState,
  TableStatus,
} from './instance-types.ts'
