import { setImmediate } from 'node:timers/promises'
import { MillraceError } from '../kernel/index.ts'
import type { LogBlock } from './block/log-block.ts'
import type { LogReader } from './log.ts'
import type { Partition } from './partition.ts'

/** Milliseconds a scan may go on before it lets others have the event loop. */
const SLICE_MS = 8

/** Runs `look` between two transactions. */
type Between = <T>(look: () => T) => Promise<T>

export class PartitionReader implements LogReader {
  readonly #partition: Partition
  readonly #to: number
  readonly #usable: () => void
  readonly #between: Between
  #offset: number
  #sliceStart = performance.now()

  /** `to` is exclusive, infinite to follow. `usable` throws when the log has failed or is closed. */
  constructor(partition: Partition, from: number, to: number, usable: () => void, between: Between) {
    this.#partition = partition
    this.#offset = from
    this.#to = to
    this.#usable = usable
    this.#between = between
  }

  get offset(): number {
    return this.#offset
  }

  async next(signal?: AbortSignal): Promise<LogBlock | null> {
    if (performance.now() - this.#sliceStart > SLICE_MS) {
      await setImmediate()
      this.#sliceStart = performance.now()
    }
    const partition = this.#partition
    for (;;) {
      if (signal?.aborted) throw cancelled(signal)
      this.#usable()
      if (partition.deleted) throw unknownTopic(partition.topic)
      if (this.#offset >= this.#to) return null
      if (this.#offset < partition.start) throw outOfRange(partition, this.#offset)
      const stop = Math.min(this.#to, partition.end)
      if (this.#offset < stop) {
        const block = (await this.#read()).between(this.#offset, stop)
        this.#offset = block.nextOffset
        if (block.count > 0) return block
      } else if (partition.damage !== null) {
        throw partition.damage
      } else {
        await this.#change(signal)
        this.#sliceStart = performance.now()
      }
    }
  }

  /** A transaction that is durable but not applied yet may have deleted the block: then the second look decides. */
  async #read(): Promise<LogBlock> {
    const read = (): LogBlock => this.#partition.read(this.#offset)
    try {
      return read()
    } catch {
      return this.#between(() => {
        if (this.#offset < this.#partition.start) throw outOfRange(this.#partition, this.#offset)
        return read()
      })
    }
  }

  async *[Symbol.asyncIterator](): AsyncIterator<LogBlock> {
    for (let block = await this.next(); block !== null; block = await this.next()) yield block
  }

  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel()
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const cancel = this.#partition.whenChanged(done)
      signal?.addEventListener('abort', done, { once: true })
    })
  }
}

function cancelled(signal: AbortSignal): MillraceError {
  return new MillraceError('CANCELLED', 'the reader was told to stop', { cause: signal.reason })
}

export function unknownTopic(topic: string): MillraceError {
  return new MillraceError('LOG_UNKNOWN_TOPIC', `the log has no topic "${topic}"`)
}

function outOfRange({ topic, index, start, end }: Partition, offset: number): MillraceError {
  return new MillraceError(
    'LOG_OFFSET_OUT_OF_RANGE',
    `topic "${topic}" has no offset ${offset} in partition ${index}`,
    {
      detail: `It has offsets from ${start} to ${end}; retention has deleted what was before.`,
      hint: 'Read from the earliest offset, or let the topic keep more (retention).',
    },
  )
}
