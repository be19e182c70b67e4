import { once } from 'node:events'
import { createReadStream, createWriteStream, type ReadStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { Command } from 'commander'
import { MillraceError } from '../kernel/index.ts'
import { type Log, openLog } from '../log/index.ts'
import { ByteWriter, importRecords, RecordJson } from '../runtime/index.ts'
import { exitCodesHelp, runAction } from './exit.ts'
import { LineWriter } from './output/line-writer.ts'
import { wholeNumber } from './option-parsers.ts'
import { formatBytes } from './status-line.ts'

interface Place {
  readonly dataDir: string
}

interface ReadFlags extends Place {
  readonly partition?: number
  readonly offset?: number
  readonly limit?: number
}

const HELP = `
The data directory belongs to one process at a time: stop the server first, or ask it (GET /v1/topics).

Examples:
  millrace log ls --data-dir /var/lib/millrace
  millrace log cat orders --offset 100 --limit 10
  millrace log export orders -o orders.ndjson
  millrace log import orders orders.ndjson
  millrace log verify`

const WRITE_BYTES = 64 * 1024
const READ_BYTES = 1024 * 1024
const count = wholeNumber(0, Number.MAX_SAFE_INTEGER)

/** `millrace log ls|cat|export|import|verify`: the log of a data directory that no server has open. */
export function logCommand(): Command {
  const log = new Command('log')
    .summary('look into the log of a data directory')
    .description('Lists, prints, checks, exports and imports the topics of a data directory.')
    .addHelpText('after', `${HELP}\n${exitCodesHelp([0, 64, 65, 66, 69, 70, 73, 74, 78, 130, 143])}`)
  const add = (name: string, summary: string): Command =>
    log.command(name).description(summary).option('--data-dir <dir>', 'where the log is', '.millrace')
  add('ls', 'list topics and their partitions').option('--json', 'one JSON object a line').action(runAction(ls))
  add('cat', 'print records as NDJSON, as GET /v1/topics/{topic}/records does')
    .argument('<topic>')
    .option('--partition <n>', 'only this one (default: all, one after the other)', count)
    .option('--offset <n>', 'from this offset on', count)
    .option('--limit <n>', 'so many records of each partition', count)
    .action(runAction((topic: string, flags: ReadFlags) => cat(topic, flags, process.stdout)))
  add('export', 'write all records of a topic to a file; log import reads it')
    .argument('<topic>')
    .requiredOption('-o, --output <file>', 'file to write')
    .action(runAction(exportTopic))
  add('import', 'append the records of a file to a topic, which is made if need be')
    .argument('<topic>')
    .argument('<file>', 'NDJSON; - for standard input')
    .action(runAction(importTopic))
  add('verify', 'read everything and check it').argument('[topic]').action(runAction(verify))
  return log
}

async function withLog<T>({ dataDir }: Place, work: (log: Log) => Promise<T>): Promise<T> {
  const log = await openLog({ directory: dataDir, maintainEveryMs: 0 })
  try {
    return await work(log)
  } finally {
    await log.close()
  }
}

function ls(flags: Place & { readonly json?: boolean }): Promise<void> {
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

function cat(topic: string, flags: ReadFlags, stream: NodeJS.WritableStream): Promise<void> {
  return withLog(flags, async (log) => {
    const out = new LineWriter(stream)
    const json = new RecordJson()
    const bytes = new ByteWriter(WRITE_BYTES)
    const ranges = (await log.offsets(topic)).filter(({ partition }) => partition === (flags.partition ?? partition))
    if (ranges.length === 0) throw new MillraceError('LOG_UNKNOWN_TOPIC', `topic "${topic}" has no partition ${flags.partition}`)
    for (const { partition, start } of ranges) {
      let left = flags.limit ?? Number.POSITIVE_INFINITY
      const reader = await log.reader(topic, { partition, from: { offset: flags.offset ?? start } })
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
  })
}

async function exportTopic(topic: string, flags: Place & { readonly output: string }): Promise<void> {
  const file = createWriteStream(flags.output)
  // Broken before the first record: nothing would wait for it otherwise.
  const written = finished(file).catch((cause: unknown) => {
    throw new MillraceError('FILE_NOT_WRITABLE', `file "${flags.output}" cannot be written`, { cause })
  })
  written.catch(() => undefined)
  await cat(topic, flags, file)
  file.end()
  await written
}

function importTopic(topic: string, file: string, flags: Place): Promise<void> {
  return withLog(flags, async (log) => {
    const input = file === '-' ? process.stdin : await openFile(file)
    const imported = await importRecords(log, topic, input, file)
    process.stderr.write(`imported ${imported} records into "${topic}"\n`)
  })
}

async function openFile(path: string): Promise<ReadStream> {
  const stream = createReadStream(path, { highWaterMark: READ_BYTES })
  await once(stream, 'open').catch((cause: unknown) => {
    throw new MillraceError('FILE_NOT_READABLE', `file "${path}" cannot be read`, { cause })
  })
  return stream
}

function verify(topic: string | undefined, flags: Place): Promise<number> {
  return withLog(flags, async (log) => {
    const out = new LineWriter(process.stdout)
    let damaged = 0
    for (const report of await log.verify(topic)) {
      const { damage } = report
      const state = damage === null ? 'sound' : `damaged at offset ${damage.offset}: ${damage.reason}`
      if (damage !== null) damaged++
      await out.write(`${JSON.stringify(report.topic)} partition ${report.partition}: ${report.records} records, ${state}\n`)
    }
    await out.flush()
    if (damaged === 0) return 0
    throw new MillraceError('LOG_CORRUPT', `${damaged === 1 ? 'one partition is' : `${damaged} partitions are`} damaged`, {
      detail: 'The records before the damage can be read.',
    })
  })
}
