import { setImmediate } from 'node:timers/promises'
import type { RecordBatch } from '../../kernel/index.ts'
import { FrameBuffer } from '../../wire/index.ts'
import type { PlannedQuery } from '../catalog/index.ts'
import type { ResultClient, ResultEncoding } from './result-client.ts'
import { gapMessage, messageEncoder, noticeMessage } from './result-messages.ts'
import type { TopicQuery, TopicQueryEvents } from './topic-query.ts'

export interface PrivateQueryOptions {
  readonly query: PlannedQuery
  readonly client: ResultClient
  readonly encoding: ResultEncoding
  readonly queueBytes: number
  start(events: TopicQueryEvents): TopicQuery
}

/** A query that reads history for one subscriber, at the pace at which that reads: nothing is queued beyond `queueBytes`, nothing dropped. */
export function startPrivateQuery({ query, client, encoding, queueBytes, start }: PrivateQueryOptions): TopicQuery {
  const messages = messageEncoder(query.output.schema, query.output.updating)
  let over = false
  const room = async (): Promise<void> => {
    while (client.pendingBytes >= queueBytes && !over) {
      await new Promise<void>((resolve) => client.whenDrained(resolve))
      // A socket that is being destroyed calls back at once and has room only after a turn of the event loop.
      await setImmediate()
    }
  }
  const output = (batch: RecordBatch): void | Promise<void> => {
    const { bytes, offsets } = messages.encode(batch)
    const count = offsets.length - 1
    if (count <= 0) return
    const frames = new FrameBuffer(Math.min(64 * 1024, bytes.length + 16 * count))
    for (let i = 0; i < count; i++) encoding.row(frames, bytes, offsets[i]!, offsets[i + 1]!, 0)
    client.write(frames.take())
    if (client.pendingBytes >= queueBytes) return room()
  }
  const running = start({
    output: (_, batch) => output(batch),
    live: () => client.write(encoding.frame(noticeMessage({ live: {} }))),
    gap: (gap) => client.write(encoding.frame(gapMessage(gap))),
  })
  void running.ended.then((end) => {
    over = true
    client.end(end)
  })
  return running
}
