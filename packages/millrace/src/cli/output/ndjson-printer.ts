import { type EncodedRows, type Encoder, jsonFormat, type JsonOptions } from '../../formats/index.ts'
import { parseOptions, type RecordBatch } from '../../kernel/index.ts'
import { ChangelogEncoder } from '../../runtime/index.ts'
import type { LineWriter } from './line-writer.ts'
import type { Completeness, PrintedOutput, RowPrinter } from './row-printer.ts'

const NEWLINE = Uint8Array.of(0x0a)
const JSON_OPTIONS = parseOptions(jsonFormat.options, [], 'format "json"').value as JsonOptions

export interface NdjsonSettings {
  /** Every input ends: what an updating output finally holds can be printed instead of its changes. */
  readonly bounded: boolean
  /** Lines printed at most; `onLimit` is called once they are. */
  readonly limit: number
  onLimit(): void
}

/**
 * One JSON object per line. Appended rows are printed as they are. An updating output is printed as the rows it holds at the end of
 * bounded input, otherwise as its changes, `{"op":"insert","row":{...}}` and `{"op":"delete","row":{...}}`. With several
 * outputs every line says which: `{"query":1,"row":{...}}`.
 */
export class NdjsonPrinter implements RowPrinter {
  readonly #out: LineWriter
  readonly #settings: NdjsonSettings
  readonly #outputs: readonly OutputLines[]
  #left: number

  constructor(out: LineWriter, outputs: readonly PrintedOutput[], settings: NdjsonSettings) {
    this.#out = out
    this.#settings = settings
    this.#left = settings.limit
    this.#outputs = outputs.map((output, i) =>
      outputLines(output, outputs.length === 1 ? null : i + 1, settings.bounded),
    )
  }

  print(output: number, batch: RecordBatch): void | Promise<void> {
    return this.#write(this.#outputs[output]!.push(batch))
  }

  async finish(how: Completeness): Promise<void> {
    if (how !== 'failed') for (const output of this.#outputs) await this.#write(output.finish())
    await this.#out.flush()
  }

  #write({ bytes, offsets }: Lines): void | Promise<void> {
    const lines = offsets.length - 1
    if (lines <= 0 || this.#left === 0) return
    const shown = Math.min(lines, this.#left)
    this.#left -= shown
    if (this.#left === 0) this.#settings.onLimit()
    return this.#out.write(bytes.subarray(offsets[0]!, offsets[shown]!))
  }
}

/** Every range ends with a newline. */
type Lines = EncodedRows

const NO_LINES: Lines = { bytes: new Uint8Array(0), offsets: Uint32Array.of(0) }

interface OutputLines {
  push(batch: RecordBatch): Lines
  finish(): Lines
}

/** `query`: the number to name in every line; null: none. */
function outputLines({ schema, updating }: PrintedOutput, query: number | null, bounded: boolean): OutputLines {
  const encoder = jsonFormat.encoder(schema, JSON_OPTIONS)
  if (updating && bounded) return finalRows(encoder, query)
  const encoded = updating ? new ChangelogEncoder(encoder) : encoder
  const named = updating ? namedChange : namedRow
  return {
    push: (batch) => {
      const lines = encoded.encode(batch, NEWLINE)
      return query === null ? lines : linesOf(texts(lines).map((text) => named(query, text)))
    },
    finish: () => NO_LINES,
  }
}

function finalRows(encoder: Encoder, query: number | null): OutputLines {
  const standing = new Map<string, number>()
  return {
    push: (batch) => {
      texts(encoder.encode(batch, NEWLINE)).forEach((row, i) => {
        const count = (standing.get(row) ?? 0) + (batch.weights?.[i] ?? 1)
        if (count === 0) standing.delete(row)
        else standing.set(row, count)
      })
      return NO_LINES
    },
    finish: () =>
      linesOf(
        [...standing].flatMap(([row, count]) =>
          new Array<string>(Math.max(0, count)).fill(query === null ? row : namedRow(query, row)),
        ),
      ),
  }
}

function namedRow(query: number, row: string): string {
  return `{"query":${query},"row":${row}}`
}

/** `change` is an object already: the query becomes its first member. */
function namedChange(query: number, change: string): string {
  return `{"query":${query},${change.slice(1)}`
}

function texts({ bytes, offsets }: Lines): string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: offsets.length - 1 }, (_, i) => buffer.toString('utf8', offsets[i]!, offsets[i + 1]! - 1))
}

function linesOf(lines: readonly string[]): Lines {
  const offsets = new Uint32Array(lines.length + 1)
  lines.forEach((line, i) => {
    offsets[i + 1] = offsets[i]! + Buffer.byteLength(line) + 1
  })
  return { bytes: Buffer.from(lines.map((line) => `${line}\n`).join('')), offsets }
}
