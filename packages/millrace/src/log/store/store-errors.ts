import { MillraceError } from '../../kernel/index.ts'

const ENOSPC = 28
const EDQUOT = 122
const EFBIG = 27
const MDB_MAP_FULL = -30792
const MDB_VERSION_MISMATCH = -30794
const MDB_DAMAGED = [-30797, -30796, -30793]

/** What the `lmdb` package throws: `code` is a number, of errno or of LMDB. */
interface LmdbError extends Error {
  readonly code?: number | string
  /** Of a failed commit: rejects with the reason. */
  readonly commitError?: Promise<unknown>
}

export function isDiskFull(error: unknown): boolean {
  const { code } = error as LmdbError
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG'
}

export function openError(directory: string, error: unknown): MillraceError {
  if (MillraceError.is(error)) return error
  const { code, message } = error as LmdbError
  if (code === MDB_VERSION_MISMATCH) {
    return new MillraceError('LOG_VERSION', `data directory "${directory}" has another file format`, {
      detail: message,
      cause: error,
    })
  }
  if (MDB_DAMAGED.includes(code as number)) {
    return new MillraceError('LOG_CORRUPT', `data directory "${directory}" is damaged`, {
      detail: message,
      cause: error,
    })
  }
  return new MillraceError('LOG_DIRECTORY', `data directory "${directory}" cannot be used: ${message}`, {
    hint: 'It must be a directory that this process may create, read and write, on a disk that is not read-only.',
    cause: error,
  })
}

/**
 * What a rejected commit means. LMDB never overwrites a page that is in use, so a data page that cannot be written loses nothing but
 * the commit. Everything else is fatal: after a failed sync nobody knows what the disk holds, and a second sync that succeeds says
 * nothing about the first.
 */
export async function writeFailure(directory: string, error: unknown): Promise<MillraceError> {
  const reason = (await (error as LmdbError).commitError?.catch((e: unknown) => e)) ?? error
  const { code, message } = reason as LmdbError
  const full = code === ENOSPC || code === EDQUOT || code === EFBIG
  if (code === MDB_MAP_FULL || (full && message.includes('Attempting to write page'))) {
    return new MillraceError('LOG_FULL', `the disk of data directory "${directory}" is full`, {
      detail: `The append was refused and nothing of it was kept: ${message}.`,
      hint: 'Make room on the disk, or let the topics keep less (retention).',
      cause: reason,
    })
  }
  return new MillraceError('LOG_FAILED', `writing to data directory "${directory}" failed: ${message}`, {
    detail: 'Appends that were not acknowledged may or may not have been kept; those that were are safe.',
    hint: 'Check the disk, then start again: the log is checked when it is opened.',
    cause: reason,
  })
}
