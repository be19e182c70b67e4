import type { CompactionProgress, Log, PartitionStatistics } from '../log/index.ts'
import { type Place, withLog } from './log-access.ts'
import { LineWriter } from './output/line-writer.ts'
import { formatBytes, formatCount, statusLine } from './status-line.ts'

/** Retention and compaction to their end, with one line on what each partition has become. */
export function compact(topic: string | undefined, flags: Place): Promise<void> {
  return withLog(flags, async (log) => {
    const out = new LineWriter(process.stdout)
    const before = await statistics(log, topic)
    const removed = new Map<string, number>()
    let doing = 'looking for what retention no longer keeps'
    const status = statusLine(() => doing)
    try {
      await log.compact(topic, (progress) => {
        removed.set(placeOf(progress), progress.removed)
        doing = `${placeOf(progress)}: ${progress.offset} of ${progress.to} offsets`
      })
    } finally {
      status.close()
    }
    for (const [place, now] of await statistics(log, topic)) {
      const then = before.get(place)!
      const expired =
        now.start > then.start ? `, the first ${formatCount(now.start - then.start, 'offset')} expired` : ''
      const gone = formatCount(removed.get(place) ?? 0, 'record')
      await out.write(
        `${place}: ${formatBytes(then.bytes)} to ${formatBytes(now.bytes)}, ${gone} compacted${expired}\n`,
      )
    }
    await out.flush()
  })
}

async function statistics(log: Log, topic: string | undefined): Promise<Map<string, PartitionStatistics>> {
  const found = new Map<string, PartitionStatistics>()
  for (const name of topic === undefined ? log.topics().map((t) => t.name) : [topic]) {
    for (const one of await log.partitionStatistics(name))
      found.set(placeOf({ topic: name, partition: one.partition }), one)
  }
  return found
}

function placeOf({ topic, partition }: Pick<CompactionProgress, 'topic' | 'partition'>): string {
  return `${JSON.stringify(topic)} partition ${partition}`
}
