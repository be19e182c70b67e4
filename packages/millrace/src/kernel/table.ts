import type { MillraceError } from './errors.ts'
import type { RawOption } from './options.ts'
import type { Span } from './span.ts'
import type { DataType } from './types.ts'

export type BadDataPolicy = 'drop' | 'fail' | 'dead_letter'

/** What becomes of rows when the process ends at the worst moment: some are missing, some come twice, or neither. */
export type DeliveryGuarantee = 'at_most_once' | 'at_least_once' | 'exactly_once'

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
  /** How surely a sink gets each row. */
  readonly delivery: DeliveryGuarantee
  /** It is a topic: its records are nowhere but in the log. */
  readonly topic: boolean
  /** Where there is a log, what its source says is kept in a topic. */
  readonly captured: boolean
  /** How a topic's records say what they take back; null: every record is an appended row. */
  readonly changelog: 'weights' | 'upsert' | null
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
