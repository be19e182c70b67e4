import { MillraceError } from '../../kernel/index.ts'
import type { Log } from '../../log/index.ts'
import type { NodeId, SourceNode, TopicPosition } from '../../plan/index.ts'

/** Next offsets, by source node and partition. */
export type InputPositions = Readonly<Record<NodeId, readonly number[]>>

/** A source node and the topic it reads. */
export interface TopicSource {
  readonly node: SourceNode
  readonly topic: string
}

/**
 * The offset that a position stands for in each partition of a topic.
 *
 * @throws MillraceError LOG_UNKNOWN_TOPIC; SQL_INVALID for an offset in a topic of several partitions.
 */
export async function offsetsAt(log: Log, topic: string, position: TopicPosition): Promise<number[]> {
  const ranges = await log.offsets(topic)
  switch (position.kind) {
    case 'earliest':
      return ranges.map(({ start }) => start)
    case 'latest':
      return ranges.map(({ end }) => end)
    case 'timestamp':
      return Promise.all(ranges.map(({ partition }) => log.offsetAt(topic, partition, position.timestamp)))
    case 'offset':
      if (ranges.length === 1) return [position.offset]
      throw new MillraceError('SQL_INVALID', `topic "${topic}" has ${ranges.length} partitions, and an offset is of one`, {
        hint: 'Say TIMESTAMP, EARLIEST or LATEST.',
      })
  }
}
