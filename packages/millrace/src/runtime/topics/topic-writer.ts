import { createHash } from 'node:crypto'
import { type Clock, MICROS_PER_DAY, MillraceError } from '../../kernel/index.ts'
import type { Log, Put, TopicSettings } from '../../log/index.ts'
import { partitionOfKey } from './partitioner.ts'
import { decodeProducer, encodeProducer, NEW_PRODUCER, placeOf, type ProducerState, type Run, withRuns } from './producer-state.ts'
import type { TopicRecord } from './record-parser.ts'

export interface TopicWriterOptions {
  readonly log: Log
  readonly clock: Clock
  /** For topics that are made by a first record. Null: a topic must exist. */
  readonly newTopics: TopicSettings | null
  /** Why nobody from outside may write to a topic, or null. */
  readonly refuse?: (topic: string) => string | null
}

/** Makes appending idempotent: what the log has already is not appended again. */
export interface Producer {
  readonly id: string
  /** Of the first record of the request; the records of a producer of a topic are numbered from 0 without holes. */
  readonly sequence: number
}

export interface Place {
  readonly partition: number
  readonly offset: number
}

/** What the writer expects of a topic. */
interface OpenTopic {
  /** The offsets the next records get, if everything under way is kept; null: ask the log. */
  ends: number[] | null
  /** Where records without a key go, all of one request together. */
  nextPartition: number
}

const PRODUCER_PREFIX = 'producer/'
const PRODUCER_LIFE_MICROS = 7 * MICROS_PER_DAY
export const MAX_PRODUCER_ID = 200

/** Appends records from outside. One writer serves all protocols, so that a producer is the same one on each of them. */
export class TopicWriter {
  readonly #options: TopicWriterOptions
  readonly #topics = new Map<string, Promise<OpenTopic>>()
  /** The last request of each producer that is at work: its next one waits for it. */
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor(options: TopicWriterOptions) {
    this.#options = options
  }

  /**
   * Resolves once all records are durable, with the place of each in their order; null where a record was sent before and its place is
   * not remembered any more.
   *
   * @throws MillraceError LOG_SEQUENCE when records are missing before these, and what `Log.commit` throws; nothing was kept then.
   */
  async append(topic: string, records: readonly TopicRecord[], producer?: Producer): Promise<readonly (Place | null)[]> {
    const open = await this.#open(topic)
    if (producer === undefined) return this.#write(topic, open, records, null)
    return this.#inTurn(producerKey(topic, producer.id), async (key) => {
      const stored = await this.#options.log.get(key)
      const state = stored === undefined ? NEW_PRODUCER : decodeProducer(stored)
      const { sequence } = producer
      if (sequence > state.next) throw outOfSequence(producer, state.next)
      const known = Math.min(records.length, state.next - sequence)
      const places: (Place | null)[] = []
      for (let i = 0; i < known; i++) places.push(placeOf(state, sequence + i))
      if (known === records.length) return places
      return places.concat(await this.#write(topic, open, records.slice(known), { key, state }))
    })
  }

  /** The sequence that the next new record of this producer has. */
  async nextSequence(topic: string, producerId: string): Promise<number> {
    return this.#inTurn(producerKey(topic, producerId), async (key) => {
      const stored = await this.#options.log.get(key)
      return stored === undefined ? 0 : decodeProducer(stored).next
    })
  }

  /** @throws MillraceError LOG_INVALID for topics that are not the outside's, LOG_UNKNOWN_TOPIC. */
  async deleteTopic(topic: string): Promise<void> {
    const { log } = this.#options
    this.assertWritable(topic)
    if (log.topic(topic) === undefined) throw unknownTopic(topic)
    this.#topics.delete(topic)
    await deleteTopic(log, topic)
  }

  /** Forgets producers that have not written for a week. */
  async expireProducers(): Promise<void> {
    const { log, clock } = this.#options
    const before = clock.now() - PRODUCER_LIFE_MICROS
    const puts: Put[] = []
    for (const [key, value] of await log.entries(PRODUCER_PREFIX)) {
      if (decodeProducer(value).at < before) puts.push({ key, value: null })
    }
    if (puts.length > 0) await log.commit({ puts })
  }

  /** @throws MillraceError LOG_INVALID for topics that are not the outside's, LOG_UNKNOWN_TOPIC when it would not be made. */
  assertWritable(topic: string): void {
    const why = this.#options.refuse?.(topic) ?? (topic.startsWith('$') ? 'Topics whose names start with "$" are Millrace\'s own.' : null)
    if (why !== null) throw new MillraceError('LOG_INVALID', `topic "${topic}" cannot be changed from outside`, { detail: why })
    if (this.#options.newTopics === null && this.#options.log.topic(topic) === undefined) throw unknownTopic(topic)
  }

  async #open(topic: string): Promise<OpenTopic> {
    this.assertWritable(topic)
    let opening = this.#topics.get(topic)
    // Deleted behind our back, or never made.
    if (opening !== undefined && this.#options.log.topic(topic) === undefined) {
      await opening.catch(() => undefined)
      if (this.#options.log.topic(topic) === undefined && this.#topics.get(topic) === opening) opening = undefined
    }
    if (opening === undefined) {
      opening = this.#make(topic)
      this.#topics.set(topic, opening)
      opening.catch(() => this.#topics.delete(topic))
    }
    const open = await opening
    open.ends ??= await this.#ends(topic)
    return open
  }

  async #make(topic: string): Promise<OpenTopic> {
    const { log, newTopics } = this.#options
    if (log.topic(topic) === undefined) {
      if (newTopics === null) throw unknownTopic(topic)
      await log.createTopic(topic, newTopics)
    }
    return { ends: null, nextPartition: 0 }
  }

  async #ends(topic: string): Promise<number[]> {
    return (await this.#options.log.offsets(topic)).map(({ end }) => end)
  }

  /** The places stand in the same transaction as the records, so they are foretold: nobody else appends to the topic. */
  async #write(
    topic: string,
    open: OpenTopic,
    records: readonly TopicRecord[],
    producer: { readonly key: string; readonly state: ProducerState } | null,
  ): Promise<readonly Place[]> {
    const { log, clock } = this.#options
    const partitions = log.topic(topic)?.config.partitions ?? 1
    const ends = (open.ends ??= await this.#ends(topic))
    const keyless = open.nextPartition++ % partitions
    const groups = new Map<number, TopicRecord[]>()
    const rows = records.map((record) => {
      const partition = record.partition ?? (record.key === null ? keyless : partitionOfKey(record.key, partitions))
      const group = groups.get(partition) ?? []
      groups.set(partition, group)
      return { partition, row: group.push(record) - 1 }
    })
    const expected = new Map([...groups.keys()].map((partition) => [partition, ends[partition] ?? 0]))
    const place = (bases: ReadonlyMap<number, number>): Place[] =>
      rows.map(({ partition, row }) => ({ partition, offset: bases.get(partition)! + row }))
    const put = (bases: ReadonlyMap<number, number>): Put[] =>
      producer === null ? [] : [producerPut(producer.key, producer.state, place(bases), clock.now())]

    const committing = log.commit({
      appends: [...groups].map(([partition, group]) => ({
        topic,
        partition,
        records: group,
        checked: group.every((record) => record.checked),
      })),
      puts: put(expected),
    })
    for (const [partition, group] of groups) ends[partition] = (ends[partition] ?? 0) + group.length
    try {
      const appended = await committing
      const bases = new Map(appended.map(({ partition, firstOffset }) => [partition, firstOffset]))
      if ([...bases].some(([partition, base]) => expected.get(partition) !== base)) {
        open.ends = null
        if (producer !== null) await log.commit({ puts: put(bases) })
      }
      return place(bases)
    } catch (error) {
      // What was under way behind it was refused too.
      open.ends = null
      throw error
    }
  }

  async #inTurn<T>(key: string, work: (key: string) => Promise<T>): Promise<T> {
    const before = this.#turns.get(key) ?? Promise.resolve()
    const result = before.then(() => work(key))
    const done = result.catch(() => undefined)
    this.#turns.set(key, done)
    void done.then(() => {
      if (this.#turns.get(key) === done) this.#turns.delete(key)
    })
    return result
  }
}

/** Deletes a topic with what is remembered of its producers: a new topic of this name begins with nothing. */
export async function deleteTopic(log: Log, topic: string): Promise<void> {
  const producers = await log.entries(`${PRODUCER_PREFIX}${digest(topic)}/`)
  await log.commit({ puts: producers.map(([key]) => ({ key, value: null })) })
  await log.deleteTopic(topic)
}

function producerPut(key: string, state: ProducerState, places: readonly Place[], now: number): Put {
  const runs = places.map(({ partition, offset }, i): Run => ({ sequence: state.next + i, count: 1, partition, offset }))
  return { key, value: encodeProducer(withRuns(state, runs, now)) }
}

/** Names of any length and characters become short keys; those of one topic share a prefix. */
function producerKey(topic: string, id: string): string {
  return `${PRODUCER_PREFIX}${digest(topic)}/${digest(id)}`
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

export function unknownTopic(topic: string): MillraceError {
  return new MillraceError('LOG_UNKNOWN_TOPIC', `the log has no topic "${topic}"`)
}

function outOfSequence({ id, sequence }: Producer, expected: number): MillraceError {
  return new MillraceError('LOG_SEQUENCE', `producer "${id}" has sent ${sequence} where ${expected} comes next`, {
    detail: `The log has its records up to ${expected - 1}; those from ${expected} to ${sequence - 1} are missing.`,
    hint: 'Send them first, or go on under another producer id.',
  })
}
