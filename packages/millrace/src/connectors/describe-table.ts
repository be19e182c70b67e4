import { type DescribeTable, MillraceError, type TableDescription, type TableRequest } from '../kernel/index.ts'
import { readTable, type ResolvedTable } from './table-options.ts'

/** What planning needs to know of a table, from its options alone. */
export const describeTable: DescribeTable = (request) => {
  const { resolved, errors } = readTable(request.options, request.name)
  if (resolved === null) return { ...NOTHING, errors: errors.map((error) => error.at(request.span)) }
  const { connector } = resolved
  const topic = connector.topic?.(resolved.connectorOptions) ?? null
  return {
    errors: [...checkColumns(resolved, request), ...checkChangelog(resolved, topic)].map((error) =>
      error.at(request.span),
    ),
    connector: connector.name,
    canRead: resolved.canRead,
    canWrite: resolved.canWrite,
    bounded: resolved.bounded,
    replayable: connector.capabilities.replayable,
    acceptsChangelog:
      connector.capabilities.accepts.includes('changelog') && (topic === null || topic.changelog !== null),
    delivery: connector.capabilities.delivery,
    topic: topic !== null,
    captured: topic === null && resolved.canRead && resolved.common.retention !== null,
    changelog: topic?.changelog ?? null,
    metadata: new Map(connector.metadata.map((column) => [column.key, column.type])),
    wholePayload: resolved.wholePayload,
    badData: resolved.badData,
    eventTimeField: resolved.common.event_time_field ?? null,
    watermarkField: resolved.common.watermark_field ?? null,
    idleTimeout: resolved.idleTimeout,
    maxFutureSkew: resolved.maxFutureSkew,
    allowedLateness: resolved.common.allowed_lateness ?? 0,
  }
}

const NOTHING: TableDescription = {
  errors: [],
  connector: '',
  canRead: false,
  canWrite: false,
  bounded: false,
  replayable: false,
  acceptsChangelog: false,
  delivery: 'at_most_once',
  topic: false,
  captured: false,
  changelog: null,
  metadata: new Map(),
  wholePayload: false,
  badData: null,
  eventTimeField: null,
  watermarkField: null,
  idleTimeout: null,
  maxFutureSkew: null,
  allowedLateness: 0,
}

/** A table without columns may get them from what is inserted into it. */
function checkColumns(resolved: ResolvedTable, { columns }: TableRequest): readonly MillraceError[] {
  if (columns.length === 0 && resolved.canWrite) return []
  return resolved.format.checkSchema(columns, resolved.formatOptions)
}

/** A tombstone is read from its key, which is written in JSON. */
function checkChangelog(
  { format, wholePayload }: ResolvedTable,
  topic: Pick<TableDescription, 'changelog'> | null,
): readonly MillraceError[] {
  if (topic?.changelog !== 'upsert' || (format.name === 'json' && !wholePayload)) return []
  return [
    new MillraceError('CONFIG_OPTION_INVALID', `changelog = 'upsert' needs columns in format "json"`, {
      detail: 'The key of a record is a JSON object of the columns of the PRIMARY KEY.',
    }),
  ]
}
