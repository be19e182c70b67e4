export type {
  Append,
  Appended,
  Commit,
  CompactionProgress,
  Damage,
  Hold,
  Log,
  LogReader,
  LogRecord,
  LogStatistics,
  OffsetRange,
  PackedBytes,
  PackedHeader,
  PackedValues,
  PartitionReport,
  PartitionStatistics,
  Put,
  ReadOptions,
  RecordHeader,
  StartPosition,
  Topic,
} from './log.ts'
export type { LogBlock } from './block/log-block.ts'
export type { StateChange, StateReport, StateStore, StateStoreStatistics } from './state-store.ts'
export { stateDirectory } from './state/state-environment.ts'
export { openStateStore, type OpenStateStoreOptions } from './state/embedded-state-store.ts'
export { MAX_RECORD_BYTES } from './checks.ts'
export { openLog, type OpenLogOptions } from './embedded-log.ts'
export { DEFAULT_TOPIC_CONFIG, type TopicConfig, type TopicSettings } from './topic-config.ts'
