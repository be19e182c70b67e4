import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  distinctMembers,
  elementsOf,
  isJson,
  kindAt,
  memberOf,
  type Slice,
  sliceText,
  stringAt,
  wholeValue,
} from './json-text.ts'

function texts(text: string, slices: readonly Slice[]): string[] {
  return slices.map((s) => sliceText(text, s))
}

/** JSON text with space in all legal places and some characters escaped. */
const spacedJson = fc
  .tuple(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(0, 1, 3))
  .map(([value, indent]) => JSON.stringify(value, null, indent))

describe('json text', () => {
  it('finds the members and elements that JSON.parse finds', () => {
    fc.assert(
      fc.property(spacedJson, (text) => {
        const value = JSON.parse(text) as unknown
        const whole = wholeValue(text)
        if (Array.isArray(value)) {
          expect(texts(text, elementsOf(text, whole)).map((t) => JSON.parse(t) as unknown)).toEqual(value)
        } else if (typeof value === 'object' && value !== null) {
          expect(kindAt(text, whole.start)).toBe('object')
          for (const [key, member] of Object.entries(value)) {
            const found = memberOf(text, whole, key)
            expect(found && JSON.parse(sliceText(text, found))).toEqual(member)
          }
          expect([...distinctMembers(text, whole).keys()].sort()).toEqual(Object.keys(value).sort())
        } else if (typeof value === 'string') expect(stringAt(text, whole)).toBe(value)
        else expect(sliceText(text, whole)).toBe(text)
      }),
    )
  })

  it('compares keys after unescaping', () => {
    const text = '{"a\\u0062c":1,"x\\\\":2,"\\"":3}'
    const find = (key: string) => memberOf(text, wholeValue(text), key)
    expect(find('abc') && sliceText(text, find('abc')!)).toBe('1')
    expect(find('x\\') && sliceText(text, find('x\\')!)).toBe('2')
    expect(find('"') && sliceText(text, find('"')!)).toBe('3')
    expect(find('a\\u0062c')).toBeUndefined()
  })

  it('takes the last of repeated keys, and __proto__ as any other', () => {
    const text = '{"a":1,"__proto__":{"a":7},"a":[2]}'
    expect(sliceText(text, memberOf(text, wholeValue(text), 'a')!)).toBe('[2]')
    expect(sliceText(text, memberOf(text, wholeValue(text), '__proto__')!)).toBe('{"a":7}')
    expect(memberOf('{"b":1}', { start: 0, end: 7 }, '__proto__')).toBeUndefined()
  })

  it('keeps every digit of a number', () => {
    const text = '{"n":1491318144456507320.10}'
    expect(sliceText(text, memberOf(text, wholeValue(text), 'n')!)).toBe('1491318144456507320.10')
  })

  it('refuses what is no JSON and what nests too deep', () => {
    expect(isJson('{"a":[1,2.5e3,null]}')).toBe(true)
    for (const bad of ['', '{', "{'a':1}", '[1,]', '01', 'NaN', '1 2', '"\u0001"']) expect(isJson(bad)).toBe(false)
    expect(isJson('['.repeat(1000) + ']'.repeat(1000))).toBe(true)
    expect(isJson('['.repeat(1001) + ']'.repeat(1001))).toBe(false)
    expect(isJson('['.repeat(100_000) + ']'.repeat(100_000))).toBe(false)
  })

  it('skips deep nesting without using the stack', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000)
    expect(wholeValue(deep)).toEqual({ start: 0, end: deep.length })
  })
})
