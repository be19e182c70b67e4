import { setTimeout as delay } from 'node:timers/promises'
import { type Position, resolveTable } from '../../connectors/index.ts'
import { assert, type Clock, MillraceError, type OptionValue, systemClock, validateJson } from '../../kernel/index.ts'
import type { Append, Commit, Log, LogRecord, PackedValues, TopicSettings } from '../../log/index.ts'
import { connectorContext } from '../job/connector-context.ts'
import { Inbox, type InboxItem } from '../job/inbox.ts'
import type { Gap } from '../job/job-types.ts'
import { Notices } from '../job/notices.ts'
import { SourceDriver } from '../job/source-driver.ts'
import type { Templates } from '../templates.ts'
import { captureKey, type CaptureState, decodeCapture, encodeCapture } from './capture-state.ts'
import { ensureGapsTopic, gapAppend } from './gap-record.ts'
import { PositionSource } from './position-source.ts'

export interface CaptureOptions {
  readonly log: Log
  /** Its name is that of the topic. */
  readonly table: string
  /** The table's options, as in a plan. */
  readonly options: Readonly<Record<string, OptionValue>>
  readonly templates: Templates
  readonly clock?: Clock
  /** Microseconds in which a source that never gives up must have connected for the first time. Default: no limit. */
  readonly firstConnection?: number | null
  /** Something the operator should see. */
  readonly notice: (message: string) => void
  /** Durably recorded. */
  readonly gap?: (gap: Gap) => void
}

export interface CaptureStatistics {
  readonly table: string
  readonly connector: string
  readonly state: 'starting' | 'running' | 'stopping' | 'ended'
  readonly connected: boolean
  readonly records: number
  readonly bytes: number
  readonly reconnects: number
  readonly gaps: number
  /** Received and not durable yet. */
  readonly pendingRecords: number
}

export type CaptureEnd =
  /** The source came to its end; everything it said is in the log. */
  | { readonly kind: 'finished' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly error: MillraceError }

const DEFAULT_RETENTION_MS = 24 * 3600 * 1000
const DEFAULT_RETENTION_BYTES = 1024 ** 3
/** Payload bytes that wait for the log before the source is made to wait. */
const INBOX_BYTES = 16 * 1024 * 1024
/** Milliseconds between two attempts to write to a disk that is full. */
const FULL_RETRY_MS = 1000
const NODE = 'capture'
const STOPPED = 'the capture was not running'

/** What a table's topic keeps; null: `retention = 'none'`, the table is not captured. */
export function captureRetention(options: Readonly<Record<string, OptionValue>>, table: string): TopicSettings | null {
  const { retention, retention_bytes: retentionBytes = DEFAULT_RETENTION_BYTES } = resolveTable(options, table).common
  if (retention === null) return null
  const retentionMs = retention === undefined ? DEFAULT_RETENTION_MS : Math.ceil(retention / 1000)
  return { retentionMs, retentionBytes }
}

/**
 * Writes what a table's source says into the topic of the table's name, one record a message after transport framing, its bytes verbatim,
 * with the time of its arrival. One transaction after the other, each with all that came during the last one. Gaps become records of
 * their own topic, positions of sources that can be replayed stand in the transaction of their records.
 */
export class Capture {
  /** Settles once, never rejects. */
  readonly ended: Promise<CaptureEnd>
  /** Resolves once the topic is there, or the capture has ended. */
  readonly opened: Promise<void>
  readonly table: string
  readonly #options: CaptureOptions
  readonly #clock: Clock
  readonly #inbox = new Inbox(INBOX_BYTES)
  readonly #connector: string
  /** Known since the last transaction and not recorded yet, each with the number of deliveries before it. */
  #gaps: { readonly gap: Gap; readonly after: number }[] = []
  #source: PositionSource | null = null
  #driver: SourceDriver | null = null
  #setOpened: () => void = () => undefined
  #state: CaptureStatistics['state'] = 'starting'
  #stopping = false
  #failure: MillraceError | null = null
  /** Deliveries handed to the log. */
  #taken = 0
  #next = 0
  #position: Position | null = null
  #at = 0
  #checks = false
  #records = 0
  #bytes = 0
  #gapCount = 0

  constructor(options: CaptureOptions) {
    this.#options = options
    this.table = options.table
    this.#clock = options.clock ?? systemClock
    this.#connector = resolveTable(options.options, options.table).connector.name
    this.opened = new Promise((resolve) => {
      this.#setOpened = resolve
    })
    this.ended = this.#run()
  }

  statistics(): CaptureStatistics {
    return {
      table: this.table,
      connector: this.#connector,
      state: this.#state,
      connected: this.#driver?.connected ?? false,
      records: this.#records,
      bytes: this.#bytes,
      reconnects: this.#driver?.reconnects ?? 0,
      gaps: this.#gapCount,
      pendingRecords: (this.#source?.records ?? 0) - this.#records,
    }
  }

  /** Reads no more; what was read becomes durable first. */
  async stop(): Promise<CaptureEnd> {
    if (this.#state !== 'ended') this.#state = 'stopping'
    this.#stopping = true
    this.#driver?.stop()
    this.#inbox.wake()
    return this.ended
  }

  async #run(): Promise<CaptureEnd> {
    try {
      const finished = await this.#open()
      if (!finished) await this.#pump()
      return this.#stopping ? { kind: 'stopped' } : { kind: 'finished' }
    } catch (thrown) {
      return { kind: 'failed', error: this.#options.templates.redactError(MillraceError.from(thrown)) }
    } finally {
      this.#driver?.stop()
      this.#state = 'ended'
      this.#setOpened()
    }
  }

  /** True: the source had come to its end already. */
  async #open(): Promise<boolean> {
    const { log, table, options, templates, notice } = this.#options
    const resolved = resolveTable(options, table)
    const { connector, connectorOptions, retry } = resolved
    assert(connector.source !== undefined, `connector "${connector.name}" is no source`)
    await this.#ensureTopic()
    await ensureGapsTopic(log)
    this.#setOpened()
    const stored = await log.get(captureKey(table))
    const before = stored === undefined ? null : decodeCapture(stored)
    this.#position = before?.position ?? null
    this.#at = before?.at ?? 0
    const [range] = await log.offsets(table)
    this.#next = range?.end ?? 0
    const { replayable } = connector.capabilities
    if (replayable && before?.finished === true) return true
    this.#checks = resolved.format.name === 'json' && resolved.framing === null

    const notices = new Notices(this.#clock, (message) => notice(templates.redact(message)))
    const context = connectorContext(table, {
      clock: this.#clock,
      templates,
      stdout: process.stdout,
      events: { output: () => undefined },
      notices,
    })
    const source = await connector.source(connectorOptions, context)
    let missed = replayable ? null : before
    this.#source = new PositionSource(source, this.#position, () => {
      if (missed !== null) this.#note({ table, from: missed.at, to: this.#clock.now(), reason: STOPPED, count: null })
      missed = null
    })
    this.#driver = new SourceDriver({
      node: NODE,
      table,
      source: this.#source,
      retry,
      firstConnection: this.#options.firstConnection ?? null,
      replayable,
      clock: this.#clock,
      inbox: this.#inbox,
      // A feed that is down when the capture stops is covered by the gap of the stop.
      gap: (gap) => {
        if (gap.to !== null || !this.#stopping) this.#note({ ...gap, reason: templates.redact(gap.reason) })
      },
      notice: (message) => notices.say(message),
    })
    return false
  }

  async #ensureTopic(): Promise<void> {
    const { log, table, options } = this.#options
    const settings = captureRetention(options, table)
    assert(settings !== null, `table "${table}" is not to be captured`)
    if (log.topic(table) === undefined) await log.createTopic(table, settings)
    else await log.alterTopic(table, settings)
  }

  #note(gap: Gap): void {
    this.#gaps.push({ gap, after: this.#source!.deliveries })
    this.#inbox.wake()
  }

  async #pump(): Promise<void> {
    const driver = this.#driver!
    if (this.#stopping) driver.stop()
    let open = true
    if (this.#state === 'starting') this.#state = 'running'
    driver
      .run()
      .catch((error: unknown) => {
        this.#failure = MillraceError.from(error)
      })
      .finally(() => this.#inbox.end(NODE))
    while (open) {
      if (this.#gaps.length === 0) await this.#inbox.wait(60_000)
      const { items, ended } = this.#inbox.take()
      open = ended.length === 0
      await this.#commit(items, !open && !this.#stopping && this.#failure === null)
    }
    if (this.#failure !== null) throw this.#failure
  }

  async #commit(items: readonly InboxItem[], finished: boolean): Promise<void> {
    const { table, gap: report } = this.#options
    const gaps = this.#gaps
    this.#gaps = []
    if (items.length === 0 && gaps.length === 0 && !finished) return
    // Dead letters may have been sent through the topic again.
    if (gaps.length > 0) this.#next = (await this.#options.log.offsets(table))[0]!.end
    const appends: Append[] = []
    let next = this.#next
    let bytes = 0
    let waiting = gaps
    for (const item of items) {
      const due = waiting.filter(({ after }) => after <= this.#taken)
      waiting = waiting.slice(due.length)
      for (const { gap } of due) appends.push(gapAppend(table, next, gap))
      const { payloads, position } = item.delivery
      appends.push(this.#append(item))
      next += payloads.length
      bytes += item.bytes
      if (position !== null) this.#position = position
      this.#at = payloads.at(-1)?.timestamp ?? this.#clock.now()
      this.#taken++
    }
    for (const { gap } of waiting) appends.push(gapAppend(table, next, gap))
    const state: CaptureState = { position: this.#position, at: this.#at, finished }
    try {
      await this.#write({ appends, puts: [{ key: captureKey(table), value: encodeCapture(state) }] })
    } catch (thrown) {
      const error = MillraceError.from(thrown)
      await Promise.all(items.map((item) => item.delivery.ack(error)))
      throw error
    }
    this.#records += next - this.#next
    this.#bytes += bytes
    this.#next = next
    this.#gapCount += gaps.length
    for (const { gap } of gaps) report?.(gap)
    for (const item of items) await item.delivery.ack()
  }

  /** A full disk makes the source wait. */
  async #write(commit: Commit): Promise<void> {
    const { log, notice, table } = this.#options
    for (;;) {
      try {
        await log.commit(commit)
        return
      } catch (thrown) {
        const error = MillraceError.from(thrown)
        if (error.code !== 'LOG_FULL' || this.#stopping) throw error
        notice(`table "${table}": ${error.message}; trying again every ${FULL_RETRY_MS / 1000} s`)
        await delay(FULL_RETRY_MS)
      }
    }
  }

  #append({ delivery: { payloads }, bytes }: InboxItem): Append {
    const { table } = this.#options
    const now = this.#clock.now()
    const checked = this.#checks && payloads.every(({ value }) => validateJson(value))
    if (payloads.some(({ key }) => key !== undefined)) {
      const records = payloads.map(({ value, key, timestamp }): LogRecord => ({ value, key, timestamp: timestamp ?? now }))
      return { topic: table, records, checked }
    }
    const packed: PackedValues = {
      bytes: new Uint8Array(bytes),
      offsets: new Uint32Array(payloads.length + 1),
      timestamps: new Float64Array(payloads.length),
    }
    let end = 0
    for (const [i, { value, timestamp }] of payloads.entries()) {
      packed.bytes.set(value, end)
      end += value.length
      packed.offsets[i + 1] = end
      packed.timestamps![i] = timestamp ?? now
    }
    return { topic: table, records: packed, checked }
  }
}
