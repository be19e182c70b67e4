import { crc32 } from 'node:zlib'
import type { RecordBatch } from '../../kernel/index.ts'
import type { Append, Log, PackedBytes, PackedValues } from '../../log/index.ts'
import type { NodeId } from '../../plan/index.ts'
import type { DeadLetter, ExecutorEvents } from '../executor/executor.ts'
import { WEIGHT_HEADER } from '../topic-input/index.ts'
import { deadLettersAppend } from './dead-letter.ts'
import { partitioned } from './partitioned.ts'
import { type PipelineDefinition, type ResultTopic, sourcesOf } from './pipeline-definition.ts'
import { type ResultWriter, resultWriter } from './result-writer.ts'

/** How many records, and the CRC-32 of their keys, values and weights in order. */
export type OutputSum = readonly [records: number, crc: number]

/** What one step has to say to the log. */
export interface StepResult {
  readonly appends: readonly Append[]
  readonly bytes: number
  readonly sum: OutputSum
  readonly deadLetters: number
}

/** Gathers what the executor puts out during a step, as records. */
export class StepOutput implements ExecutorEvents {
  readonly #log: Log
  readonly #writers = new Map<NodeId, { readonly result: ResultTopic; readonly writer: ResultWriter }>()
  /** By name of the table. */
  readonly #topics: ReadonlyMap<string, string>
  #letters: DeadLetter[] = []
  #step = 0
  #now = 0

  constructor(log: Log, definition: PipelineDefinition) {
    this.#log = log
    for (const result of definition.results) this.#writers.set(result.node, { result, writer: resultWriter(result) })
    this.#topics = new Map(sourcesOf(definition).map(({ node, topic }) => [node.table, topic]))
  }

  /** `now`: microseconds. */
  begin(step: number, now: number): void {
    this.#step = step
    this.#now = now
  }

  output(node: NodeId, batch: RecordBatch): void {
    this.#writers.get(node)?.writer.write(batch, this.#now)
  }

  deadLetter(letter: DeadLetter): void {
    this.#letters.push(letter)
  }

  /** Everything since `begin`. */
  take(): StepResult {
    const appends: Append[] = []
    let records = 0
    let crc = 0
    let bytes = 0
    for (const { result, writer } of this.#writers.values()) {
      const checked = result.options === null && result.form.kind !== 'changelog'
      for (const packed of writer.take(this.#now)) {
        records += packed.offsets.length - 1
        crc = sumOf(packed, crc)
        bytes += sizeOf(packed)
        const partitions = this.#log.topic(result.topic)?.config.partitions ?? 1
        for (const [partition, part] of partitioned(packed, partitions, this.#step)) {
          appends.push({
            topic: result.topic,
            partition,
            records: part,
            checked: checked && part.tombstones === undefined,
          })
        }
      }
    }
    const letters = this.#letters.map((letter) => ({ letter, topic: this.#topics.get(letter.table) ?? letter.table }))
    this.#letters = []
    if (letters.length > 0) appends.push(deadLettersAppend(letters, this.#now))
    for (const { letter } of letters) bytes += letter.payload.length
    return { appends, bytes, sum: [records, crc], deadLetters: letters.length }
  }
}

function sumOf({ keys, tombstones, headers = [], ...values }: PackedValues, crc: number): number {
  let sum = crc
  if (keys !== undefined) sum = crc32(bytesOf(keys), sum)
  if (tombstones !== undefined) sum = crc32(tombstones, sum)
  for (const { name, value } of headers)
    if (name === WEIGHT_HEADER && 'offsets' in value) sum = crc32(bytesOf(value), sum)
  return crc32(bytesOf(values), sum)
}

function bytesOf({ bytes, offsets }: PackedBytes): Uint8Array {
  return bytes.subarray(offsets[0], offsets[offsets.length - 1])
}

function sizeOf(packed: PackedValues): number {
  return bytesOf(packed).length + (packed.keys === undefined ? 0 : bytesOf(packed.keys).length)
}
