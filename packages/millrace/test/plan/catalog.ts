import {
  type DataType,
  didYouMean,
  INT,
  MillraceError,
  type OptionValue,
  parseDuration,
  type TableDescription,
  type TableRequest,
  TEXT,
  TIMESTAMP,
} from '../../src/kernel/index.ts'
import { functionCatalog } from '../../src/engine/index.ts'
import type { PlanCatalog } from '../../src/sql/index.ts'

const DURATIONS = ['idle_timeout', 'max_future_skew', 'allowed_lateness']
const KNOWN = [
  'connector',
  'endpoint',
  'headers',
  'subscription_messages',
  'type',
  'format',
  'json.unstructured',
  'bad_data',
  'retention',
  'changelog',
  'event_time_field',
  'watermark_field',
  ...DURATIONS,
]

/** Connectors by name: what they read and write, and metadata of their own. */
const CONNECTORS: Readonly<
  Record<
    string,
    {
      read: boolean
      write: boolean
      changelog: boolean
      metadata: Record<string, DataType>
      delivery?: TableDescription['delivery']
      topic?: boolean
    }
  >
> = {
  websocket: { read: true, write: false, changelog: false, metadata: {} },
  kafka: {
    read: true,
    write: true,
    changelog: false,
    metadata: { key: TEXT, partition: INT },
  },
  websocket_server: { read: false, write: true, changelog: false, metadata: {} },
  blackhole: { read: false, write: true, changelog: true, metadata: {} },
  topic: {
    read: true,
    write: true,
    changelog: true,
    metadata: { key: TEXT, watermark: TIMESTAMP, partition: INT },
    delivery: 'exactly_once',
    topic: true,
  },
}

/** The options of a table, read as the planner expects of the connectors, without any of them. */
function describeTable(request: TableRequest): TableDescription {
  const errors: MillraceError[] = []
  const options = new Map<string, OptionValue>(request.options.map((o) => [o.key, o.value]))
  for (const { key, span } of request.options) {
    if (KNOWN.includes(key)) continue
    errors.push(
      new MillraceError('CONFIG_OPTION_UNKNOWN', `there is no option "${key}"`, { span, hint: didYouMean(key, KNOWN) }),
    )
  }
  const connector = String(options.get('connector') ?? '')
  const definition = CONNECTORS[connector]
  if (definition === undefined) {
    errors.push(
      new MillraceError('CONFIG_CONNECTOR_UNKNOWN', `there is no connector "${connector}"`, { span: request.span }),
    )
  }
  const duration = (key: string) => (options.has(key) ? (parseDuration(String(options.get(key))) ?? null) : null)
  const topic = definition?.topic ?? false
  const changes = options.get('changelog')
  const changelog = changes === 'weights' || changes === 'upsert' ? changes : null
  const text = (key: string) => (options.has(key) ? String(options.get(key)) : null)
  return {
    errors,
    connector,
    canRead: definition?.read ?? false,
    canWrite: definition?.write ?? false,
    bounded: false,
    replayable: false,
    acceptsChangelog: (definition?.changelog ?? false) && (!topic || changelog !== null),
    delivery: definition?.delivery ?? 'at_least_once',
    topic,
    captured: !topic && (definition?.read ?? false) && options.get('retention') !== 'none',
    changelog,
    metadata: new Map(Object.entries(definition?.metadata ?? {})),
    wholePayload: options.get('json.unstructured') === 'true' || options.get('format') === 'raw_string',
    badData: null,
    eventTimeField: text('event_time_field'),
    watermarkField: text('watermark_field'),
    idleTimeout: duration('idle_timeout'),
    maxFutureSkew: duration('max_future_skew'),
    allowedLateness: duration('allowed_lateness') ?? 0,
  }
}

export const catalog: PlanCatalog = { functions: functionCatalog, describeTable }
