import { MillraceError } from '../../kernel/index.ts'
import type { Append, Log, LogRecord } from '../../log/index.ts'
import type { NodeId } from '../../plan/index.ts'
import { journalTopic } from './pipeline-definition.ts'
import type { OutputSum } from './step-output.ts'

/** A step as the journal keeps it: everything its results depend on, and what they were. */
export interface JournalEntry {
  readonly step: number
  /** Microseconds. */
  readonly now: number
  readonly seed: number
  /** Records [from, to) of a partition of a source's topic, in the order in which they were worked on. */
  readonly in: readonly (readonly [source: NodeId, partition: number, from: number, to: number])[]
  /** Sources that come to their end with it. */
  readonly ended: readonly NodeId[]
  readonly out: OutputSum
}

/** What a snapshot needs is held besides. */
const RETENTION = { retentionMs: 24 * 3600 * 1000, retentionBytes: 256 * 1024 * 1024 }

/** Makes a pipeline's journal if it is not there. Nobody else writes to it. */
export async function ensureJournal(log: Log, pipeline: string): Promise<void> {
  const topic = journalTopic(pipeline)
  if (log.topic(topic) === undefined) await log.createTopic(topic, RETENTION)
}

export function journalAppend(pipeline: string, entries: readonly JournalEntry[]): Append {
  const records = entries.map(
    (entry): LogRecord => ({ value: Buffer.from(JSON.stringify(entry)), timestamp: entry.now }),
  )
  return { topic: journalTopic(pipeline), records, checked: true }
}

/**
 * The steps from `offset` on to the end of the journal, of which the first has number `step`.
 *
 * @throws MillraceError STATE_CORRUPT for a journal that is not without a gap.
 */
export async function* readJournal(
  log: Log,
  pipeline: string,
  offset: number,
  step: number,
): AsyncGenerator<JournalEntry> {
  let expected = step
  for await (const block of await log.reader(journalTopic(pipeline), { from: { offset } })) {
    for (let i = 0; i < block.count; i++) {
      const entry = JSON.parse(Buffer.from(block.value(i) ?? []).toString()) as JournalEntry
      if (entry.step !== expected) {
        throw new MillraceError(
          'STATE_CORRUPT',
          `the journal of "${pipeline}" has step ${entry.step} in place of ${expected}`,
        )
      }
      expected++
      yield entry
    }
  }
}
