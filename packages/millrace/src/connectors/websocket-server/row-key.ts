import { skipJsonSpace, skipJsonValue } from '../../kernel/index.ts'
import type { KeyOf } from '../broadcast.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACE = 0x7b

/**
 * The key of a row that is a JSON object: the texts of the named fields, so that numbers of any size stay what they are. A field that is
 * not there counts as null. A row that is no object is its own key.
 */
export function rowKey(columns: readonly string[]): KeyOf {
  const wanted = new Map(columns.map((name, i) => [JSON.stringify(name), i]))
  return (row, start, end) => {
    const bytes = Buffer.from(row.buffer, row.byteOffset, row.byteLength)
    let i = skipJsonSpace(bytes, start, end)
    if (bytes[i] !== OPEN_BRACE) return bytes.toString('utf8', start, end)
    const values = new Array<string>(columns.length).fill('null')
    i = skipJsonSpace(bytes, i + 1, end)
    while (bytes[i] === QUOTE) {
      const nameEnd = skipJsonValue(bytes, i, end, 1)
      const index = wanted.get(bytes.toString('utf8', i, nameEnd))
      i = skipJsonSpace(bytes, nameEnd, end)
      if (bytes[i] !== COLON) break
      i = skipJsonSpace(bytes, i + 1, end)
      const valueEnd = skipJsonValue(bytes, i, end, 1)
      if (valueEnd < 0) break
      if (index !== undefined) values[index] = bytes.toString('utf8', i, valueEnd)
      i = skipJsonSpace(bytes, valueEnd, end)
      if (bytes[i] === COMMA) i = skipJsonSpace(bytes, i + 1, end)
    }
    return values.join('\n')
  }
}
