import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter } from './bytes.ts'

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.constantFrom('', 'a'.repeat(64), 'a'.repeat(65), `${'a'.repeat(63)}é`, '\ud800', 'x'.repeat(70_000)),
)

describe('byte writer', () => {
  it('gives entries that nobody writes to again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(texts, fc.maxSafeNat(), fc.uint8Array({ maxLength: 600 })), { maxLength: 60 }),
        (list) => {
          const writer = new ByteWriter()
          const entries = list.map(([text, number, bytes]) => {
            writer.text(text)
            writer.varint(number)
            writer.uint32BE(number % 2 ** 32)
            writer.bytes(bytes)
            return writer.take()
          })
          for (const [i, [text, number, bytes]] of list.entries()) {
            const reader = new ByteReader(entries[i]!)
            expect([reader.text(), reader.varint(), reader.uint32BE(), reader.bytes()]).toEqual([
              text,
              number,
              number % 2 ** 32,
              bytes,
            ])
            expect(() => reader.byte()).toThrow('ends early')
          }
          expect(writer.take().length).toBe(0)
        },
      ),
    )
  })

  it('shares memory between small entries', () => {
    const writer = new ByteWriter()
    const buffers = new Set(
      Array.from({ length: 10_000 }, (_, i) => {
        writer.varint(i)
        return writer.take().buffer
      }),
    )
    expect(buffers.size).toBeLessThan(12)
  })
})
