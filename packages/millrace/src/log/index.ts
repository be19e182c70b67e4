export type {
  Append,
  Appended,
  Commit,
  Damage,
  Hold,
  Log,
  LogReader,
  LogRecord,
  LogStatistics,
  OffsetRange,
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
export { MAX_RECORD_BYTES } from './checks.ts'
export { openLog, type OpenLogOptions } from './embedded-log.ts'
export { DEFAULT_TOPIC_CONFIG, type TopicConfig, type TopicSettings } from './topic-config.ts'
