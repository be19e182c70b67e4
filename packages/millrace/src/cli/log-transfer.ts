import { once } from 'node:events'
import { createReadStream, createWriteStream, type ReadStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { fileNotReadable, fileNotWritable, MillraceError } from '../kernel/index.ts'
import type { Log } from '../log/index.ts'
import {
  Catalog,
  exportRecording,
  importRecording,
  importRecords,
  objectText,
  Recording,
  relationKey,
} from '../runtime/index.ts'
import { type Place, withLog } from './log-access.ts'
import { printRecords } from './log-print.ts'

/** `records`: NDJSON of everything a record has. `recording`: what `millrace record` writes and `millrace replay` plays. */
export const TRANSFER_FORMATS = ['records', 'recording'] as const

export type TransferFormat = (typeof TRANSFER_FORMATS)[number]

interface ExportFlags extends Place {
  readonly output: string
  readonly format: TransferFormat
}

interface ImportFlags extends Place {
  readonly format?: TransferFormat
}

const READ_BYTES = 1024 * 1024

export function exportTopic(topic: string, flags: ExportFlags): Promise<void> {
  return withLog(flags, async (log) => {
    // Before the file is touched.
    const ranges = await log.offsets(topic)
    if (flags.format === 'recording') {
      await exportRecording(log, topic, flags.output)
      return
    }
    const file = createWriteStream(flags.output)
    // Broken before the first record: nothing would wait for it otherwise.
    const written = finished(file).catch((error: unknown) => {
      throw fileNotWritable(flags.output, error)
    })
    written.catch(() => undefined)
    await printRecords(log, topic, ranges, {}, file)
    file.end()
    await written
  })
}

export function importTopic(topic: string, file: string, flags: ImportFlags): Promise<void> {
  return withLog(
    flags,
    async (log) => {
      await refuseDerived(log, topic)
      if (file === '-' && flags.format === 'recording') {
        throw new MillraceError('USAGE', 'a recording cannot be imported from standard input', {
          hint: 'Name its file.',
        })
      }
      const recording = file === '-' || flags.format === 'records' ? null : await Recording.open(file)
      // A line of records is JSON without the marks of a recording.
      if (recording !== null && (flags.format === 'recording' || recording.timed)) {
        const { records, skipped } = await importRecording(log, topic, recording)
        const others = skipped === 0 ? '' : `; ${skipped} lines that are no messages of the server were left out`
        process.stderr.write(`imported ${records} records into "${topic}"${others}\n`)
        return
      }
      const input = file === '-' ? process.stdin : await openFile(file)
      const count = await importRecords(log, topic, input, file)
      process.stderr.write(`imported ${count} records into "${topic}"\n`)
    },
    true,
  )
}

/** What pipelines write is what their journals say, and nothing else. @throws MillraceError LOG_INVALID */
async function refuseDerived(log: Log, topic: string): Promise<void> {
  const { entries } = await Catalog.load(log)
  const owner = entries.get(relationKey(topic))?.object
  const isResult = owner?.kind === 'materialized view' && owner.name === topic
  if (!isResult && !topic.startsWith('$')) return
  throw new MillraceError('LOG_INVALID', `records cannot be imported into topic "${topic}"`, {
    detail: isResult
      ? `It is the result of ${objectText(owner)}.`
      : 'Topics whose names start with "$" are Millrace\'s own.',
    hint: 'Import them into a topic of another name.',
  })
}

async function openFile(path: string): Promise<ReadStream> {
  const stream = createReadStream(path, { highWaterMark: READ_BYTES })
  await once(stream, 'open').catch((error: unknown) => {
    throw fileNotReadable(path, error)
  })
  return stream
}
