import type { Log, LogBlock } from '../../log/index.ts'
import type { PayloadBlock } from '../executor/executor.ts'
import { payloadsOf, recordParts } from './payload-columns.ts'
import type { TopicSource } from './positions.ts'

/**
 * Records [from, to) of a partition once more, as the one block they were when an input gave them. Null: there are none.
 *
 * @throws MillraceError LOG_OFFSET_OUT_OF_RANGE when they are not there any more.
 */
export async function readRange(
  log: Log,
  { node, topic }: TopicSource,
  partition: number,
  from: number,
  to: number,
): Promise<PayloadBlock | null> {
  const blocks: LogBlock[] = []
  for await (const block of await log.reader(topic, { partition, from: { offset: from }, to })) blocks.push(block)
  return blocks.length === 0 ? null : payloadsOf(blocks, recordParts(node))
}
