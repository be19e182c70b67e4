import { MillraceError } from '../../kernel/index.ts'

const MDB_MAP_FULL = -30792
const MDB_VERSION_MISMATCH = -30794
/** MDB_PAGE_NOTFOUND, MDB_CORRUPTED, MDB_INVALID; MDB_BAD_TXN is what follows one of them. */
const MDB_DAMAGED = [-30797, -30796, -30793, -30782]

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
    return corrupt(directory, message, error)
  }
  return new MillraceError('LOG_DIRECTORY', `data directory "${directory}" cannot be used: ${message}`, {
    hint: 'It must be a directory that this process may create, read and write, on a disk that is not read-only.',
    cause: error,
  })
}

/**
 * What a rejected commit means. All but a full map is fatal: after a failed sync nobody knows what the disk holds, and a second sync that
 * succeeds says nothing about the first. A page that could not be written would lose nothing but the commit, as LMDB never overwrites one
 * that is in use; but the text that lmdb 3.5 makes of that error (in mdb_page_flush) may overrun its buffer, so that this process must not
 * write any more. Whether there is room on the disk is therefore asked before.
 */
export async function writeFailure(directory: string, error: unknown): Promise<MillraceError> {
  const reason = (await (error as LmdbError).commitError?.catch((e: unknown) => e)) ?? error
  const { code, message } = reason as LmdbError
  if (code === MDB_MAP_FULL) return diskFull(directory, reason)
  return new MillraceError('LOG_FAILED', `writing to data directory "${directory}" failed: ${message}`, {
    detail: 'What was not acknowledged may or may not have been kept; what was is safe.',
    hint: 'Check the disk, then start again: the log is checked when it is opened.',
    cause: reason,
  })
}

export function diskFull(directory: string, cause?: unknown): MillraceError {
  const reason = cause === undefined ? '' : `: ${(cause as Error).message}`
  return new MillraceError('LOG_FULL', `the disk of data directory "${directory}" is full`, {
    detail: `The write was refused and nothing of it was kept${reason}.`,
    hint: 'Make room on the disk, or let the topics keep less (retention).',
    cause,
  })
}

export function corrupt(directory: string, detail: string, cause?: unknown): MillraceError {
  return new MillraceError('LOG_CORRUPT', `data directory "${directory}" is damaged`, {
    detail,
    hint: 'Restore the data directory from a backup, or move it away to start with an empty one.',
    cause,
  })
}
