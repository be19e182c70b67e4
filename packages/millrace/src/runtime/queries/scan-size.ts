import type { Log } from '../../log/index.ts'
import type { SourceNode, TopicPosition } from '../../plan/index.ts'
import type { PlannedQuery } from '../catalog/index.ts'
import { offsetsAt } from '../topic-input/index.ts'

/** About how many bytes of records a query finds when it is started. */
export async function scanBytes(log: Log, { dataflow, topics }: PlannedQuery, start: TopicPosition): Promise<number> {
  const sources = dataflow.nodes.filter((node) => node.kind === 'source')
  const sizes = await Promise.all(sources.map((node) => sourceBytes(log, node, topics[node.id]!, start)))
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function sourceBytes(log: Log, node: SourceNode, topic: string, start: TopicPosition): Promise<number> {
  const from = await offsetsAt(log, topic, node.from ?? start)
  const to = await offsetsAt(log, topic, node.to ?? { kind: 'latest' })
  const partitions = await log.partitionStatistics(topic)
  return partitions.reduce((sum, { start: first, end, bytes }, partition) => {
    const read = Math.min(to[partition] ?? end, end) - Math.max(from[partition] ?? first, first)
    return sum + (read <= 0 ? 0 : (bytes * read) / (end - first))
  }, 0)
}
