import { describe, expect, it } from 'vitest'
import { parseMessage } from './messages.ts'
import { streamUrl } from './stream.ts'

describe('parseMessage', () => {
  it('gives the text of a row untouched', () => {
    expect(parseMessage('{"seq":42,"row":{"id":1491318144456507320,"price":1.50,"n":{"x":"}"}}}')).toEqual({
      kind: 'row',
      sequence: 42,
      text: '{"id":1491318144456507320,"price":1.50,"n":{"x":"}"}}',
    })
  })

  it('reads notices', () => {
    expect(parseMessage('{"$millrace":{"hello":{"stream":"9f2c11d0","next":42}}}')).toEqual({
      kind: 'hello',
      hello: { stream: '9f2c11d0', next: 42 },
    })
    expect(parseMessage('{"$millrace":{"gap":{"from":7,"to":19,"count":13,"reason":"slow_client"}}}')).toEqual({
      kind: 'gap',
      gap: { from: 7, to: 19, count: 13, reason: 'slow_client' },
    })
  })

  it('leaves what it does not know to be ignored', () => {
    expect(parseMessage('{"$millrace":{"later":{}}}')).toBeUndefined()
    expect(parseMessage('{"symbol":"BTC"}')).toBeUndefined()
  })
})

describe('streamUrl', () => {
  it('asks for the envelope and a position, and keeps other parameters', () => {
    expect(streamUrl('ws://h:1/ws?token=a', null)).toBe('ws://h:1/ws?token=a&envelope=true')
    expect(streamUrl('ws://h:1/ws', { stream: 's', next: 7 })).toBe('ws://h:1/ws?envelope=true&from=7&stream=s')
  })
})
