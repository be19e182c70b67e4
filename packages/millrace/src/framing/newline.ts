import { z } from 'zod'
import { byteSizeOption } from '../kernel/index.ts'
import type { BadPayload, FramingDefinition, Splitter } from './framing.ts'

const options = z.object({
  'framing.newline.max_length': byteSizeOption()
    .optional()
    .describe('Bytes of a record to keep; what a longer line holds beyond them is cut off.'),
})

export const newlineFraming: FramingDefinition<z.infer<typeof options>> = {
  name: 'newline',
  summary:
    'Every line of a payload is a record; the last one needs no line break. Empty lines are skipped, carriage returns dropped.',
  options,
  splitter: (given) => new NewlineSplitter(given['framing.newline.max_length'] ?? Number.POSITIVE_INFINITY),
}

class NewlineSplitter implements Splitter {
  readonly #maxLength: number

  constructor(maxLength: number) {
    this.#maxLength = maxLength
  }

  split(bytes: Uint8Array, start: number, end: number, each: (start: number, end: number) => void): BadPayload | null {
    const payload = bytes.subarray(start, end)
    for (let from = start; from < end; ) {
      const found = payload.indexOf(0x0a, from - start)
      const next = found === -1 ? end : start + found
      const to = next > from && bytes[next - 1] === 0x0d ? next - 1 : next
      if (to > from) each(from, Math.min(to, from + this.#maxLength))
      from = next + 1
    }
    return null
  }
}
