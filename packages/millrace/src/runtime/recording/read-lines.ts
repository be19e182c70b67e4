import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline, type Readable } from 'node:stream'
import { constants, createGunzip } from 'node:zlib'
import { fileNotReadable, MillraceError } from '../../kernel/index.ts'

const CHUNK_BYTES = 256 * 1024
const MAX_LINE_BYTES = 64 * 1024 * 1024
const LF = 0x0a
const CR = 0x0d

export interface LineBatch {
  /** Without their line ends; empty lines are left out. */
  readonly lines: readonly Uint8Array[]
  /** 1-based number of each line in the file. */
  readonly numbers: readonly number[]
  readonly utf8: boolean
  /** The last line of the batch ends with the file, not with a line end. */
  readonly unterminated: boolean
}

/**
 * Reads a file line by line, a few hundred lines at a time, with memory bounded by the longest line. A file that starts
 * with the gzip magic is unpacked on the way, whatever its name; one that was cut gives the lines up to the cut.
 *
 * @throws MillraceError FILE_NOT_READABLE, or DATA_BAD_RECORD for a line over 64 MiB.
 */
export async function* readLines(file: string): AsyncGenerator<LineBatch> {
  let rest: Buffer[] = []
  let restBytes = 0
  let number = 0
  const stream = await openBytes(file)
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const end = chunk.lastIndexOf(LF)
      if (end === -1) {
        rest.push(chunk)
        restBytes += chunk.length
        if (restBytes > MAX_LINE_BYTES) throw tooLong(file, number + 1)
        continue
      }
      const head = chunk.subarray(0, end + 1)
      const whole = rest.length === 0 ? head : Buffer.concat([...rest, head])
      const tail = chunk.subarray(end + 1)
      rest = tail.length === 0 ? [] : [tail]
      restBytes = tail.length
      const batch = split(whole, number)
      number = batch.last
      if (batch.lines.length > 0) yield { ...batch, unterminated: false }
    }
  } catch (error) {
    throw fileNotReadable(file, error)
  } finally {
    stream.destroy()
  }
  if (rest.length === 0) return
  const batch = split(Buffer.concat(rest), number)
  if (batch.lines.length > 0) yield { ...batch, unterminated: true }
}

/** The file's bytes, unpacked if they are gzip. Rejects if it cannot be opened. */
async function openBytes(file: string): Promise<Readable> {
  let magic: Buffer
  try {
    const handle = await open(file, 'r')
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0)
      magic = buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw fileNotReadable(file, error)
  }
  const bytes = createReadStream(file, { highWaterMark: CHUNK_BYTES })
  if (!magic.equals(Buffer.from([0x1f, 0x8b]))) return bytes
  // Flushing softly at the end takes a cut file for what it holds instead of refusing it.
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES, finishFlush: constants.Z_SYNC_FLUSH })
  // Errors reach the reader of `gunzip`; a reader that stops early ends the file too.
  return pipeline(bytes, gunzip, () => {})
}

function split(bytes: Buffer, before: number): { lines: Uint8Array[]; numbers: number[]; utf8: boolean; last: number } {
  const lines: Uint8Array[] = []
  const numbers: number[] = []
  let number = before
  for (let start = 0; start < bytes.length; ) {
    const lf = bytes.indexOf(LF, start)
    const next = lf === -1 ? bytes.length : lf
    const end = next > start && bytes[next - 1] === CR ? next - 1 : next
    number++
    if (end > start) {
      lines.push(bytes.subarray(start, end))
      numbers.push(number)
    }
    start = next + 1
  }
  return { lines, numbers, utf8: isUtf8(bytes), last: number }
}

function tooLong(file: string, line: number): MillraceError {
  return new MillraceError('DATA_BAD_RECORD', `line ${line} of "${file}" is longer than 64 MiB`, {
    hint: 'A recording has one message a line.',
  })
}
