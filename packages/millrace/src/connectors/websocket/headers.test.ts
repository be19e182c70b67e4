import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Header, parseHeaders } from './headers.ts'

describe('parseHeaders', () => {
  it.each<[string, readonly Header[]]>([
    [
      'Authorization: Bearer {{ API_TOKEN }},X-Client-ID: laminar',
      [
        ['Authorization', 'Bearer {{ API_TOKEN }}'],
        ['X-Client-ID', 'laminar'],
      ],
    ],
    [
      'Authorization: Bearer token123,X-Client-Version: 1.0,Accept: application/json',
      [
        ['Authorization', 'Bearer token123'],
        ['X-Client-Version', '1.0'],
        ['Accept', 'application/json'],
      ],
    ],
    ['X-API-Key: {{ EXCHANGE_API_KEY }}', [['X-API-Key', '{{ EXCHANGE_API_KEY }}']]],
    ['Origin: https://x.example:8443/a', [['Origin', 'https://x.example:8443/a']]],
    [
      'Cookie: a=1, b=2; c=3,X: y',
      [
        ['Cookie', 'a=1, b=2; c=3'],
        ['X', 'y'],
      ],
    ],
    [
      'Accept: text/html, application/json, Host: other.example:99',
      [
        ['Accept', 'text/html, application/json'],
        ['Host', 'other.example:99'],
      ],
    ],
    ['If-Modified-Since: Wed, 21 Oct 2026 07:28:00 GMT', [['If-Modified-Since', 'Wed, 21 Oct 2026 07:28:00 GMT']]],
    ['X: see, https://x.example/y', [['X', 'see, https://x.example/y']]],
    [
      'A: 1, A: 2, a: 3',
      [
        ['A', '1'],
        ['A', '2'],
        ['a', '3'],
      ],
    ],
    [
      'X: "a, b: c, ""d""",Y: z',
      [
        ['X', 'a, b: c, "d"'],
        ['Y', 'z'],
      ],
    ],
    [
      'A: 1,"Cookie: a=1, b: 2",C: 3',
      [
        ['A', '1'],
        ['Cookie', 'a=1, b: 2'],
        ['C', '3'],
      ],
    ],
    ['ETag: W/"x"', [['ETag', 'W/"x"']]],
    [
      'A: 1, b: 2\nC: d, e: f\n',
      [
        ['A', '1, b: 2'],
        ['C', 'd, e: f'],
      ],
    ],
    [
      '  A: 1 ,\n  B: 2,\n',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    [
      '{"A": "1, b: 2", "C": ["x", "y"], "N": 7}',
      [
        ['A', '1, b: 2'],
        ['C', 'x'],
        ['C', 'y'],
        ['N', '7'],
      ],
    ],
    ['X:', [['X', '']]],
    ['A: 1,', [['A', '1']]],
    ['', []],
  ])('reads %j', (text, headers) => {
    expect(parseHeaders(text)).toEqual(headers)
  })

  it.each([
    ['A: 1\r\nHost: x', 'carriage return'],
    ['{"A": "1\\r\\nHost: x"}', 'line break'],
    ['{"A": "1\\nHost: x"}', 'line break'],
    ['just-a-word', 'header 1 has no colon'],
    ['A: 1\nsecret-token', 'header 2 has no colon'],
    ['b d: 1', 'is no header name'],
    [': 1', 'is no header name'],
    ['{"A": {"b": 1}}', 'is no text'],
    ['{"A": ', 'start like a JSON object'],
    ['A: "1', 'never closed'],
  ])('refuses %j', (text, message) => {
    expect(() => parseHeaders(text)).toThrow(message)
  })

  it('shows nothing of a value in an error', () => {
    for (const text of [
      'secret-token',
      'A: 1\nsecret-token',
      '{"A": ["secret-token", {}]}',
      '{"A": "secret-token',
      'A: "secret-token',
    ]) {
      const error = caught(() => parseHeaders(text))
      expect(JSON.stringify([error.message, error])).not.toContain('secret')
    }
  })

  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,12}$/)
  const value = fc.stringMatching(/^[ -~]{0,40}$/).map((text) => text.trim())
  const headers = fc.array(fc.tuple(name, value), { minLength: 2, maxLength: 6 })

  it('reads back any headers written as JSON', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, value), { selector: ([n]) => n, minLength: 1 }), (list) => {
        expect(parseHeaders(JSON.stringify(Object.fromEntries(list)))).toEqual(list)
      }),
    )
  })

  it('reads back any headers written one a line, unless a value ends like the line does', () => {
    fc.assert(
      fc.property(headers, (list) => {
        fc.pre(list.every(([, v]) => !v.endsWith(',') && !/^".*"$/.test(v)))
        expect(parseHeaders(list.map(([n, v]) => `${n}: ${v}`).join('\n'))).toEqual(list)
      }),
    )
  })

  it('reads back any headers written with commas and quoted values', () => {
    fc.assert(
      fc.property(headers, (list) => {
        const text = list.map(([n, v]) => `${n}: "${v.replaceAll('"', '""')}"`).join(', ')
        expect(parseHeaders(text)).toEqual(list)
      }),
    )
  })
})

function caught(run: () => unknown): Error {
  try {
    run()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}
