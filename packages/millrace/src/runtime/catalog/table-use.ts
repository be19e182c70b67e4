import { type ResolvedTable, resolveTable } from '../../connectors/index.ts'
import type { OptionValue, TableDescription } from '../../kernel/index.ts'
import type { PlannedTable } from '../../sql/index.ts'

/** What a server does with a table. */
export type TableUse =
  /** Its source is written into the topic of its name. */
  | { readonly kind: 'capture'; readonly topic: string }
  /** It can be read, but says `retention = 'none'`: there is nothing to read it from. */
  | { readonly kind: 'uncaptured' }
  /** It is a topic, written by pipelines and from outside. */
  | { readonly kind: 'topic'; readonly topic: string }
  /** What pipelines write into the topic of its name is delivered to the outside. */
  | { readonly kind: 'sink'; readonly topic: string }

/** A table of the catalogue that is well-formed. */
export interface DeclaredTable {
  readonly name: string
  readonly options: Readonly<Record<string, OptionValue>>
  readonly resolved: ResolvedTable
  /** Names of columns. */
  readonly primaryKey: readonly string[]
  /** How records of a topic say what they take back. */
  readonly changelog: TableDescription['changelog']
  readonly use: TableUse
}

/** `sink`: an INSERT has named it. */
export function declaredTable(table: PlannedTable, sink: boolean): DeclaredTable {
  const { name, description } = table
  const options = Object.fromEntries(table.options.map(({ key, value }) => [key, value]))
  const resolved = resolveTable(options, name)
  const topic = String(options['topic'] ?? name)
  const use: TableUse = description.topic
    ? { kind: 'topic', topic }
    : description.canWrite && (sink || !description.canRead)
      ? { kind: 'sink', topic: name }
      : resolved.common.retention === null
        ? { kind: 'uncaptured' }
        : { kind: 'capture', topic: name }
  return { name, options, resolved, primaryKey: table.primaryKey, changelog: description.changelog, use }
}

/** The topic that holds a table's records; null: none does. */
export function topicOf(use: TableUse): string | null {
  return use.kind === 'uncaptured' ? null : use.topic
}
