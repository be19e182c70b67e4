import { MillraceError } from '../kernel/index.ts'
import type { Log, OffsetRange } from '../log/index.ts'
import { ByteWriter, RecordJson } from '../runtime/index.ts'
import { type Place, withLog } from './log-access.ts'
import { LineWriter } from './output/line-writer.ts'
import { formatBytes } from './status-line.ts'

interface Range {
  readonly partition?: number
  readonly offset?: number
  readonly limit?: number
}

const WRITE_BYTES = 64 * 1024

export function listTopics(flags: Place & { readonly json?: boolean }): Promise<void> {
  return withLog(flags, async (log) => {
    const out = new LineWriter(process.stdout)
    for (const { name } of log.topics()) {
      for (const { partition, start, end, bytes } of await log.partitionStatistics(name)) {
        const fields = { topic: name, partition, start, end, bytes }
        await out.write(
          flags.json === true
            ? `${JSON.stringify(fields)}\n`
            : `${JSON.stringify(name)} partition ${partition}: offsets ${start} to ${end}, ${formatBytes(bytes)}\n`,
        )
      }
    }
    await out.flush()
  })
}

export function printTopic(topic: string, flags: Place & Range): Promise<void> {
  return withLog(flags, async (log) => {
    const ranges = (await log.offsets(topic)).filter(({ partition }) => partition === (flags.partition ?? partition))
    if (ranges.length === 0) {
      throw new MillraceError('LOG_UNKNOWN_TOPIC', `topic "${topic}" has no partition ${flags.partition}`)
    }
    await printRecords(log, topic, ranges, flags, process.stdout)
  })
}

/** Records of these partitions as NDJSON, one partition after the other. */
export async function printRecords(
  log: Log,
  topic: string,
  ranges: readonly OffsetRange[],
  { offset, limit = Number.POSITIVE_INFINITY }: Range,
  stream: NodeJS.WritableStream,
): Promise<void> {
  const out = new LineWriter(stream)
  const json = new RecordJson()
  const bytes = new ByteWriter(WRITE_BYTES)
  for (const { partition, start } of ranges) {
    let left = limit
    const reader = await log.reader(topic, { partition, from: { offset: offset ?? start } })
    while (left > 0 && !out.isGone) {
      const block = await reader.next()
      if (block === null) break
      for (let i = 0; i < block.count && left > 0; i++, left--) {
        json.write(bytes, `{"partition":${partition},"offset":${block.offset(i)}`, block, i, true)
        bytes.text('\n')
        if (bytes.length >= WRITE_BYTES) await out.write(bytes.take())
      }
    }
    await out.write(bytes.take())
  }
  await out.flush()
}
