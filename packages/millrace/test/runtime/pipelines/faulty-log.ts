import { MillraceError } from '../../../src/kernel/index.ts'
import type { Appended, Commit, Log } from '../../../src/log/index.ts'

/** What becomes of a commit: it is kept and answered, kept without an answer that arrives, or refused. */
export type Fate = 'kept' | 'lost' | MillraceError

/** What a log says whose process is about to end. */
export const gone = (): MillraceError => new MillraceError('LOG_CLOSED', 'the log is gone')

export interface FaultyLog extends Log {
  /** Commits asked for so far. */
  readonly commits: number
}

/** A log whose commits meet with `fate`, by their number from 0. */
export function faultyLog(log: Log, fate: (commit: number) => Fate): FaultyLog {
  let commits = 0
  const commit = async (asked: Commit): Promise<readonly Appended[]> => {
    const decided = fate(commits++)
    if (decided === 'kept') return log.commit(asked)
    if (decided !== 'lost') {
      // A refusal goes through some hands before whoever asked hears of it.
      for (let hand = 0; hand < 5; hand++) await Promise.resolve()
      throw decided
    }
    await log.commit(asked)
    throw gone()
  }
  const replaced = {
    commit,
    append: async (append: Parameters<Log['append']>[0]) => (await commit({ appends: [append] }))[0]!,
  }
  return new Proxy(log, {
    get(target, name) {
      if (name === 'commits') return commits
      if (name in replaced) return replaced[name as keyof typeof replaced]
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  }) as FaultyLog
}
