import { formatTimestamp, skipJsonValue, validateUtf8 } from '../../kernel/index.ts'
import type { LogBlock, RecordHeader } from '../../log/index.ts'
import type { ByteWriter } from './byte-writer.ts'

/**
 * A record as JSON. Whatever `parseRecord` makes of the text is the same record again, byte by byte:
 *
 *     "timestamp"  RFC 3339 with up to six digits of fraction
 *     "key"        the key as text; null when there is none; with "key_encoding":"base64" when it is not UTF-8
 *     "value"      the value itself when it is JSON that can stand in a line of JSON as it is; null when there is none (a tombstone);
 *                  otherwise a string, with "value_encoding" "text", or "base64" when it is not UTF-8
 *     "headers"    an object of texts; a list of [name, value] when a name comes twice or a value is not UTF-8: [name, value, "base64"]
 *
 * JSON that cannot stand as it is: with line breaks, with blanks around it, the bare word null, or nested to the very limit.
 */
export class RecordJson {
  #micros = Number.NaN
  #timestamp = ''

  /** `head` begins the object and its first member. Without headers, there is a member for them only if `always`. */
  write(out: ByteWriter, head: string, block: LogBlock, i: number, always: boolean): void {
    out.text(`${head},"timestamp":"${this.#time(block.timestamps[i]!)}","key":${keyJson(block.key(i))},"value":`)
    writeValue(out, block.value(i))
    const headers = block.headersOf(i)
    out.text(headers.length > 0 || always ? `,"headers":${headersJson(headers)}}` : '}')
  }

  /** Records that came together have one time. */
  #time(micros: number): string {
    if (micros !== this.#micros) {
      this.#micros = micros
      this.#timestamp = formatTimestamp(micros)
    }
    return this.#timestamp
  }
}

function keyJson(key: Uint8Array | null): string {
  if (key === null) return 'null'
  const bytes = asBuffer(key)
  return validateUtf8(key) ? JSON.stringify(bytes.toString()) : `"${bytes.toString('base64')}","key_encoding":"base64"`
}

function writeValue(out: ByteWriter, value: Uint8Array | null): void {
  if (value === null) out.text('null')
  else if (standsAsItIs(value)) out.bytes(value)
  else if (validateUtf8(value)) out.text(`${JSON.stringify(asBuffer(value).toString())},"value_encoding":"text"`)
  else out.text(`"${asBuffer(value).toString('base64')}","value_encoding":"base64"`)
}

function standsAsItIs(value: Uint8Array): boolean {
  // Blanks in front are no value; blanks behind are not part of it.
  if (value.length === 0 || value[0] === 0x6e || skipJsonValue(value, 0, value.length, 1) !== value.length) return false
  for (let i = 0; i < value.length; i++) if (value[i] === 0x0a || value[i] === 0x0d) return false
  return true
}

function headersJson(headers: readonly RecordHeader[]): string {
  const texts = headers.map(({ value }) => (validateUtf8(value) ? asBuffer(value).toString() : null))
  const names = new Set(headers.map(({ name }) => name))
  if (names.size === headers.length && !texts.includes(null)) {
    return `{${headers.map(({ name }, i) => `${JSON.stringify(name)}:${JSON.stringify(texts[i])}`).join(',')}}`
  }
  const pairs = headers.map(({ name, value }, i) => {
    const text = texts[i]
    return text === null ? [name, asBuffer(value).toString('base64'), 'base64'] : [name, text]
  })
  return JSON.stringify(pairs)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
