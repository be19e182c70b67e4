import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fillMessage, TEMPLATE } from './template.ts'

function filler(values: Readonly<Record<string, string>>) {
  return (text: string, escape: (value: string) => string = (value) => value) =>
    text.replace(TEMPLATE, (_, name: string) => escape(values[name]!))
}

describe('fillMessage', () => {
  it('escapes inside JSON strings only', () => {
    const fill = filler({ KEY: 'a"b\\c\n', N: '7' })
    expect(fillMessage('{"key":"{{ KEY }}","n":{{N}}}', fill)).toBe('{"key":"a\\"b\\\\c\\n","n":7}')
    expect(fillMessage('["x\\"{{ KEY }}"]', fill)).toBe('["x\\"a\\"b\\\\c\\n"]')
    expect(fillMessage('AUTH "{{ KEY }}"', fill)).toBe('AUTH "a"b\\c\n"')
  })

  it('does not take quotes of an earlier value for quotes of the message', () => {
    expect(fillMessage('{"a":{{ OBJECT }},"b":"{{ KEY }}"}', filler({ OBJECT: '"', KEY: '"' }))).toBe(
      '{"a":","b":"\\""}',
    )
  })

  it('gives back any value that is put into a JSON string', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'a"\\\n\t{}[],:é€😀\0') }), fc.string(), (value, other) => {
        const message = `{"before":${JSON.stringify(other.replaceAll('{', ''))},"value":"<{{ V }}>"}`
        expect((JSON.parse(fillMessage(message, filler({ V: value }))) as { value: string }).value).toBe(`<${value}>`)
      }),
    )
  })
})
