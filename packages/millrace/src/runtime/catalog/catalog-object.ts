import { MillraceError } from '../../kernel/index.ts'
import type { Put } from '../../log/index.ts'

export type ObjectKind = 'table' | 'view' | 'materialized view' | 'pipeline'

/** Who said the statement: the operator by a script on the command line, or somebody over the network. */
export type Origin = 'operator' | 'network'

/** What the log keeps of an object, until it is dropped. */
export interface CatalogObject {
  readonly name: string
  readonly kind: ObjectKind
  /** The statement in canonical form, standard dialect, without OR REPLACE and IF NOT EXISTS. */
  readonly sql: string
  readonly origin: Origin
  /** Order of creation. */
  readonly ordinal: number
  readonly paused: boolean
  /** A table that can be both read and written through its connector is a sink from its first INSERT on. */
  readonly sink: boolean
}

export const CATALOG_PREFIX = 'catalog/'

/** Pipelines have names of their own; tables and views share theirs. Names that differ in case alone are the same. */
export function objectKey({ kind, name }: Pick<CatalogObject, 'kind' | 'name'>): string {
  return kind === 'pipeline' ? pipelineKey(name) : relationKey(name)
}

export function relationKey(name: string): string {
  return `relation/${name.toLowerCase()}`
}

export function pipelineKey(name: string): string {
  return `pipeline/${name.toLowerCase()}`
}

export function objectPut(object: CatalogObject): Put {
  return { key: `${CATALOG_PREFIX}${objectKey(object)}`, value: Buffer.from(JSON.stringify(object)) }
}

/** @throws MillraceError LOG_CORRUPT */
export function decodeObject(key: string, bytes: Uint8Array): CatalogObject {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as CatalogObject
  } catch (cause) {
    throw new MillraceError('LOG_CORRUPT', `the catalogue's entry "${key}" cannot be read`, { cause })
  }
}

/** `table "t"`, for messages. */
export function objectText({ kind, name }: Pick<CatalogObject, 'kind' | 'name'>): string {
  return `${kind} "${name}"`
}
