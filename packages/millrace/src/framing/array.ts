import { z } from 'zod'
import { jsonFault, skipJsonSpace, skipJsonValue } from '../kernel/index.ts'
import type { BadPayload, FramingDefinition, Splitter } from './framing.ts'

export const arrayFraming: FramingDefinition = {
  name: 'array',
  summary: 'Every element of a JSON array is a record; a payload that is no array is one record.',
  options: z.object({}),
  splitter: () => new ArraySplitter(),
}

class ArraySplitter implements Splitter {
  split(bytes: Uint8Array, start: number, end: number, each: (start: number, end: number) => void): BadPayload | null {
    const open = skipJsonSpace(bytes, start, end)
    if (open === end || bytes[open] !== 0x5b) {
      // Whatever it is, the format judges it.
      each(start, end)
      return null
    }
    const fault = jsonFault(bytes, start, end)
    if (fault !== null) return { reason: 'invalid', message: `array of records is no JSON: ${fault}` }
    let i = skipJsonSpace(bytes, open + 1, end)
    while (bytes[i] !== 0x5d) {
      const valueEnd = skipJsonValue(bytes, i, end, 1)
      each(i, valueEnd)
      i = skipJsonSpace(bytes, valueEnd, end)
      if (bytes[i] === 0x2c) i = skipJsonSpace(bytes, i + 1, end)
    }
    return null
  }
}
