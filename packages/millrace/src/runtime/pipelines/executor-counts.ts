import type { Executor, ExecutorStatistics, SourceStatistics } from '../executor/executor.ts'

const NONE: ExecutorStatistics = { sources: {}, counters: {}, stateBytes: 0 }

/** What the executors of a pipeline have counted, one after the other, without the steps that were run again. */
export class ExecutorCounts {
  #before: ExecutorStatistics = NONE
  #executor: Executor | null = null
  /** Of the executor, before its first new step. */
  #start: ExecutorStatistics = NONE

  async attach(executor: Executor): Promise<void> {
    this.#start = await executor.statistics()
    this.#executor = executor
  }

  async detach(): Promise<void> {
    this.#before = await this.current()
    this.#executor = null
    this.#start = NONE
  }

  async current(): Promise<ExecutorStatistics> {
    const now = await this.#executor?.statistics().catch(() => undefined)
    if (now === undefined) return { ...this.#before, stateBytes: 0 }
    return add(this.#before, now, this.#start)
  }
}

/** `before` and what `now` has more than `start`. */
function add(before: ExecutorStatistics, now: ExecutorStatistics, start: ExecutorStatistics): ExecutorStatistics {
  const sources: Record<string, SourceStatistics> = { ...before.sources }
  for (const [node, statistics] of Object.entries(now.sources)) {
    const earlier = before.sources[node]
    const first = start.sources[node]
    const sum = (name: 'payloads' | 'bytes' | 'rows' | 'bad'): number =>
      statistics[name] + (earlier?.[name] ?? 0) - (first?.[name] ?? 0)
    sources[node] = {
      payloads: sum('payloads'),
      bytes: sum('bytes'),
      rows: sum('rows'),
      bad: sum('bad'),
      watermark: statistics.watermark,
    }
  }
  const counters: Record<string, Readonly<Record<string, number>>> = { ...before.counters }
  for (const [owner, counts] of Object.entries(now.counters)) {
    const earlier = before.counters[owner] ?? {}
    const first = start.counters[owner] ?? {}
    const sums = Object.entries(counts).map(
      ([name, count]) => [name, count + (earlier[name] ?? 0) - (first[name] ?? 0)] as const,
    )
    counters[owner] = { ...earlier, ...Object.fromEntries(sums) }
  }
  return { sources, counters, stateBytes: now.stateBytes }
}
