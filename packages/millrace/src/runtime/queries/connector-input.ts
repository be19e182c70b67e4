import { MillraceError } from '../../kernel/index.ts'
import type { NodeId, SourceNode } from '../../plan/index.ts'
import type { PayloadBlock } from '../executor/executor.ts'
import type { JobContext } from '../job/connector-context.ts'
import { createSourceDriver } from '../job/create-source-driver.ts'
import { Inbox, type InboxItem } from '../job/inbox.ts'
import type { Gap } from '../job/job-types.ts'
import type { SourceDriver } from '../job/source-driver.ts'
import type { Portion, QueryInput } from './query-input.ts'

/** Payload bytes that wait for the query before sources are made to wait. */
const INBOX_BYTES = 16 * 1024 * 1024

export interface ConnectorInputOptions {
  readonly nodes: readonly SourceNode[]
  readonly context: JobContext & { readonly firstConnection: number | null }
  readonly gap: (gap: Gap) => void
  /** The error at the place of the source's table. */
  readonly placed: (error: MillraceError, table: string) => MillraceError
}

/** The sources of a query that are read through their connectors: files, and tables that are not captured. */
export class ConnectorInput implements QueryInput {
  readonly sources: readonly NodeId[]
  /** There is no history: what comes is now. */
  readonly caughtUp = true
  failure: MillraceError | null = null
  readonly #options: ConnectorInputOptions
  readonly #inbox = new Inbox(INBOX_BYTES)
  readonly #drivers = new Map<NodeId, SourceDriver>()
  readonly #reading = new Set<NodeId>()
  readonly #offsets = new Map<NodeId, number>()

  private constructor(options: ConnectorInputOptions) {
    this.#options = options
    this.sources = options.nodes.map((node) => node.id)
  }

  /** Loads the connectors and starts to read. */
  static async open(options: ConnectorInputOptions): Promise<ConnectorInput> {
    const input = new ConnectorInput(options)
    for (const node of options.nodes) {
      const driver = await createSourceDriver(node, input.#inbox, options.context, options.gap).catch(
        (error: unknown) => {
          throw options.placed(MillraceError.from(error), node.table)
        },
      )
      input.#drivers.set(node.id, driver)
    }
    for (const [node, driver] of input.#drivers) input.#start(node, driver)
    return input
  }

  get reconnects(): number {
    return [...this.#drivers.values()].reduce((sum, driver) => sum + driver.reconnects, 0)
  }

  get connected(): Readonly<Record<NodeId, boolean>> {
    return Object.fromEntries([...this.#drivers].map(([node, driver]) => [node, driver.connected]))
  }

  get drained(): boolean {
    return this.#reading.size === 0 && this.#inbox.isEmpty
  }

  wait(millis: number): Promise<void> {
    return this.#inbox.wait(millis)
  }

  wake(): void {
    this.#inbox.wake()
  }

  /** Everything that has come: what waits is bounded. */
  take(): Portion {
    const { items, ended } = this.#inbox.take()
    const now = this.#options.context.clock.now()
    return {
      inputs: items.map((item) => ({ source: item.source, block: this.#block(item, now) })),
      ended,
      settle: (error) => acknowledge(items, error),
    }
  }

  stop(): void {
    for (const driver of this.#drivers.values()) driver.stop()
    this.#inbox.wake()
  }

  close(): void {
    this.stop()
  }

  #start(node: NodeId, driver: SourceDriver): void {
    this.#reading.add(node)
    driver
      .run()
      .catch((error: unknown) => {
        this.failure ??= this.#options.placed(MillraceError.from(error), driver.table)
      })
      .finally(() => {
        this.#reading.delete(node)
        if (this.failure === null) this.#inbox.end(node)
        else this.#inbox.wake()
      })
  }

  #block({ source, delivery: { payloads } }: InboxItem, now: number): PayloadBlock {
    const firstOffset = this.#offsets.get(source) ?? 0
    this.#offsets.set(source, firstOffset + payloads.length)
    const timestamps = Float64Array.from(payloads, ({ timestamp }) => timestamp ?? now)
    return {
      values: { kind: 'list', payloads: payloads.map(({ value }) => value) },
      timestamps,
      firstOffset,
      partition: 0,
    }
  }
}

async function acknowledge(items: readonly InboxItem[], error: MillraceError | undefined): Promise<void> {
  await Promise.all(items.map((item) => item.delivery.ack(error)))
}
