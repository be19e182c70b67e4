import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { subscriptionMessages } from './subscription.ts'

/** The literals of the documentation this connector is modelled on, as they stand between the quotes of its SQL. */
const DOCUMENTED: readonly (readonly [literal: string, messages: readonly string[]])[] = [
  [
    String.raw`["{\"op\":\"subscribe\",\"args\":[\"ticker:BTC\",\"ticker:ETH\"]}"]`,
    ['{"op":"subscribe","args":["ticker:BTC","ticker:ETH"]}'],
  ],
  [
    String.raw`[
        "{\"action\":\"auth\",\"key\":\"{{ EXCHANGE_API_KEY }}\"}",
        "{\"action\":\"subscribe\",\"trades\":[\"*\"]}"
    ]`,
    ['{"action":"auth","key":"{{ EXCHANGE_API_KEY }}"}', '{"action":"subscribe","trades":["*"]}'],
  ],
  [
    String.raw`[
        "{\"type\":\"join\",\"rooms\":[\"general\",\"tech\",\"random\"]}"
    ]`,
    ['{"type":"join","rooms":["general","tech","random"]}'],
  ],
  [
    String.raw`[
        "{\"command\":\"subscribe\",\"filter\":{\"type\":\"temperature\"}}"
    ]`,
    ['{"command":"subscribe","filter":{"type":"temperature"}}'],
  ],
  [
    String.raw`[
        "{\"jsonrpc\":\"2.0\",\"method\":\"eth_subscribe\",\"params\":[\"logs\",{\"topics\":[]}],\"id\":1}"
    ]`,
    ['{"jsonrpc":"2.0","method":"eth_subscribe","params":["logs",{"topics":[]}],"id":1}'],
  ],
]

describe('subscriptionMessages', () => {
  it.each(DOCUMENTED)('reads %s', (literal, messages) => {
    expect(subscriptionMessages(literal, undefined)).toEqual(messages)
  })

  it.each(DOCUMENTED)('reads it without its backslashes, too: %s', (literal, messages) => {
    expect(subscriptionMessages(literal.replaceAll('\\', ''), undefined)).toEqual(messages)
  })

  it('sends objects as they are written, numbers of any size included', () => {
    expect(subscriptionMessages('[{"op":"x","id":1491318144456507320}, ["a"], "plain"]', undefined)).toEqual([
      '{"op":"x","id":1491318144456507320}',
      '["a"]',
      'plain',
    ])
  })

  it('takes one text, a list and a single message as they are', () => {
    expect(subscriptionMessages('{"op":"x"}', undefined)).toEqual(['{"op":"x"}'])
    expect(subscriptionMessages('hello', undefined)).toEqual(['hello'])
    expect(subscriptionMessages(['["1","topic"]', ' b'], undefined)).toEqual(['["1","topic"]', ' b'])
    expect(subscriptionMessages(undefined, '["1","topic"]')).toEqual(['["1","topic"]'])
    expect(subscriptionMessages('[]', undefined)).toEqual([])
    expect(subscriptionMessages(undefined, undefined)).toEqual([])
  })

  it('says where an array is broken', () => {
    expect(() => subscriptionMessages('["a", b]', undefined)).toThrow('unexpected "b" at offset 6')
    expect(() => subscriptionMessages('["a"', undefined)).toThrow('the text ends too early')
  })

  it('refuses one message and a list together', () => {
    expect(() => subscriptionMessages(['a'], 'b')).toThrow('both given')
  })

  it('reads back any list of texts written as JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom(...'a"\\\n\t{}[],:é€😀\0') })), (texts) => {
        fc.pre(texts.every((text) => text.isWellFormed()))
        expect(subscriptionMessages(JSON.stringify(texts), undefined)).toEqual(texts)
      }),
    )
  })

  it('finds the items of any array of objects that lost its backslashes', () => {
    const word = fc.stringMatching(/^[a-z{}:, ]{0,8}$/)
    const object = fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), fc.oneof(word, fc.integer(), fc.constant([])), {
      minKeys: 1,
    })
    fc.assert(
      fc.property(fc.array(object, { minLength: 1, maxLength: 4 }), (objects) => {
        const items = objects.map((o) => JSON.stringify(o))
        expect(subscriptionMessages(`[${items.map((item) => `"${item}"`).join(', ')}]`, undefined)).toEqual(items)
      }),
    )
  })
})
