import type { Append, Log } from '../../log/index.ts'
import type { SourceNode } from '../../plan/index.ts'
import { GAPS_TOPIC } from '../capture/gap-record.ts'
import type { InputGap } from '../topic-input/index.ts'
import { type PipelineDefinition, sourcesOf } from './pipeline-definition.ts'
import type { Place } from './place.ts'

/** Records that retention deleted before the pipeline read them. What is held cannot become a gap any more. */
export async function gapsAt(log: Log, definition: PipelineDefinition, place: Place): Promise<InputGap[]> {
  const gaps: InputGap[] = []
  for (const { node, topic } of sourcesOf(definition)) {
    if (place.ended.has(node.id)) continue
    for (const { partition, start } of await log.offsets(topic)) {
      const from = place.position(node.id, partition)
      if (from < start && !cameTooLate(place, node, partition)) gaps.push({ source: node.id, topic, partition, from, to: start })
    }
  }
  return gaps
}

/** Of a bounded source, which has the partitions it had at first. */
function cameTooLate(place: Place, { id, to }: SourceNode, partition: number): boolean {
  return to !== undefined && partition >= (place.positions[id]?.length ?? 0)
}

/**
 * A gap of a pipeline among those of the topic it reads:
 *
 *     {"topic","partition","offset","from":null,"to":null,"reason","count","pipeline"}
 *
 * `count` records in front of the one at `offset` are missing in the results of the pipeline.
 */
export function pipelineGapAppend(pipeline: string, { topic, partition, from, to }: InputGap): Append {
  const reason = 'retention deleted the records before the pipeline read them'
  const value = { topic, partition, offset: to, from: null, to: null, reason, count: to - from, pipeline }
  return {
    topic: GAPS_TOPIC,
    records: [{ key: Buffer.from(topic), value: Buffer.from(JSON.stringify(value)) }],
    checked: true,
  }
}
