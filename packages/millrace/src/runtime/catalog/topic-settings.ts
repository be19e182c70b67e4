import type { Log, TopicSettings } from '../../log/index.ts'
import type { DeclaredTable } from './table-use.ts'

/** What the options of a topic table say of its topic. Without a word records are kept for good. */
export function topicSettings({ resolved, options }: DeclaredTable): TopicSettings {
  const { retention, retention_bytes: retentionBytes = null } = resolved.common
  const partitions = options['partitions'] === undefined ? undefined : Number(options['partitions'])
  return {
    retentionMs: retention === undefined || retention === null ? null : Math.ceil(retention / 1000),
    retentionBytes,
    ...(partitions === undefined ? {} : { partitions }),
  }
}

/** Makes the topic if it is not there. Only a new topic can become one that keeps the last record of every key. */
export async function ensureTopic(log: Log, topic: string, settings: TopicSettings, compact: boolean): Promise<void> {
  if (log.topic(topic) === undefined) await log.createTopic(topic, { ...settings, compact })
  else await log.alterTopic(topic, settings)
}
