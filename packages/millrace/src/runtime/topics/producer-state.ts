/** Consecutive records of a producer that lie at consecutive offsets of one partition. */
export interface Run {
  readonly sequence: number
  readonly count: number
  readonly partition: number
  readonly offset: number
}

/** What the log knows of a producer of a topic. Stored with the records themselves. */
export interface ProducerState {
  /** The sequence of the first record the log does not have. */
  readonly next: number
  /** Where its latest records are, oldest first. */
  readonly runs: readonly Run[]
  /** Microseconds: when it wrote last. */
  readonly at: number
}

export const NEW_PRODUCER: ProducerState = { next: 0, runs: [], at: 0 }

/** Runs remembered: enough for all that can be under way and be sent again. */
const MAX_RUNS = 256

const decoder = new TextDecoder()

export function encodeProducer({ next, runs, at }: ProducerState): Uint8Array {
  return Buffer.from(JSON.stringify([next, at, ...runs.map((r) => [r.sequence, r.count, r.partition, r.offset])]))
}

export function decodeProducer(bytes: Uint8Array): ProducerState {
  const [next, at, ...runs] = JSON.parse(decoder.decode(bytes)) as [number, number, ...[number, number, number, number][]]
  return { next, at, runs: runs.map(([sequence, count, partition, offset]) => ({ sequence, count, partition, offset })) }
}

/** The state after `runs`, which follow it. A run that goes on where the last one ends becomes part of it. */
export function withRuns(state: ProducerState, added: readonly Run[], at: number): ProducerState {
  const runs = [...state.runs]
  let next = state.next
  for (const run of added) {
    const last = runs.at(-1)
    const follows =
      last !== undefined && last.partition === run.partition && last.sequence + last.count === run.sequence &&
      last.offset + last.count === run.offset
    if (follows) runs[runs.length - 1] = { ...last, count: last.count + run.count }
    else runs.push(run)
    next = run.sequence + run.count
  }
  return { next, at, runs: runs.slice(-MAX_RUNS) }
}

/** Where the record of this sequence is; null when it is not remembered any more. */
export function placeOf({ runs }: ProducerState, sequence: number): { readonly partition: number; readonly offset: number } | null {
  for (let i = runs.length - 1; i >= 0; i--) {
    const run = runs[i]!
    if (sequence < run.sequence || sequence >= run.sequence + run.count) continue
    return { partition: run.partition, offset: run.offset + sequence - run.sequence }
  }
  return null
}
