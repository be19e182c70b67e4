import { MillraceError, validateUtf8 } from '../../kernel/index.ts'
import type { Log, LogBlock } from '../../log/index.ts'
import { CONNECTION_HEADER, FRAME_HEADER } from './import-recording.ts'
import { RecordingWriter } from './recording-writer.ts'

const decoder = new TextDecoder()

/**
 * Writes all records of a topic as a recording of the format `frames`, packed if the file's name ends in `.gz`: bytes and times as they
 * are, one connection for each that the headers name. Keys and other headers have no place in a recording. Returns how many there were.
 *
 * @throws MillraceError FILE_NOT_WRITABLE; DATA_BAD_RECORD for a record without a value; what `LogReader.next` throws. The records before
 * are in the file.
 */
export async function exportRecording(log: Log, topic: string, file: string): Promise<number> {
  const ranges = await log.offsets(topic)
  const writer = await RecordingWriter.open(file)
  await writer.begin()
  let count = 0
  try {
    for (const { partition } of ranges) {
      const conn = ranges.length === 1 ? topic : `${topic}/${partition}`
      for await (const block of await log.reader(topic, { partition })) {
        for (let i = 0; i < block.count; i++) {
          if (!writer.write(eventOf(block, i, topic, conn))) await writer.drained()
        }
        count += block.count
      }
    }
  } finally {
    await writer.close()
  }
  return count
}

function eventOf(block: LogBlock, i: number, topic: string, defaultConn: string) {
  const value = block.value(i)
  if (value === null) {
    throw new MillraceError(
      'DATA_BAD_RECORD',
      `topic "${topic}" has a record without a value at offset ${block.offset(i)}`,
      {
        detail: 'It deletes what has its key; a recording has messages only.',
        hint: 'Export it with --format records.',
      },
    )
  }
  let conn = defaultConn
  let binary = false
  for (const header of block.headersOf(i)) {
    if (header.name === CONNECTION_HEADER) conn = decoder.decode(header.value)
    if (header.name === FRAME_HEADER) binary = decoder.decode(header.value) === 'binary'
  }
  binary ||= !validateUtf8(value)
  return { kind: 'recv', conn, micros: block.timestamps[i]!, binary, payload: value } as const
}
