import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import {
  openLog,
  type Log,
  type LogBlock,
  type LogRecord,
  type OpenLogOptions,
  type ReadOptions,
} from '../../src/log/index.ts'

/** A directory that goes away with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-log-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** What a child process wrote to its trace: the words of each line. */
export function linesOf(trace: string): string[][] {
  if (!existsSync(trace)) return []
  const lines = readFileSync(trace, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => line.split(' '))
}

/** A log without timers that is closed with the test. */
export async function temporaryLog(options: Partial<OpenLogOptions> = {}): Promise<Log> {
  const log = await openLog({ directory: temporaryDirectory(), maintainEveryMs: 0, ...options })
  onTestFinished(() => log.close())
  return log
}

export const bytes = (text: string): Uint8Array => Buffer.from(text)

export const text = (part: Uint8Array | null): string | null => (part === null ? null : Buffer.from(part).toString())

export const values = (...texts: readonly string[]): LogRecord[] => texts.map((t) => ({ value: bytes(t) }))

export async function readBlocks(log: Log, topic: string, options: ReadOptions = {}): Promise<LogBlock[]> {
  const blocks: LogBlock[] = []
  for await (const block of await log.reader(topic, options)) blocks.push(block)
  return blocks
}

export interface ReadRecord {
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly headers: readonly (readonly [string, string | null])[]
}

export async function readRecords(log: Log, topic: string, options: ReadOptions = {}): Promise<ReadRecord[]> {
  const blocks = await readBlocks(log, topic, options)
  return blocks.flatMap((block) =>
    Array.from({ length: block.count }, (_, i) => ({
      offset: block.offset(i),
      key: text(block.key(i)),
      value: text(block.value(i)),
      timestamp: block.timestamps[i]!,
      headers: block.headersOf(i).map((h) => [h.name, text(h.value)] as const),
    })),
  )
}
