import { MillraceError } from '../../kernel/index.ts'
import type { Hold, Log, Put } from '../../log/index.ts'
import { ensureGapsTopic } from '../capture/gap-record.ts'
import { offsetsAt } from '../topic-input/index.ts'
import { checkpointHolds, checkpointPut, definitionPut, type StoredPipeline } from './checkpoint.ts'
import { ensureDeadLettersTopic } from './dead-letter.ts'
import { finishedPut } from './finished-topics.ts'
import { ensureJournal } from './journal.ts'
import { canKeepState } from './keep-state.ts'
import { journalTopic, type PipelineDefinition, schemaId, schemaKey, sourcesOf } from './pipeline-definition.ts'

/** Makes the topics a pipeline writes, as far as they are its own. */
export async function ensureTopics(log: Log, definition: PipelineDefinition): Promise<void> {
  await ensureGapsTopic(log)
  if (sourcesOf(definition).some(({ node }) => node.badData === 'dead_letter')) await ensureDeadLettersTopic(log)
  await ensureJournal(log, definition.name)
  for (const { topic, form, settings } of definition.results) {
    if (settings === null) continue
    const there = log.topic(topic)
    if (there === undefined) {
      await log.createTopic(topic, { ...settings, compact: form.kind === 'upsert' })
    } else if (
      Object.entries(settings).some(([name, value]) => value !== there.config[name as keyof typeof settings])
    ) {
      await log.alterTopic(topic, settings)
    }
  }
}

/** The first start: from the earliest records on, or from where a source says. */
export async function begin(log: Log, definition: PipelineDefinition, now: number): Promise<StoredPipeline> {
  const positions: Record<string, readonly number[]> = {}
  const ends: Record<string, readonly number[]> = {}
  for (const { node, topic } of sourcesOf(definition)) {
    positions[node.id] = await offsetsAt(log, topic, node.from ?? { kind: 'earliest' })
    if (node.to !== undefined) ends[node.id] = await offsetsAt(log, topic, node.to)
  }
  const [journal] = await log.offsets(journalTopic(definition.name))
  const checkpoint = {
    snapshot: null,
    step: 0,
    now: 0,
    journal: journal?.end ?? 0,
    positions,
    ends,
    ended: [],
    at: now,
  }
  const own = definition.results.filter(({ settings }) => settings !== null)
  await store(
    log,
    { definition, checkpoint },
    own.map(({ topic }) => finishedPut(topic, false)),
  )
  return { definition, checkpoint }
}

/**
 * The same place under a new definition. Nothing may be in the journal behind the checkpoint.
 *
 * @throws MillraceError CATALOG_CHANGED when the state means something else there.
 */
export async function adopt(
  log: Log,
  { definition: before, checkpoint }: StoredPipeline,
  definition: PipelineDefinition,
): Promise<StoredPipeline> {
  const reason = canKeepState(before.dataflow, definition.dataflow) ?? otherResults(before, definition)
  if (reason !== null) {
    throw new MillraceError('CATALOG_CHANGED', `pipeline "${definition.name}" cannot go on with its state: ${reason}`, {
      hint: 'Drop the state to begin anew, or go back to the definition it has.',
    })
  }
  await store(log, { definition, checkpoint }, [])
  return { definition, checkpoint }
}

/** Holds what running again needs, if it is not held already. */
export async function hold(log: Log, { definition, checkpoint }: StoredPipeline): Promise<void> {
  const held = log.holds()
  const has = (hold: Hold): boolean =>
    held.some(
      ({ owner, topic, partition, offset }) =>
        owner === hold.owner && topic === hold.topic && partition === hold.partition && offset === hold.offset,
    )
  const missing = checkpointHolds(log, definition, checkpoint).filter((each) => !has(each))
  if (missing.length > 0) await log.commit({ holds: missing })
}

/** Whether steps were made behind the checkpoint. */
export async function hasTail(log: Log, { definition, checkpoint }: StoredPipeline): Promise<boolean> {
  const [journal] = await log.offsets(journalTopic(definition.name))
  return (journal?.end ?? 0) > checkpoint.journal
}

async function store(log: Log, { definition, checkpoint }: StoredPipeline, puts: readonly Put[]): Promise<void> {
  const { name, results } = definition
  const schemas = results.map(
    ({ schema }): Put => ({ key: schemaKey(schemaId(schema)), value: Buffer.from(JSON.stringify(schema)) }),
  )
  await log.commit({
    puts: [...schemas, ...puts, checkpointPut(name, checkpoint), definitionPut(definition)],
    holds: checkpointHolds(log, definition, checkpoint),
  })
}

function otherResults(before: PipelineDefinition, after: PipelineDefinition): string | null {
  for (const { topic, form } of after.results) {
    const old = before.results.find((result) => result.topic === topic)
    if (old !== undefined && JSON.stringify(old.form) !== JSON.stringify(form))
      return `the records of topic "${topic}" become other ones`
  }
  return null
}
