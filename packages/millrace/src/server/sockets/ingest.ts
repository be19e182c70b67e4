import { MillraceError } from '../../kernel/index.ts'
import { parseRecord, type Place, type TopicRecord } from '../../runtime/index.ts'
import { FrameBuffer, OPCODE, type ServerConnection } from '../../wire/index.ts'
import { errorBody } from '../detailed-error.ts'
import { flag, producerId, sequenceNumber } from '../parameters.ts'
import { checkQuery } from '../router.ts'
import type { ServerContext } from '../server-context.ts'
import { closeWithError, jsonFrame } from './notices.ts'

/** Bytes of one client that are not durable yet; then its socket is not read. */
const PENDING_BYTES = 4 * 1024 * 1024
/** Answers that wait for one client; then its socket is not read either. */
const ANSWER_BYTES = 1024 * 1024
/** The records of one transaction. */
const BATCH_RECORDS = 10_000

/** Stands in line with the records, so that answers stay in order. `last`: the connection ends with it. */
class Rejected {
  readonly error: MillraceError
  readonly last: boolean

  constructor(error: MillraceError, last: boolean) {
    this.error = error
    this.last = last
  }
}

/**
 * `/v1/ingest/{topic}`: each message is a record, and is answered by `{"ack":{"sequence","partition","offset"}}` when it is durable, in
 * order. One transaction at a time, each with all that came during the last one. The first frame,
 * `{"ready":{"topic","sequence"}}`, says which number the first record has.
 */
export class IngestSession {
  readonly #context: ServerContext
  readonly #connection: ServerConnection
  readonly #topic: string
  readonly #raw: boolean
  readonly #producer: string | null
  /** Of the next record to come. */
  #sequence: number
  /** Of the first record in `#waiting`. */
  #first: number
  #waiting: (TopicRecord | Rejected)[] = []
  #pendingBytes = 0
  #working: Promise<void> | null = null
  #paused = false
  /** No more records are taken. */
  #ended = false

  private constructor(
    context: ServerContext,
    connection: ServerConnection,
    topic: string,
    settings: { readonly raw: boolean; readonly producer: string | null; readonly sequence: number },
  ) {
    this.#context = context
    this.#connection = connection
    this.#topic = topic
    this.#raw = settings.raw
    this.#producer = settings.producer
    this.#sequence = settings.sequence
    this.#first = settings.sequence
  }

  /** @throws MillraceError for parameters and producers that are not in order */
  static async open(context: ServerContext, connection: ServerConnection, topic: string, query: URLSearchParams): Promise<IngestSession> {
    checkQuery(query, ['raw', 'producer_id', 'sequence'])
    context.writer.assertWritable(topic)
    const raw = flag(query, 'raw')
    const id = query.get('producer_id')
    const given = query.get('sequence')
    const producer = id === null ? null : producerId(id)
    const next = producer === null ? 0 : await context.writer.nextSequence(topic, producer)
    const sequence = given === null ? next : sequenceNumber(given)
    const session = new IngestSession(context, connection, topic, { raw, producer, sequence })
    session.#begin(next)
    return session
  }

  /** Records that are not answered yet. */
  get pending(): number {
    return this.#working === null ? 0 : this.#sequence - this.#first
  }

  /** Takes no more; resolves when everything taken was answered. */
  async drain(): Promise<void> {
    this.#ended = true
    this.#connection.ws.pause()
    while (this.#working !== null) await this.#working
  }

  #begin(next: number): void {
    const { ws, socket } = this.#connection
    const producer = this.#producer === null ? {} : { producer_id: this.#producer, next }
    socket.write(jsonFrame({ ready: { topic: this.#topic, sequence: this.#sequence, ...producer } }))
    ws.on('message', (data, isBinary) => this.#onMessage(data as Buffer, isBinary))
    ws.once('close', () => {
      this.#ended = true
    })
    ws.resume()
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (this.#ended) return
    const { counters, budget } = this.#context
    counters.ingestedMessages++
    counters.ingestedBytes += data.length
    const record = this.#read(data, isBinary)
    if (typeof record === 'string') {
      // The records of a producer follow each other without holes, so that nothing can come after one that is not taken.
      this.#reject(new MillraceError('DATA_BAD_RECORD', `record ${this.#sequence} ${record}`), this.#producer !== null)
      return
    }
    try {
      budget.take(record.bytes)
    } catch (busy) {
      this.#reject(MillraceError.from(busy), true)
      return
    }
    this.#pendingBytes += record.bytes
    this.#enqueue(record)
  }

  #reject(error: MillraceError, last: boolean): void {
    this.#ended ||= last
    this.#enqueue(new Rejected(error, last))
  }

  #enqueue(item: TopicRecord | Rejected): void {
    this.#sequence++
    this.#waiting.push(item)
    this.#balance()
    this.#working ??= this.#work()
  }

  #read(data: Buffer, isBinary: boolean): TopicRecord | string {
    const { maxRecordBytes } = this.#context
    if (isBinary && !this.#raw) return 'is a binary message, which only raw=true takes'
    const record: TopicRecord | string = this.#raw
      ? { value: data, key: null, headers: [], partition: undefined, checked: false, bytes: data.length }
      : parseRecord(data, 0, data.length)
    if (typeof record !== 'string' && record.bytes > maxRecordBytes) {
      return `has ${record.bytes} bytes of key, value and headers; the limit is ${maxRecordBytes}`
    }
    return record
  }

  async #work(): Promise<void> {
    // What arrived in the same turn goes together.
    await Promise.resolve()
    for (let item = this.#waiting[0]; item !== undefined; item = this.#waiting[0]) {
      if (item instanceof Rejected) {
        this.#waiting.shift()
        this.#refuse(item)
      } else {
        await this.#append(this.#takeRecords())
      }
    }
    this.#working = null
  }

  #takeRecords(): TopicRecord[] {
    const records: TopicRecord[] = []
    for (const item of this.#waiting) {
      if (item instanceof Rejected || records.length === BATCH_RECORDS) break
      records.push(item)
    }
    this.#waiting = this.#waiting.slice(records.length)
    return records
  }

  async #append(records: readonly TopicRecord[]): Promise<void> {
    const { writer, budget, counters } = this.#context
    const bytes = records.reduce((sum, record) => sum + record.bytes, 0)
    const first = this.#first
    try {
      const begin = performance.now()
      const producer = this.#producer === null ? undefined : { id: this.#producer, sequence: first }
      const places = await writer.append(this.#topic, records, producer)
      this.#context.observeAppend((performance.now() - begin) / 1000)
      this.#first += records.length
      counters.ackedMessages += records.length
      this.#acknowledge(first, places)
    } catch (thrown) {
      for (const item of this.#waiting) if (!(item instanceof Rejected)) budget.give(item.bytes)
      this.#waiting = []
      this.#refuse(new Rejected(MillraceError.from(thrown), true))
    } finally {
      budget.give(bytes)
      this.#pendingBytes -= bytes
      this.#balance()
    }
  }

  #acknowledge(first: number, places: readonly (Place | null)[]): void {
    const frames = new FrameBuffer()
    for (const [i, place] of places.entries()) {
      const { partition, offset } = place ?? { partition: null, offset: null }
      frames.append(OPCODE.text, `{"ack":{"sequence":${first + i},"partition":${partition},"offset":${offset}}}`)
    }
    this.#connection.socket.write(frames.take())
  }

  /** Nothing of the first record in line was appended; after the last refusal nothing more will be. */
  #refuse({ error, last }: Rejected): void {
    const { ws, socket } = this.#connection
    const sequence = this.#first++
    this.#ended ||= last
    this.#context.report(error)
    if (ws.readyState !== ws.OPEN) return
    socket.write(jsonFrame({ error: { sequence, ...errorBody(error) } }))
    if (!last) return
    this.#context.counters.dropped.error++
    ws.close(error.entry.close, error.code)
    ws.resume()
  }

  /** Reads the socket as long as there is room for records and for answers. */
  #balance(): void {
    const { ws, socket } = this.#connection
    const full = this.#pendingBytes > PENDING_BYTES || socket.writableLength > ANSWER_BYTES
    if (full && !this.#paused) {
      this.#paused = true
      ws.pause()
      if (socket.writableLength > ANSWER_BYTES) socket.write(NOTHING, () => this.#balance())
    } else if (!full && this.#paused && !this.#ended) {
      this.#paused = false
      ws.resume()
    }
  }
}

const NOTHING = Buffer.alloc(0)

/** Starts a session; what is wrong with it is said on the socket. */
export function ingest(
  context: ServerContext,
  connection: ServerConnection,
  topic: string,
  query: URLSearchParams,
  sessions: Set<IngestSession>,
): void {
  const { ws } = connection
  // Messages wait until the session listens.
  ws.pause()
  IngestSession.open(context, connection, topic, query).then(
    (session) => {
      sessions.add(session)
      const forget = (): void => void session.drain().then(() => sessions.delete(session))
      if (ws.readyState === ws.CLOSED) forget()
      else ws.once('close', forget)
    },
    (error: unknown) => {
      context.counters.dropped.error++
      ws.resume()
      closeWithError(connection, MillraceError.from(error))
    },
  )
}
