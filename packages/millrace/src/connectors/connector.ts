import type { Clock, DataType, DeliveryGuarantee, OptionSchema, TableDescription } from '../kernel/index.ts'
import type { EncodedRows } from '../formats/index.ts'
import type { Broadcast, BroadcastOptions } from './broadcast.ts'

/** One message after transport framing, bytes verbatim. The connector does not reuse the bytes. */
export interface Payload {
  readonly value: Uint8Array
  readonly key?: Uint8Array | undefined
  /** Arrival or record time, microseconds. Absent: the runtime's clock at delivery. */
  readonly timestamp?: number | undefined
  /** Values of the definition's metadata columns, as text. `timestamp` and `key` are taken from the members above. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** JSON-serialisable. A source connected from it goes on strictly AFTER the last payload of the delivery that carried it. */
export type Position = Readonly<Record<string, string | number | null>>

export interface Delivery {
  readonly payloads: readonly Payload[]
  /** Null: the source cannot be replayed. */
  readonly position: Position | null
  /** Called exactly once, after the runtime has durably accepted the delivery or finally given it up. */
  ack(error?: Error): Promise<void>
}

/** Delivers raw payloads. Does not parse, retry, batch by time, count or log: the runtime does. */
export interface Source {
  /**
   * Called first, and again with backoff after `read` has rejected with CONNECTOR_NOT_CONNECTED. Rejects with CONNECTOR_REFUSED (or a
   * CONFIG_ or FILE_ code) when trying again cannot help.
   */
  connect(from: Position | null, signal: AbortSignal): Promise<void>
  /**
   * Waits for payloads and gives all that has arrived; never an empty delivery. Null: end of input. One call at a time. Rejects with
   * CONNECTOR_NOT_CONNECTED after a loss, once everything received before it was delivered; with CANCELLED after an abort or `close`.
   */
  read(signal: AbortSignal): Promise<Delivery | null>
  /** Idempotent; a pending `read` then rejects with CANCELLED. */
  close(): Promise<void>
}

/** Why a sink is closed: its input ended; the operator stopped the query; or it failed. */
export type Ending =
  | { readonly kind: 'complete' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly error: Error }

/** JSON-serialisable: how much of what a sink was given counts. */
export type SinkToken = Readonly<Record<string, string | number | null>>

/** Takes encoded rows. `write` resolves when the outside has them as durably as the connector's capabilities say. */
export interface Sink {
  /**
   * Fails here, before any row, when the target cannot be written. `from`, where the sink has `checkpoint`: it is written in place and
   * without end, and goes on where the token was given, as if nothing had been written after that; null: it begins. Absent: the rows of
   * one query, up to `close`.
   */
  open(signal: AbortSignal, from?: SinkToken | null): Promise<void>
  /**
   * Rows in order, each ended by the definition's `rowSeparator`. Waits for room when the target is slow. One call at a time. Rejects with
   * CANCELLED when nobody reads the output any more: the query then ends without an error.
   */
  write(rows: EncodedRows, signal: AbortSignal): Promise<void>
  flush(signal: AbortSignal): Promise<void>
  /** Only after `open` with `from`. Resolves once everything written is as durable as the target can make it; null: it cannot go back. */
  checkpoint?(signal: AbortSignal): Promise<SinkToken | null>
  /** Idempotent. After a failure no half-written result is left that could be taken for whole. */
  close(ending: Ending): Promise<void>
}

export interface MetadataColumn {
  readonly key: string
  readonly type: DataType
  readonly doc: string
}

export interface Capabilities {
  readonly source: boolean
  readonly sink: boolean
  /** A source that reads the same payloads again from a position; others are captured into a topic first. */
  readonly replayable: boolean
  /** A source that comes to an end by itself (a file). */
  readonly bounded: boolean
  /** What a sink takes: appended rows only, or changelogs too. */
  readonly accepts: readonly ('append' | 'changelog')[]
  readonly delivery: DeliveryGuarantee
}

/** How the runtime connects a source again after a loss: delays double from the first to the largest, with jitter. Microseconds. */
export interface RetryPolicy {
  readonly initialDelay: number
  readonly maxDelay: number
  /** In a row, without a delivery in between. Null: without end. */
  readonly maxRetries: number | null
}

/** What the runtime lends a connector. */
export interface ConnectorContext {
  readonly table: string
  readonly clock: Clock
  /**
   * Replaces `{{ NAME }}` by variables the operator allows, anew on every call (reconnects see new values). Throws CONFIG_VARIABLE_MISSING. Results must not reach any output, message or log.
   */
  template(text: string, escape?: (value: string) => string): string
  /** A line for the operator, at most once per 10 s per message. The runtime adds the table's name. */
  notice(message: string): void
  /** A sink or server says where it can be reached, once it listens. */
  listening(url: string): void
  /** The runtime's fan-out, for sinks that serve clients. The caller closes it. */
  broadcast(options: BroadcastOptions): Broadcast
  readonly stdout: NodeJS.WritableStream
}

export interface OptionProblem {
  /** The option to point at. */
  readonly key: string
  readonly message: string
  readonly detail?: string | undefined
  readonly hint?: string | undefined
}

/**
 * One folder a connector: definition.ts (this, without third-party imports but zod), source.ts and sink.ts loaded lazily. The definition
 * alone drives SQL WITH, validation messages, docs and forms.
 */
export interface ConnectorDefinition<Options = never> {
  readonly name: string
  readonly aliases: readonly string[]
  readonly summary: string
  readonly capabilities: Capabilities
  /** Keys are option names; `.describe()` is the reference text. */
  readonly options: OptionSchema
  readonly metadata: readonly MetadataColumn[]
  /** Used when the table names none. */
  readonly defaultFormat: string | null
  /** What the runtime puts after every row it hands to the sink: a newline, or nothing. */
  readonly rowSeparator: '\n' | ''
  readonly examples: readonly { readonly title: string; readonly sql: string }[]
  /** What is wrong with options that are well-formed one by one. */
  check?(options: Options): readonly OptionProblem[]
  /** The texts that may hold `{{ NAME }}`, so that missing variables are found before anything is started. */
  templates?(options: Options): readonly string[]
  /** Overrides `capabilities.bounded` where it depends on the options. */
  bounded?(options: Options): boolean
  /** Absent: a lost connection is not made again. */
  retry?(options: Options): RetryPolicy
  /** A topic of the log itself, which the runtime reads and writes: there is neither `source` nor `sink`. */
  topic?(options: Options): Pick<TableDescription, 'changelog'>
  source?(options: Options, context: ConnectorContext): Promise<Source>
  sink?(options: Options, context: ConnectorContext): Promise<Sink>
}
