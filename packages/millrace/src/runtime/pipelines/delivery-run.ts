import type { Sink } from '../../connectors/index.ts'
import { MillraceError } from '../../kernel/index.ts'
import type { Log, LogBlock, LogReader } from '../../log/index.ts'
import { deliveredRows } from './delivered-rows.ts'
import { DELIVERED_PARTITION, type DeliveryPlace, loadDelivery, saveDelivery } from './delivery-place.ts'

export interface DeliveryRunOptions {
  readonly log: Log
  readonly table: string
  readonly sink: Sink
  readonly separator: Uint8Array
  /** Aborted: no more is read. */
  readonly signal: AbortSignal
  readonly opened: (place: DeliveryPlace) => void
  /** The sink has these, and it is noted. */
  readonly delivered: (place: DeliveryPlace, records: number, bytes: number) => void
  /** Retention deleted records [from, to) before they were delivered. */
  readonly missed: (from: number, to: number) => void
}

/** Bytes written before the sink is asked how far it has come, unless there is nothing more to write. */
const NOTED_BYTES = 1024 * 1024
/** How long a sink that is told to stop may take to hand on what it has. */
const LAST_NOTE_MS = 5000

/**
 * Writes the records of a table's topic to its sink, in order, and notes how far it has come. Returns when told to stop; then everything
 * written is noted. Rejects as the sink and the log do.
 */
export async function deliver(options: DeliveryRunOptions): Promise<void> {
  const { log, table, sink, separator, signal } = options
  const place = await loadDelivery(log, table)
  await sink.open(signal, sink.checkpoint === undefined ? undefined : place.token)
  options.opened(place)
  let reader = await readerAt(log, table, place.offset)
  let written = place.offset
  let records = 0
  let bytes = 0
  const note = async (): Promise<void> => {
    // What was written before a stop is noted too, if the sink does not hold it up.
    const noting = signal.aborted ? AbortSignal.timeout(LAST_NOTE_MS) : signal
    await sink.flush(noting)
    const token = (await sink.checkpoint?.(noting)) ?? null
    const reached = { offset: written, token }
    await saveDelivery(log, table, reached)
    options.delivered(reached, records, bytes)
    records = bytes = 0
  }
  while (!signal.aborted) {
    let block: LogBlock | null
    try {
      block = await reader.next(signal)
    } catch (thrown) {
      const error = MillraceError.from(thrown)
      if (signal.aborted) break
      if (error.code !== 'LOG_OFFSET_OUT_OF_RANGE') throw error
      const [range] = await log.offsets(table)
      options.missed(reader.offset, range!.start)
      reader = await readerAt(log, table, range!.start)
      continue
    }
    if (block === null || signal.aborted) break
    const rows = deliveredRows(block, separator)
    await sink.write(rows, signal)
    written = block.nextOffset
    records += block.count
    bytes += rows.bytes.length
    const [range] = await log.offsets(table)
    if (bytes >= NOTED_BYTES || written >= (range?.end ?? 0)) await note()
  }
  if (records > 0) await note()
}

function readerAt(log: Log, table: string, offset: number): Promise<LogReader> {
  return log.reader(table, { partition: DELIVERED_PARTITION, from: { offset }, follow: true })
}
