import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redact } from './redact.ts'

const secrets = new Map([
  ['q"u\\o,t:e d&x=1', '{{ ODD }}'],
  ['s3cr3t-TOKEN-0123456789', '{{ TOKEN }}'],
  ['s3cr3t', '{{ SHORT }}'],
  ['line one\nline two', '{{ LINES }}'],
  ['', '{{ EMPTY }}'],
  ['\n', '{{ BREAK }}'],
])

describe('redact', () => {
  it.each([
    ['Bearer s3cr3t-TOKEN-0123456789!', 'Bearer {{ TOKEN }}!'],
    ['host S3CR3T-token-0123456789.invalid', 'host {{ TOKEN }}.invalid'],
    ['cut: s3cr3t-TOKEN-0123', 'cut: {{ TOKEN }}'],
    ['s3cr3t alone, s3cr3ts3cr3t', '{{ SHORT }} alone, {{ SHORT }}{{ SHORT }}'],
    [new URL('ws://h/?k=q"u\\o,t:e d&x=1').href, 'ws://h/?k={{ ODD }}'],
    [`k=${encodeURIComponent('q"u\\o,t:e d&x=1')}`, 'k={{ ODD }}'],
    [JSON.stringify({ k: 'q"u\\o,t:e d&x=1' }), '{"k":"{{ ODD }}"}'],
    [JSON.stringify(JSON.stringify('q"u\\o,t:e d&x=1')), '"\\"{{ ODD }}\\""'],
    ['line one\nline two', '{{ LINES }}'],
    [new URL('ws://h/line one\nline two').href, 'ws://h/{{ LINES }}'],
    ['nothing to hide', 'nothing to hide'],
    ['', ''],
  ])('%j', (text, shown) => {
    expect(redact(text, secrets)).toBe(shown)
  })

  it('leaves nothing of a value, however it is written and whatever stands around it', () => {
    const forms: readonly ((value: string) => string)[] = [
      (value) => value,
      encodeURIComponent,
      (value) => JSON.stringify(value).slice(1, -1),
      (value) => new URLSearchParams({ k: value }).toString().slice(2).replaceAll('+', '%20'),
    ]
    // Digits around, none inside: what is left of a value is recognised.
    const value = fc.stringMatching(/^[a-z"\\/ ,:é😀-]{4,30}$/u)
    fc.assert(
      fc.property(value, fc.constantFrom(...forms), fc.stringMatching(/^\d{0,5}$/), (secret, form, around) => {
        const text = `${around}${form(secret)}${around}`
        expect(redact(text, new Map([[secret, '#']]))).toBe(`${around}#${around}`)
      }),
    )
  })
})
