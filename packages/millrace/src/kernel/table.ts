import type { MillraceError } from './errors.ts'
import type { RawOption } from './options.ts'
import type { Span } from './span.ts'
import type { DataType } from './types.ts'

export type BadDataPolicy = 'drop' | 'fail' | 'dead_letter'

/** What a CREATE TABLE says to the connector, the format and the framing. */
export interface TableRequest {
  readonly name: string
  readonly options: readonly RawOption[]
  /** Columns that come from the payload: no metadata, no generated ones. */
  readonly columns: readonly { readonly name: string; readonly type: DataType; readonly nullable: boolean }[]
  readonly span: Span
}

/** What planning needs to know of a table. Only meaningful when `errors` is empty. */
export interface TableDescription {
  readonly errors: readonly MillraceError[]
  readonly connector: string
  readonly canRead: boolean
  readonly canWrite: boolean
  /** The input comes to an end by itself. */
  readonly bounded: boolean
  readonly replayable: boolean
  /** Whether a sink takes changelogs, not only appended rows. */
  readonly acceptsChangelog: boolean
  readonly metadata: ReadonlyMap<string, DataType>
  /** The whole payload is the one column `value`. */
  readonly wholePayload: boolean
  readonly badData: BadDataPolicy | null
  /** `event_time_field`, `watermark_field`: column names. */
  readonly eventTimeField: string | null
  readonly watermarkField: string | null
  /** Microseconds; null: off. */
  readonly idleTimeout: number | null
  readonly maxFutureSkew: number | null
  readonly allowedLateness: number
}

/** Reads and checks a table's options, all errors at once. */
export type DescribeTable = (request: TableRequest) => TableDescription
