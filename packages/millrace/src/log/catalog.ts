import { MillraceError } from '../kernel/index.ts'
import type { Hold, Topic } from './log.ts'
import type { TopicConfig } from './topic-config.ts'
import { decodeJson, encodeJson } from './store/checked-value.ts'
import type { Store, Write } from './store/store.ts'

/** A topic as stored. Its name may be anything, so its blocks go by the ids of its partitions. */
export interface TopicRecord extends Topic {
  readonly id: number
  readonly config: TopicConfig
  /** Of partition 0, 1, ... */
  readonly partitionIds: readonly number[]
  /** Its blocks are being deleted. */
  readonly deleted: boolean
}

const TOPIC = 'topic/'
const HOLD = 'hold/'
const encoder = new TextEncoder()

/** @throws MillraceError LOG_CORRUPT. */
export function readTopics(store: Store): TopicRecord[] {
  return readAll(store, TOPIC) as TopicRecord[]
}

export function topicWrite(topic: TopicRecord): Write {
  return jsonWrite(`${TOPIC}${topic.id}`, topic)
}

export function topicRemoval(topic: TopicRecord): Write {
  return { table: 'catalog', key: encoder.encode(`${TOPIC}${topic.id}`), value: null }
}

/** @throws MillraceError LOG_CORRUPT. */
export function readHolds(store: Store): Hold[] {
  return readAll(store, HOLD) as Hold[]
}

export function holdWrite(hold: Hold, partitionId: number): Write {
  const name = `${HOLD}${partitionId}/${hold.owner}`
  return hold.offset === null ? { table: 'catalog', key: encoder.encode(name), value: null } : jsonWrite(name, hold)
}

function jsonWrite(name: string, value: unknown): Write {
  const key = encoder.encode(name)
  return { table: 'catalog', key, value: encodeJson(key, value) }
}

function readAll(store: Store, prefix: string): unknown[] {
  return store.entries('catalog', encoder.encode(prefix)).map(([key, stored]) => {
    const value = decodeJson(key, stored)
    if (value === undefined) {
      throw new MillraceError(
        'LOG_CORRUPT',
        `entry "${new TextDecoder().decode(key)}" of the log's catalogue is damaged`,
        {
          detail: 'Its checksum is wrong.',
          hint: 'Restore the data directory from a backup.',
        },
      )
    }
    return value
  })
}
