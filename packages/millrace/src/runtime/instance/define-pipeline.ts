import type { PipelineTarget, PlannedPipeline } from '../catalog/index.ts'
import type { PipelineDefinition, ResultForm, ResultTopic } from '../pipelines/index.ts'

/** A planned object as a pipeline from topics to a topic. */
export function definePipeline({ name, dataflow, topics, target }: PlannedPipeline): PipelineDefinition {
  return { name, dataflow, topics, results: [resultTopic(target)] }
}

function resultTopic(target: PipelineTarget): ResultTopic {
  const { node, schema } = target
  if (target.kind === 'result') {
    const { topic, settings, changelog, key } = target
    const form: ResultForm = changelog === 'upsert' ? { kind: 'upsert', key } : { kind: changelog }
    return { node, topic, schema, form, options: null, settings: { ...settings, compact: changelog === 'upsert' } }
  }
  const { table } = target
  return { node, topic: target.topic, schema, form: tableForm(target), options: table.options, settings: null }
}

/** Rows of a table's topic look as the table says; those for the outside as its connector takes them. */
function tableForm({ table, schema, updating }: Extract<PipelineTarget, { kind: 'table' }>): ResultForm {
  if (table.use.kind !== 'topic') return { kind: updating ? 'changelog' : 'append' }
  switch (table.changelog) {
    case 'upsert':
      return { kind: 'upsert', key: table.primaryKey.map((column) => schema.fields.findIndex(({ name }) => name === column)) }
    case 'weights':
      return { kind: 'weights' }
    case null:
      return { kind: 'append' }
  }
}
