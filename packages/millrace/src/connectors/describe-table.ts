import type { DescribeTable, MillraceError, TableDescription, TableRequest } from '../kernel/index.ts'
import { readTable, type ResolvedTable } from './table-options.ts'

/** What planning needs to know of a table, from its options alone. */
export const describeTable: DescribeTable = (request) => {
  const { resolved, errors } = readTable(request.options, request.name)
  if (resolved === null) return { ...NOTHING, errors: errors.map((error) => error.at(request.span)) }
  const { connector } = resolved
  return {
    errors: checkColumns(resolved, request).map((error) => error.at(request.span)),
    connector: connector.name,
    canRead: resolved.canRead,
    canWrite: resolved.canWrite,
    bounded: resolved.bounded,
    replayable: connector.capabilities.replayable,
    acceptsChangelog: connector.capabilities.accepts.includes('changelog'),
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
