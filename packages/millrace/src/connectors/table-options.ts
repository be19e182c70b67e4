import { z } from 'zod'
import { findFormat, type FormatDefinition } from '../formats/index.ts'
import { findFraming, type FramingDefinition } from '../framing/index.ts'
import {
  type BadDataPolicy,
  byteSizeOption,
  durationOption,
  foldIndexed,
  integerOption,
  MICROS_PER_DAY,
  MICROS_PER_SECOND,
  MillraceError,
  MillraceErrors,
  type OptionSchema,
  type OptionValue,
  parseOptions,
  type RawOption,
  unknownOptions,
} from '../kernel/index.ts'
import type { ConnectorDefinition, RetryPolicy } from './connector.ts'
import { findConnector } from './registry.ts'
import { templateNames } from './template.ts'

const DEFAULT_IDLE_TIMEOUT = 30 * MICROS_PER_SECOND
const DEFAULT_MAX_FUTURE_SKEW = MICROS_PER_DAY

/** A duration, or the word that switches the thing off: null. */
function durationOr(word: string) {
  const duration = durationOption()
  return z.string().transform((text, context) => {
    if (text.toLowerCase() === word) return null
    const { success, data, error } = duration.safeParse(text)
    if (success) return data
    context.addIssue({ code: 'custom', message: `${error.issues[0]!.message}, or '${word}'` })
    return z.NEVER
  })
}

/** What every table understands, whatever its connector. */
export const TABLE_OPTIONS = z.object({
  connector: z.string().describe('The system the table stands for, like websocket or single_file.'),
  type: z
    .enum(['source', 'sink'])
    .optional()
    .describe('source or sink: what the table is used for. Needed by no connector.'),
  format: z.string().optional().describe('How records are written, like json or raw_string.'),
  framing: z
    .string()
    .optional()
    .describe('How one message is split into records: newline or array. Default: a message is a record.'),
  bad_data: z
    .enum(['drop', 'fail', 'dead_letter'])
    .optional()
    .describe('What becomes of records that do not fit: drop, fail or dead_letter. All are counted.'),
  event_time_field: z
    .string()
    .optional()
    .describe('The column with the event time. WATERMARK FOR says the same and more.'),
  watermark_field: z
    .string()
    .optional()
    .describe('The column that is the watermark. Default: the event time minus one second.'),
  idle_timeout: durationOr('off')
    .optional()
    .describe(
      "Time without rows after which the input holds back no watermark, like '30s' (the default for live inputs), or 'off'.",
    ),
  idle_micros: integerOption({ min: 1 }).optional().describe('The same as idle_timeout, in microseconds.'),
  max_future_skew: durationOr('off')
    .optional()
    .describe("How far an event time may lie after its arrival, like '1 day' (the default for live inputs), or 'off'."),
  allowed_lateness: durationOption()
    .optional()
    .describe("How long windows stay open for late rows, like '10s'. Default: none."),
  retention: durationOr('none')
    .optional()
    .describe(
      "How long records are kept in the log, like '7 days', or 'none': they are not captured. Default: 24 hours, for topics for good.",
    ),
  retention_bytes: byteSizeOption()
    .optional()
    .describe(
      "Bytes a partition keeps in the log, like '10 GiB', before the oldest records go. Default: 1 GiB, for topics no limit.",
    ),
})

export type TableOptions = z.infer<typeof TABLE_OPTIONS>

/** Keys of the originals that have no meaning here, and what to do instead. */
const REFUSED: ReadonlyMap<string, string> = new Map(
  ['connection_profile', 'connection'].map((key) => [
    key,
    'There are no connection profiles; write the connection into the options of the table.',
  ]),
)

/** A table's options, read. `connectorOptions`, `formatOptions`, `framingOptions` are what their definitions take as `options`. */
export interface ResolvedTable {
  readonly connector: ConnectorDefinition
  readonly connectorOptions: never
  readonly format: FormatDefinition
  readonly formatOptions: unknown
  readonly framing: FramingDefinition | null
  readonly framingOptions: unknown
  readonly common: TableOptions
  readonly canRead: boolean
  readonly canWrite: boolean
  readonly bounded: boolean
  /** The whole payload is the one column `value`. */
  readonly wholePayload: boolean
  readonly badData: BadDataPolicy | null
  /** Microseconds; null: off. */
  readonly idleTimeout: number | null
  readonly maxFutureSkew: number | null
  /** Null: a lost connection is not made again. */
  readonly retry: RetryPolicy | null
  /** Variables the options mention, each once. */
  readonly variables: readonly string[]
}

/**
 * Reads the options of a table as they stand in a plan: flat keys, as the user wrote them.
 *
 * @throws MillraceErrors with everything that is wrong
 */
export function resolveTable(options: Readonly<Record<string, OptionValue>>, table: string): ResolvedTable {
  const { resolved, errors } = readTable(
    Object.entries(options).map(([key, value]) => ({ key, value })),
    table,
  )
  if (resolved === null) throw new MillraceErrors(errors)
  return resolved
}

/** All errors at once; `resolved` is null exactly when there are some. */
export function readTable(
  given: readonly RawOption[],
  table: string,
): { readonly resolved: ResolvedTable | null; readonly errors: readonly MillraceError[] } {
  const folded = foldIndexed(given)
  const errors: MillraceError[] = [...folded.errors, ...repeated(folded.options)]
  const options = folded.options.filter((option) => {
    const hint = REFUSED.get(option.key)
    if (hint !== undefined) {
      errors.push(
        new MillraceError('CONFIG_OPTION_INVALID', `option "${option.key}" is not supported`, {
          hint,
          span: option.span,
        }),
      )
    }
    return hint === undefined
  })
  const read = <Schema extends OptionSchema>(schema: Schema, owner: string): z.infer<Schema> | undefined => {
    const parsed = parseOptions(schema, options, owner)
    errors.push(...parsed.errors)
    return parsed.value
  }

  const owner = `table "${table}"`
  const common = read(TABLE_OPTIONS, owner)
  const connector = named(options, 'connector', findConnector, errors)
  const format = named(options, 'format', findFormat, errors) ?? defaultFormat(connector, options, errors)
  const framing = named(options, 'framing', findFraming, errors)
  const connectorOptions = connector && read(connector.options, `connector "${connector.name}"`)
  const formatOptions = format && read(format.options, `format "${format.name}"`)
  const framingOptions = framing && read(framing.options, `framing "${framing.name}"`)
  // Without the connector its options are unknown, and everything would look like a slip of the pen.
  if (connector !== undefined) {
    const schemas = [TABLE_OPTIONS, connector.options, format?.options, framing?.options]
    const known = schemas.flatMap((schema) => Object.keys(schema?.shape ?? {}))
    errors.push(...unknownOptions(options, known, `connector "${connector.name}"`))
    const checkable = connectorOptions ?? wellFormed(connector.options, options)
    if (checkable !== undefined) errors.push(...checkConnector(connector, checkable as never, options))
    errors.push(...checkType(connector, options))
    if (common !== undefined) errors.push(...checkRetention(connector, common, options))
  }
  if (
    errors.length > 0 ||
    common === undefined ||
    connector === undefined ||
    format === undefined ||
    connectorOptions === undefined
  ) {
    return { resolved: null, errors }
  }

  const bounded = connector.bounded?.(connectorOptions as never) ?? connector.capabilities.bounded
  const off = bounded || !connector.capabilities.source
  const resolved: ResolvedTable = {
    connector,
    connectorOptions: connectorOptions as never,
    format,
    formatOptions,
    framing: framing ?? null,
    framingOptions,
    common,
    canRead: connector.capabilities.source && common.type !== 'sink',
    canWrite: connector.capabilities.sink && common.type !== 'source',
    bounded,
    wholePayload:
      format.name.startsWith('raw_') ||
      (formatOptions as Readonly<Record<string, unknown>>)['json.unstructured'] === true,
    badData: common.bad_data ?? null,
    idleTimeout:
      common.idle_timeout ?? common.idle_micros ?? (off || common.idle_timeout === null ? null : DEFAULT_IDLE_TIMEOUT),
    maxFutureSkew: common.max_future_skew ?? (off || common.max_future_skew === null ? null : DEFAULT_MAX_FUTURE_SKEW),
    retry: connector.retry?.(connectorOptions as never) ?? null,
    variables: templateNames((connector.templates?.(connectorOptions as never) ?? []).join('\n')),
  }
  return { resolved, errors: [] }
}

/** What `find` gives for the option's text; its error, pointed at the option, goes to `errors`. */
function named<T>(
  options: readonly RawOption[],
  key: string,
  find: (name: string) => T,
  errors: MillraceError[],
): T | undefined {
  const option = options.find((o) => o.key === key)
  if (typeof option?.value !== 'string') return undefined
  try {
    return find(option.value)
  } catch (thrown) {
    errors.push(MillraceError.from(thrown).at(option.span))
    return undefined
  }
}

function defaultFormat(
  connector: ConnectorDefinition | undefined,
  options: readonly RawOption[],
  errors: MillraceError[],
): FormatDefinition | undefined {
  if (connector === undefined || options.some((o) => o.key === 'format')) return undefined
  if (connector.defaultFormat !== null) return findFormat(connector.defaultFormat)
  errors.push(
    new MillraceError('CONFIG_OPTION_INVALID', `connector "${connector.name}" needs option "format"`, {
      hint: "For instance format = 'json'.",
    }),
  )
  return undefined
}

function repeated(options: readonly RawOption[]): MillraceError[] {
  const seen = new Set<string>()
  return options
    .filter((o) => seen.size === seen.add(o.key).size)
    .map((o) => new MillraceError('CONFIG_OPTION_INVALID', `option "${o.key}" is given twice`, { span: o.span }))
}

/** The options without those that are wrong by themselves, so that the others are checked nevertheless. */
function wellFormed(schema: OptionSchema, options: readonly RawOption[]): unknown {
  const good = options.filter(
    ({ key, value }) => (schema.shape[key] as z.ZodType | undefined)?.safeParse(value).success,
  )
  return schema.safeParse(Object.fromEntries(good.map(({ key, value }) => [key, value]))).data
}

function checkConnector(connector: ConnectorDefinition, parsed: never, options: readonly RawOption[]): MillraceError[] {
  return (connector.check?.(parsed) ?? []).map(({ key, message, detail, hint }) => {
    const span = options.find((o) => o.key === key)?.span
    return new MillraceError('CONFIG_OPTION_INVALID', `option "${key}" of connector "${connector.name}": ${message}`, {
      detail,
      hint,
      span,
    })
  })
}

function checkType(connector: ConnectorDefinition, options: readonly RawOption[]): MillraceError[] {
  const option = options.find((o) => o.key === 'type')
  const { source, sink } = connector.capabilities
  if (option === undefined || (option.value === 'source' ? source : option.value === 'sink' ? sink : true)) return []
  return [
    new MillraceError('CONFIG_OPTION_INVALID', `connector "${connector.name}" is no ${String(option.value)}`, {
      hint: source ? 'It can only be read from.' : 'It can only be written to.',
      span: option.span,
    }),
  ]
}

function checkRetention(
  connector: ConnectorDefinition,
  { retention, retention_bytes: bytes }: TableOptions,
  options: readonly RawOption[],
): MillraceError[] {
  const option = (key: string) => options.find((o) => o.key === key)
  if (connector.topic !== undefined && retention === null) {
    return [
      new MillraceError(
        'CONFIG_OPTION_INVALID',
        `option "retention" of connector "${connector.name}": 'none' has no meaning`,
        {
          hint: 'Say how long records are kept, or leave it out to keep them for good.',
          span: option('retention')?.span,
        },
      ),
    ]
  }
  if (bytes === undefined || retention !== null) return []
  return [
    new MillraceError('CONFIG_OPTION_INVALID', `option "retention_bytes" has no meaning with retention = 'none'`, {
      hint: 'Leave one of them out.',
      span: option('retention_bytes')?.span,
    }),
  ]
}
