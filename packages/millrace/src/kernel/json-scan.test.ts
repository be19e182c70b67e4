import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonFault, MAX_JSON_DEPTH, skipJsonValue, validateJson, validateUtf8 } from './json-scan.ts'

const fault = (text: string) => jsonFault(Buffer.from(text), 0, Buffer.byteLength(text))

describe('jsonFault', () => {
  it('says what is wrong and where', () => {
    expect(fault(' {"a": [1, -0.5e+3, "\\u00e9ü", true, null, {}]} ')).toBeNull()
    expect(fault('')).toBe('the text is empty')
    expect(fault('{"a":1')).toBe('the text ends too early')
    expect(fault('{"a":1,}')).toBe('unexpected "}" at offset 7')
    expect(fault('[01]')).toBe('unexpected "1" at offset 2')
    expect(fault('"\t"')).toBe('unexpected byte 0x09 at offset 1')
    expect(fault('\ufeff1')).toBe('unexpected byte 0xef at offset 0')
    expect(fault(`${'['.repeat(MAX_JSON_DEPTH)}${']'.repeat(MAX_JSON_DEPTH)}`)).toBeNull()
    expect(fault('[{"a":'.repeat(50_000))).toBe('nested deeper than 1000 levels')
  })
})

describe('validateJson', () => {
  it('agrees with JSON.parse on damaged texts', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...'{}[],:"\\-+.eE019 \nntu\u0001é')), { maxLength: 3 })
    fc.assert(
      fc.property(fc.json(), damage, (json, faults) => {
        const text = faults.reduce(
          (t, [at, c]) => t.slice(0, at % (t.length + 1)) + c + t.slice((at % (t.length + 1)) + 1),
          json,
        )
        let parses = true
        try {
          JSON.parse(Buffer.from(text).toString())
        } catch {
          parses = false
        }
        expect(validateJson(Buffer.from(text))).toBe(parses)
      }),
      { numRuns: 1000 },
    )
  })

  it('stays within its range', () => {
    const bytes = Buffer.from('x[1,2]]')
    expect(validateJson(bytes, 1, 6)).toBe(true)
    expect(validateJson(bytes, 1, 7)).toBe(false)
    expect(skipJsonValue(bytes, 1, 7, 0)).toBe(6)
  })
})

describe('validateUtf8', () => {
  it('agrees with the decoder of the platform', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true })
    const bytes = fc.array(
      fc.constantFrom(
        0x41,
        0x80,
        0xbf,
        0xc1,
        0xc2,
        0xdf,
        0xe0,
        0xa0,
        0xed,
        0x9f,
        0xef,
        0xf0,
        0x90,
        0xf4,
        0x8f,
        0xf5,
        0xff,
      ),
    )
    fc.assert(
      fc.property(bytes, (values) => {
        const array = Uint8Array.from(values)
        let decodes = true
        try {
          decoder.decode(array)
        } catch {
          decodes = false
        }
        expect(validateUtf8(array)).toBe(decodes)
      }),
      { numRuns: 1000 },
    )
  })
})
