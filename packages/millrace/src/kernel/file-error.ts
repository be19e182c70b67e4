import { MillraceError } from './errors.ts'

interface Reason {
  readonly why: string
  readonly hint?: string
}

const PERMISSION: Reason = {
  why: 'permission is denied',
  hint: 'Check the permissions of the file and of its directory.',
}
const DIRECTORY: Reason = { why: 'it is a directory', hint: 'Name a file.' }
const DAMAGED: Reason = { why: 'its gzip data is damaged' }
const NO_DIRECTORY: Reason = {
  why: 'its directory does not exist',
  hint: 'Create the directory first, or choose another path.',
}

/** By the error codes of Node. */
const READING: ReadonlyMap<string, Reason> = new Map([
  ['ENOENT', { why: 'it does not exist', hint: 'A relative path starts where the command was started.' }],
  ['ENOTDIR', { why: 'it does not exist' }],
  ['EACCES', PERMISSION],
  ['EPERM', PERMISSION],
  ['EISDIR', DIRECTORY],
  ['Z_DATA_ERROR', DAMAGED],
  ['Z_BUF_ERROR', DAMAGED],
])
const WRITING: ReadonlyMap<string, Reason> = new Map([
  ['ENOENT', NO_DIRECTORY],
  ['ENOTDIR', NO_DIRECTORY],
  ['EACCES', PERMISSION],
  ['EPERM', PERMISSION],
  ['EISDIR', DIRECTORY],
  ['EROFS', { why: 'the file system is read-only', hint: 'Choose another path.' }],
  ['ENOSPC', { why: 'the disk is full', hint: 'Free some space, or choose a path on another disk.' }],
  ['EDQUOT', { why: 'the disk quota is used up', hint: 'Free some space, or choose a path on another disk.' }],
])

/** Why a file cannot be read, from what an operation on it threw: FILE_NOT_READABLE. A MillraceError is returned as it is. */
export function fileNotReadable(path: string, thrown: unknown): MillraceError {
  return fileError('FILE_NOT_READABLE', `file "${path}" cannot be read`, thrown, READING)
}

/** Why a file cannot be written, from what an operation on it threw: FILE_NOT_WRITABLE. A MillraceError is returned as it is. */
export function fileNotWritable(path: string, thrown: unknown): MillraceError {
  return fileError('FILE_NOT_WRITABLE', `file "${path}" cannot be written`, thrown, WRITING)
}

function fileError(
  code: 'FILE_NOT_READABLE' | 'FILE_NOT_WRITABLE',
  message: string,
  thrown: unknown,
  reasons: ReadonlyMap<string, Reason>,
): MillraceError {
  if (MillraceError.is(thrown)) return thrown
  const reason = reasons.get((thrown as { readonly code?: string }).code ?? '')
  const why = reason?.why ?? (thrown instanceof Error ? thrown.message : String(thrown))
  return new MillraceError(code, `${message}: ${why}`, { hint: reason?.hint, cause: thrown })
}
