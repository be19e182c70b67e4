import { describe, expect, it } from 'vitest'
import { MillraceError } from './errors.ts'
import { fileNotReadable, fileNotWritable } from './file-error.ts'

describe('file errors', () => {
  it('say why in words, and what to do', () => {
    expect(fileNotReadable('a.txt', { code: 'ENOENT' })).toMatchObject({
      code: 'FILE_NOT_READABLE',
      message: 'file "a.txt" cannot be read: it does not exist',
    })
    expect(fileNotWritable('x/a.txt', { code: 'ENOENT' })).toMatchObject({
      code: 'FILE_NOT_WRITABLE',
      message: 'file "x/a.txt" cannot be written: its directory does not exist',
      hint: 'Create the directory first, or choose another path.',
    })
  })

  it('keep the words of what they do not know, and errors that are said already', () => {
    expect(fileNotWritable('a', new Error('EIO: i/o error')).message).toBe('file "a" cannot be written: EIO: i/o error')
    const said = new MillraceError('CANCELLED', 'stopped')
    expect(fileNotReadable('a', said)).toBe(said)
  })

  it('get a place once', () => {
    const placed = fileNotReadable('a', { code: 'EACCES' }).at({ start: 3, end: 5 })
    expect(placed).toMatchObject({ code: 'FILE_NOT_READABLE', span: { start: 3, end: 5 } })
    expect(placed.at({ start: 7, end: 9 })).toBe(placed)
    expect(placed.at(undefined)).toBe(placed)
  })
})
