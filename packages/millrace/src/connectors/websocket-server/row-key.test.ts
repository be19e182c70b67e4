import { describe, expect, it } from 'vitest'
import { rowKey } from './row-key.ts'

function key(columns: readonly string[], row: string): string {
  const bytes = Buffer.from(`,,${row},,`)
  return rowKey(columns)(bytes, 2, bytes.length - 2)
}

describe('rowKey', () => {
  it('is made of the named columns, in their order', () => {
    expect(key(['b', 'a'], '{"a":1,"x":{"a":2,"b":[3]},"b":"two"}')).toBe('"two"\n1')
    expect(key(['b', 'a'], ' { "b" : "two" , "a" : 1 } ')).toBe('"two"\n1')
  })

  it('tells apart numbers that differ in their last digit only', () => {
    expect(key(['id'], '{"id":1491318144456507320}')).not.toBe(key(['id'], '{"id":1491318144456507321}'))
  })

  it('takes a missing field for null', () => {
    expect(key(['a'], '{}')).toBe(key(['a'], '{"a":null}'))
  })

  it('takes anything but an object whole', () => {
    expect(key(['a'], 'text')).toBe('text')
    expect(key(['a'], '[1]')).toBe('[1]')
  })
})
