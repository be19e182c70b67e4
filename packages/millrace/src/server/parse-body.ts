import { jsonFault, MillraceError, skipJsonSpace, skipJsonValue } from '../kernel/index.ts'
import { parseRecord, type TopicRecord } from '../runtime/index.ts'
import { DetailedError } from './detailed-error.ts'

/** Of one request; the message says how many there were. */
const FAULTS_SHOWN = 100

const LINES = ['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/x-jsonlines']
const JSON_TYPE = 'application/json'

interface Fault {
  readonly record: number
  readonly message: string
}

/** Takes the records of a request apart. */
class Records {
  readonly records: TopicRecord[] = []
  readonly #faults: Fault[] = []
  readonly #limit: number
  #count = 0
  #faulty = 0
  #tooLarge = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  add(bytes: Buffer, start: number, end: number): void {
    const index = this.#count++
    const record = parseRecord(bytes, start, end)
    if (typeof record === 'string') {
      this.#fault(index, record)
    } else if (record.bytes > this.#limit) {
      this.#tooLarge++
      this.#fault(index, `has ${record.bytes} bytes of key, value and headers; the limit is ${this.#limit}`)
    } else {
      this.records.push(record)
    }
  }

  check(): readonly TopicRecord[] {
    if (this.#faulty === 0) return this.records
    const code = this.#tooLarge === this.#faulty ? 'LIMIT_MESSAGE_SIZE' : 'DATA_BAD_RECORD'
    const first = this.#faults[0]!
    const which = this.#faulty === 1 ? `record ${first.record}` : `${this.#faulty} of ${this.#count} records, the first of them record ${first.record},`
    const message = this.#faulty === 1 ? `${which} ${first.message}` : `${which} cannot be taken`
    throw new DetailedError(code, message, { records: this.#faults }, { detail: 'Nothing was appended. Records count from 0.' })
  }

  #fault(record: number, message: string): void {
    this.#faulty++
    if (this.#faults.length < FAULTS_SHOWN) this.#faults.push({ record, message })
  }
}

/**
 * The records of a body: one a line (`application/x-ndjson`), or a JSON array of them (`application/json`).
 *
 * @throws MillraceError REQUEST_MEDIA_TYPE, REQUEST_INVALID, and DATA_BAD_RECORD or LIMIT_MESSAGE_SIZE with all that is wrong
 */
export function parseBody(body: Buffer, contentType: string | undefined, recordLimit: number): readonly TopicRecord[] {
  const type = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase()
  const records = new Records(recordLimit)
  if (LINES.includes(type)) readLines(body, records)
  else if (type === JSON_TYPE) readArray(body, records)
  else {
    throw new MillraceError('REQUEST_MEDIA_TYPE', `a body of type ${JSON.stringify(type)} is not taken`, {
      hint: `Send content-type: ${LINES[0]} with one record a line, or ${JSON_TYPE} with an array of records.`,
    })
  }
  return records.check()
}

function readLines(body: Buffer, records: Records): void {
  let start = 0
  while (start < body.length) {
    const newline = body.indexOf(0x0a, start)
    const end = newline < 0 ? body.length : newline
    if (skipJsonSpace(body, start, end) < end) records.add(body, start, end)
    start = end + 1
  }
}

function readArray(body: Buffer, records: Records): void {
  const malformed = (): MillraceError => {
    const fault = jsonFault(body, 0, body.length)
    return new MillraceError('REQUEST_INVALID', fault === null ? 'the body is no array of records' : `the body is not JSON: ${fault}`)
  }
  let i = skipJsonSpace(body, 0, body.length)
  if (body[i] !== 0x5b) throw malformed()
  i = skipJsonSpace(body, i + 1, body.length)
  let more = body[i] !== 0x5d
  while (more) {
    const end = skipJsonValue(body, i, body.length, 1)
    if (end < 0) throw malformed()
    records.add(body, i, end)
    i = skipJsonSpace(body, end, body.length)
    more = body[i] === 0x2c
    if (more) i = skipJsonSpace(body, i + 1, body.length)
  }
  if (body[i] !== 0x5d || skipJsonSpace(body, i + 1, body.length) !== body.length) throw malformed()
}
