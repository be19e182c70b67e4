export { LogScript, type LogScriptOptions } from './log-script.ts'
export { boundedQuery, isBounded } from './planned-query.ts'
export { Queries, type QueriesOptions, type SubscribeOptions } from './queries.ts'
export type { ResultClient, ResultEncoding } from './result-client.ts'
export { gapMessage, noticeMessage, rowEncoder, schemaJson } from './result-messages.ts'
export { StandingRows } from './standing-rows.ts'
export {
  type QueryGap,
  startTopicQuery,
  TopicQuery,
  type TopicQueryEvents,
  type TopicQueryOptions,
  type TopicQueryStatistics,
} from './topic-query.ts'
