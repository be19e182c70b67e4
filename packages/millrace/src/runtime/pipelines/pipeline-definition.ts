import { createHash } from 'node:crypto'
import type { Schema } from '../../kernel/index.ts'
import type { TopicSettings } from '../../log/index.ts'
import type { Dataflow, NodeId, Options, SourceNode } from '../../plan/index.ts'
import type { TopicSource } from '../topic-input/index.ts'

/** How rows become records of a topic. */
export type ResultForm =
  /** A record a row. */
  | { readonly kind: 'append' }
  /** A record a change: the row as key and value, and how often it is inserted (+) or taken back (-) in the header `weight`. */
  | { readonly kind: 'weights' }
  /** A record a key that a step has changed: the row it stands for now, or a tombstone. `key`: indexes of visible columns. */
  | { readonly kind: 'upsert'; readonly key: readonly number[] }
  /** `{"op":"insert"|"delete","row":{...}}` a change, for sinks outside that take changelogs. */
  | { readonly kind: 'changelog' }

/** Where the rows of an output or sink node go. */
export interface ResultTopic {
  readonly node: NodeId
  readonly topic: string
  /** Visible columns. */
  readonly schema: Schema
  readonly form: ResultForm
  /** Of the table whose format writes the rows; null: JSON. */
  readonly options: Options | null
  /** Of a topic that is made for this result and has no other writer; null: it belongs to a table, which has made it. */
  readonly settings: TopicSettings | null
}

/** A dataflow from topics to topics. Plain data. */
export interface PipelineDefinition {
  /** Unique among pipelines; any characters. */
  readonly name: string
  readonly dataflow: Dataflow
  /** The topic of each source node. */
  readonly topics: Readonly<Record<NodeId, string>>
  readonly results: readonly ResultTopic[]
}

export function sourcesOf({ dataflow, topics }: PipelineDefinition): readonly TopicSource[] {
  const nodes = dataflow.nodes.filter((node): node is SourceNode => node.kind === 'source')
  return nodes.map((node) => ({ node, topic: topics[node.id]! }))
}

/** Names a schema by what it says: the first 16 hexadecimal digits of the SHA-256 of its JSON. */
export function schemaId(schema: Schema): string {
  return createHash('sha256').update(JSON.stringify(schema)).digest('hex').slice(0, 16)
}

/** Where the log keeps a schema that records name. */
export function schemaKey(id: string): string {
  return `schema/${id}`
}

/** The owner of a pipeline's holds and state, and the beginning of its keys. */
export function pipelineOwner(name: string): string {
  return `pipeline/${name}`
}

export function journalTopic(name: string): string {
  return `$journal/${name}`
}
