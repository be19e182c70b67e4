import { MillraceError } from '../kernel/index.ts'

export interface TopicConfig {
  readonly partitions: number
  /** Milliseconds after which a sealed block may be deleted, counted from when it was written; null: never. */
  readonly retentionMs: number | null
  /** Bytes of sealed blocks per partition beyond which the oldest are deleted; null: no limit. */
  readonly retentionBytes: number | null
  /** True: of the records with one key only the last is kept for good. Every record needs a key. */
  readonly compact: boolean
  /** Milliseconds a tombstone is kept in a compacted topic, so that readers learn of the deletion. */
  readonly tombstoneMs: number
}

export type TopicSettings = Partial<TopicConfig>

export const DEFAULT_TOPIC_CONFIG: TopicConfig = {
  partitions: 1,
  retentionMs: null,
  retentionBytes: null,
  compact: false,
  tombstoneMs: 24 * 3600 * 1000,
}

const MAX_PARTITIONS = 10_000
const MAX_NAME_LENGTH = 1000

/** @throws MillraceError LOG_INVALID. */
export function topicConfig(
  topic: string,
  settings: TopicSettings,
  base: TopicConfig = DEFAULT_TOPIC_CONFIG,
): TopicConfig {
  const config = { ...base }
  for (const [name, value] of Object.entries(settings)) {
    if (value !== undefined) Object.assign(config, { [name]: value })
  }
  const check = (fits: boolean, setting: string, rule: string): void => {
    if (fits) return
    throw new MillraceError('LOG_INVALID', `topic "${topic}" cannot have this setting "${setting}"`, { detail: rule })
  }
  const amount = (value: number | null): boolean => value === null || (Number.isSafeInteger(value) && value >= 0)
  check(
    Number.isSafeInteger(config.partitions) && config.partitions >= 1 && config.partitions <= MAX_PARTITIONS,
    'partitions',
    `It is a whole number from 1 to ${MAX_PARTITIONS}.`,
  )
  check(config.partitions >= base.partitions, 'partitions', 'The number of partitions may only grow.')
  check(amount(config.retentionMs), 'retentionMs', 'It is a whole number of milliseconds, or null.')
  check(amount(config.retentionBytes), 'retentionBytes', 'It is a whole number of bytes, or null.')
  check(
    amount(config.tombstoneMs) && config.tombstoneMs !== null,
    'tombstoneMs',
    'It is a whole number of milliseconds.',
  )
  check(
    config.compact === base.compact || base === DEFAULT_TOPIC_CONFIG,
    'compact',
    'It is fixed when the topic is made.',
  )
  return config
}

/** @throws MillraceError LOG_INVALID. */
export function checkTopicName(name: string): void {
  if (name.length > 0 && name.length <= MAX_NAME_LENGTH) return
  throw new MillraceError('LOG_INVALID', `"${name.slice(0, 40)}" cannot be the name of a topic`, {
    detail: `A name has 1 to ${MAX_NAME_LENGTH} characters, any of them.`,
  })
}
