import { type Ending, resolveTable, type Sink } from '../../connectors/index.ts'
import type { Encoder } from '../../formats/index.ts'
import { assert, MillraceError, type RecordBatch, type Span } from '../../kernel/index.ts'
import type { SinkNode } from '../../plan/index.ts'
import { ChangelogEncoder } from '../changelog-encoder.ts'
import { connectorContext, type JobContext } from './connector-context.ts'

/** Encodes the rows of one sink node and hands them to its connector. What that rejects with gets the place of the table. */
export class SinkWriter {
  readonly #sink: Sink
  readonly #encoder: Encoder
  readonly #separator: Uint8Array | undefined
  readonly #place: Span | undefined
  readonly #signal: AbortSignal

  constructor(
    sink: Sink,
    encoder: Encoder,
    separator: Uint8Array | undefined,
    place: Span | undefined,
    signal: AbortSignal,
  ) {
    this.#sink = sink
    this.#encoder = encoder
    this.#separator = separator
    this.#place = place
    this.#signal = signal
  }

  open(): Promise<void> {
    return this.#placed(this.#sink.open(this.#signal))
  }

  write(batch: RecordBatch): Promise<void> {
    return this.#placed(this.#sink.write(this.#encoder.encode(batch, this.#separator), this.#signal))
  }

  flush(): Promise<void> {
    return this.#placed(this.#sink.flush(this.#signal))
  }

  close(ending: Ending): Promise<void> {
    return this.#placed(this.#sink.close(ending))
  }

  #placed(work: Promise<void>): Promise<void> {
    return work.catch((error: unknown) => {
      throw MillraceError.from(error).at(this.#place)
    })
  }
}

export async function createSinkWriter(
  node: SinkNode,
  place: Span | undefined,
  context: JobContext,
  signal: AbortSignal,
): Promise<SinkWriter> {
  const { connector, connectorOptions, format, formatOptions } = resolveTable(node.options, node.table)
  assert(connector.sink !== undefined, `connector "${connector.name}" is no sink`)
  const sink = await connector.sink(connectorOptions, connectorContext(node.table, context))
  const rows = format.encoder(node.schema, formatOptions)
  const encoder = node.updating ? new ChangelogEncoder(rows) : rows
  const separator = connector.rowSeparator === '' ? undefined : Buffer.from(connector.rowSeparator)
  return new SinkWriter(sink, encoder, separator, place, signal)
}
