import { MillraceError, didYouMean } from '../../kernel/index.ts'
import { detectFormat, type RecordingFormat } from './format.ts'
import { badLine, lineParser } from './parse-line.ts'
import { readLines } from './read-lines.ts'
import type { RecordedEvent } from './recorded-event.ts'

export interface RecordingOptions {
  /** Default: what the first lines look like. */
  readonly format?: RecordingFormat
}

/** One connection of a recording: by name, or the n-th (from 0) in order of appearance, counted on from the start again. */
export type ConnectionChoice = { readonly name: string } | { readonly ordinal: number }

const SAMPLE_LINES = 16
const SAMPLE_CHARACTERS = 1024 * 1024

/** A recorded feed in a file, read as a stream, as often as asked for. */
export class Recording {
  readonly file: string
  readonly format: RecordingFormat
  /** All connection names in order of appearance, once some reader has come to the end. */
  #names: readonly string[] | undefined

  private constructor(file: string, format: RecordingFormat) {
    this.file = file
    this.format = format
  }

  /** @throws MillraceError FILE_NOT_READABLE. */
  static async open(file: string, options: RecordingOptions = {}): Promise<Recording> {
    const sample = await firstLines(file)
    return new Recording(file, options.format ?? detectFormat(sample))
  }

  get timed(): boolean {
    return this.format !== 'lines'
  }

  /** The names of all connections if a reader has come to the end already, else undefined. */
  get knownConnections(): readonly string[] | undefined {
    return this.#names
  }

  /**
   * All events in the order of the file, in batches that are never empty.
   *
   * @throws MillraceError FILE_NOT_READABLE, or DATA_BAD_RECORD for a line that is no event. A last line that was cut
   * short is not an error: the recorder may have been stopped there.
   */
  async *events(): AsyncGenerator<readonly RecordedEvent[]> {
    const parse = lineParser(this.format)
    const names = new Set<string>()
    for await (const { lines, numbers, utf8, unterminated } of readLines(this.file)) {
      const events: RecordedEvent[] = []
      for (let i = 0; i < lines.length; i++) {
        const event = parse(lines[i]!, utf8)
        if (typeof event !== 'string') {
          events.push(event)
          names.add(event.conn)
        } else if (!(unterminated && i === lines.length - 1)) {
          throw badLine(this.file, numbers[i]!, event)
        }
      }
      if (events.length > 0) yield events
    }
    this.#names = [...names]
  }

  /**
   * The frames the server sent on one connection, in order, in batches that are never empty. Nothing at all if the
   * recording has no connection.
   *
   * @throws what `events` throws, and MillraceError USAGE for a name that is not in the recording.
   */
  async *frames(choice: ConnectionChoice): AsyncGenerator<readonly RecordedEvent[]> {
    let name = 'name' in choice ? choice.name : this.#nameOf(choice.ordinal)
    const seen = new Set<string>()
    for await (const events of this.events()) {
      if (name === undefined || !seen.has(name)) {
        for (const event of events) seen.add(event.conn)
        if (name === undefined && 'ordinal' in choice) name = [...seen][choice.ordinal]
      }
      if (name === undefined) continue
      const wanted = events.filter((event) => event.kind === 'recv' && event.conn === name)
      if (wanted.length > 0) yield wanted
    }
    if (name === undefined && seen.size > 0) yield* this.frames(choice)
    else if ('name' in choice && !seen.has(choice.name)) throw unknownConnection(this, choice.name, [...seen])
  }

  /** The name of a connection by its number, if some reader has been to the end; numbers past the last start over. */
  #nameOf(ordinal: number): string | undefined {
    const names = this.#names
    return names === undefined || names.length === 0 ? undefined : names[ordinal % names.length]
  }
}

async function firstLines(file: string): Promise<string[]> {
  const sample: string[] = []
  for await (const { lines } of readLines(file)) {
    for (const line of lines.slice(0, SAMPLE_LINES)) {
      sample.push(Buffer.from(line.subarray(0, SAMPLE_CHARACTERS)).toString())
    }
    break
  }
  return sample
}

function unknownConnection(recording: Recording, name: string, names: readonly string[]): MillraceError {
  const named = names.filter((n) => n !== '')
  return new MillraceError('USAGE', `recording "${recording.file}" has no connection "${name}"`, {
    hint:
      named.length === 0
        ? `Recordings of the format "${recording.format}" have one connection without a name.`
        : (didYouMean(name, named) ?? `It has ${named.map((n) => `"${n}"`).join(', ')}.`),
  })
}
