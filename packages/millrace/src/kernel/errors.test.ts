import { describe, expect, it } from 'vitest'
import { ERROR_CODES } from './error-codes.ts'
import { errorList, formatError, MillraceError, MillraceErrors } from './errors.ts'
import { didYouMean, nearest } from './suggest.ts'

describe('errors', () => {
  const text = 'SELECT a,\n\tlenght(b) -- \u{1f600}\nFROM t'
  const span = { start: text.indexOf('lenght'), end: text.indexOf('(b)') }

  it('print place, line, caret and hint', () => {
    const error = new MillraceError('SQL_UNKNOWN_FUNCTION', 'there is no function "lenght"', { span, hint: 'Did you mean "length"?' })
    expect(formatError(error, { name: 'q.sql', text })).toBe(
      [
        'q.sql:2:2: error: there is no function "lenght" [SQL_UNKNOWN_FUNCTION]',
        ' 2 |  lenght(b) -- \u{1f600}',
        '   |  ^^^^^^',
        'hint: Did you mean "length"?',
      ].join('\n'),
    )
  })

  it('show a part of a very long line, with the caret in it', () => {
    const long = `SELECT ${'x, '.repeat(5000)}bad FROM t`
    const start = long.indexOf('bad')
    const [, line, caret] = formatError(new MillraceError('SQL_SYNTAX', 'no', { span: { start, end: start + 3 } }), { name: 'q', text: long }).split('\n')
    expect(line!.length).toBeLessThan(140)
    expect(line!.slice(caret!.indexOf('^'), caret!.lastIndexOf('^') + 1)).toBe('bad')
  })

  it('come apart again, and foreign ones become internal', () => {
    const [a, b] = [new MillraceError('USAGE', 'a'), new MillraceError('USAGE', 'b')]
    expect(errorList(new MillraceErrors([a, b]))).toEqual([a, b])
    expect(errorList(new TypeError('boom'))[0]).toMatchObject({ code: 'INTERNAL', message: 'boom' })
    expect(a.entry.exit).toBe(64)
  })

  it('have documented codes with exits that shells can carry', () => {
    for (const [code, entry] of Object.entries(ERROR_CODES)) {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/)
      expect(entry.doc.length, code).toBeGreaterThan(10)
      expect(entry.exit, code).toBeGreaterThan(0)
      expect(entry.exit, code).toBeLessThan(256)
    }
  })

  it('suggest what is near and nothing else', () => {
    expect(nearest('endpont', ['endpoint', 'headers'])).toBe('endpoint')
    expect(nearest('SELETC', ['select', 'set'])).toBe('select')
    expect(nearest('zzz', ['select', 'set'])).toBeUndefined()
    expect(didYouMean('formt', ['format'])).toBe('Did you mean "format"?')
  })
})
