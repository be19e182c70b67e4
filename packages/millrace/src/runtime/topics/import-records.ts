import { LineSplitter } from '../../framing/index.ts'
import { MillraceError } from '../../kernel/index.ts'
import { type Append, type Log, MAX_RECORD_BYTES } from '../../log/index.ts'
import { partitionOfKey } from './partitioner.ts'
import { parseRecord, type TopicRecord } from './record-parser.ts'

/** A record takes more bytes as JSON than it has. */
const MAX_LINE_BYTES = 2 * MAX_RECORD_BYTES

/**
 * Appends records that stand one a line, as `RecordJson` writes them: values, keys, headers, timestamps and partitions are kept, offsets
 * are given anew. Makes the topic, or gives it more partitions, if need be. Returns how many there were.
 *
 * @throws MillraceError DATA_BAD_RECORD naming the line; those before it are in the topic. What `Log.commit` throws.
 */
export async function importRecords(log: Log, topic: string, input: AsyncIterable<Uint8Array>, name: string): Promise<number> {
  let line = 0
  let count = 0
  let waiting: TopicRecord[] = []
  const bad = (what: string): MillraceError =>
    new MillraceError('DATA_BAD_RECORD', `line ${line} of "${name}" ${what}`, { detail: 'The lines before it have been imported.' })
  let fault: MillraceError | null = null
  const splitter = new LineSplitter(MAX_LINE_BYTES, {
    line: (bytes, start, end) => {
      line++
      if (fault !== null) return
      // The splitter uses its memory again.
      const own = Buffer.from(bytes.subarray(start, end))
      const record = parseRecord(own, 0, own.length)
      if (typeof record === 'string') fault = bad(record)
      else waiting.push(record)
    },
    overlong: (length) => {
      line++
      fault ??= bad(`has ${length} bytes; the limit is ${MAX_LINE_BYTES}`)
    },
  })
  if (log.topic(topic) === undefined) await log.createTopic(topic)
  const append = async (): Promise<void> => {
    const records = waiting
    waiting = []
    if (records.length > 0) await log.commit({ appends: await appendsOf(log, topic, records) })
    count += records.length
    if (fault !== null) throw fault
  }
  for await (const chunk of input) {
    splitter.push(chunk)
    await append()
  }
  splitter.end()
  await append()
  return count
}

async function appendsOf(log: Log, topic: string, records: readonly TopicRecord[]): Promise<Append[]> {
  const needed = records.reduce((most, { partition = 0 }) => Math.max(most, partition + 1), 1)
  if (needed > log.topic(topic)!.config.partitions) await log.alterTopic(topic, { partitions: needed })
  const { partitions } = log.topic(topic)!.config
  const groups = new Map<number, TopicRecord[]>()
  for (const record of records) {
    const partition = record.partition ?? (record.key === null ? 0 : partitionOfKey(record.key, partitions))
    const group = groups.get(partition) ?? []
    groups.set(partition, group)
    group.push(record)
  }
  return [...groups].map(([partition, group]) => ({
    topic,
    partition,
    records: group,
    checked: group.every(({ checked }) => checked),
  }))
}
