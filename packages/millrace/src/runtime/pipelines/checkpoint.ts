import { MillraceError } from '../../kernel/index.ts'
import type { Hold, Log, Put } from '../../log/index.ts'
import type { NodeId } from '../../plan/index.ts'
import type { InputPositions } from '../topic-input/index.ts'
import { journalTopic, type PipelineDefinition, pipelineOwner } from './pipeline-definition.ts'

/** From where a pipeline can be run again: its state, and its place in the journal. */
export interface Checkpoint {
  /** In the state store; null: there is no state yet. */
  readonly snapshot: number | null
  /** Number of the next step. */
  readonly step: number
  /** Microseconds: of the last step. */
  readonly now: number
  /** Offset of the next journal entry. */
  readonly journal: number
  readonly positions: InputPositions
  /** Exclusive, of bounded sources: as they were when the pipeline began. */
  readonly ends: InputPositions
  readonly ended: readonly NodeId[]
  /** Microseconds: when it was taken. */
  readonly at: number
}

/** What a pipeline was when it ran last, and where it can go on. */
export interface StoredPipeline {
  readonly definition: PipelineDefinition
  readonly checkpoint: Checkpoint
}

const checkpointKey = (name: string): string => `${pipelineOwner(name)}/checkpoint`
const definitionKey = (name: string): string => `${pipelineOwner(name)}/definition`

/** Null: the pipeline has never run. @throws MillraceError STATE_CORRUPT */
export async function loadPipeline(log: Log, name: string): Promise<StoredPipeline | null> {
  const definition = await log.get(definitionKey(name))
  const checkpoint = await log.get(checkpointKey(name))
  if (definition === undefined || checkpoint === undefined) return null
  const read = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString())
  try {
    return { definition: read(definition) as PipelineDefinition, checkpoint: read(checkpoint) as Checkpoint }
  } catch (cause) {
    throw new MillraceError('STATE_CORRUPT', `the checkpoint of pipeline "${name}" cannot be read`, { cause })
  }
}

export function checkpointPut(name: string, checkpoint: Checkpoint): Put {
  return { key: checkpointKey(name), value: Buffer.from(JSON.stringify(checkpoint)) }
}

export function definitionPut(definition: PipelineDefinition): Put {
  return { key: definitionKey(definition.name), value: Buffer.from(JSON.stringify(definition)) }
}

export function forgettingPuts(name: string): Put[] {
  return [checkpointKey(name), definitionKey(name)].map((key) => ({ key, value: null }))
}

/**
 * What retention must keep so that everything after the checkpoint can be run again: the journal, and of each partition what the source
 * furthest behind has not read. Holds the pipeline has besides are let go.
 */
export function checkpointHolds(log: Log, definition: PipelineDefinition, checkpoint: Checkpoint): Hold[] {
  const { name, topics } = definition
  const { journal, positions, ends, ended } = checkpoint
  const owner = pipelineOwner(name)
  const needed = new Map<string, Hold>()
  const need = (topic: string, partition: number, offset: number): void => {
    const place = JSON.stringify([topic, partition])
    needed.set(place, { owner, topic, partition, offset: Math.min(offset, needed.get(place)?.offset ?? offset) })
  }
  need(journalTopic(name), 0, journal)
  for (const [source, offsets] of Object.entries(positions)) {
    const topic = topics[source]
    if (topic === undefined || ended.includes(source)) continue
    for (const [partition, offset] of offsets.entries()) need(topic, partition, offset)
    // Partitions that came later, unless the source ends with those it had.
    const partitions = ends[source] === undefined ? (log.topic(topic)?.config.partitions ?? 0) : 0
    for (let partition = offsets.length; partition < partitions; partition++) need(topic, partition, 0)
  }
  const others = releasedHolds(log, name).filter(
    ({ topic, partition }) => !needed.has(JSON.stringify([topic, partition])),
  )
  return [...needed.values(), ...others]
}

/** All of a pipeline's holds, let go. */
export function releasedHolds(log: Log, name: string): Hold[] {
  const owner = pipelineOwner(name)
  return log.holds().flatMap((hold) => (hold.owner === owner ? [{ ...hold, offset: null }] : []))
}
