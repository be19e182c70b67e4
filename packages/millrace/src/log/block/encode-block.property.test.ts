import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BlockMemory } from './block-memory.ts'
import { encodeBlock } from './encode-block.ts'
import { NO_LINK, SEALED_BYTES } from './layout.ts'
import { RecordBuffer } from './record-buffer.ts'

const record = fc.record({
  value: fc.option(fc.uint8Array({ maxLength: 30 })),
  key: fc.option(fc.uint8Array({ maxLength: 10 }), { freq: 2 }),
  headers: fc.array(fc.record({ name: fc.string({ maxLength: 3 }), value: fc.uint8Array({ maxLength: 5 }) }), {
    maxLength: 1,
  }),
})
/** Slices with and without keys, headers and tombstones. */
const groups = fc.array(
  fc
    .tuple(fc.array(record, { minLength: 1, maxLength: 20 }), fc.boolean(), fc.boolean(), fc.boolean())
    .map(([records, keys, headers, tombstones]) =>
      records.map((r) => ({
        value: tombstones ? r.value : (r.value ?? new Uint8Array()),
        key: keys ? r.key : null,
        headers: headers ? r.headers : [],
      })),
    ),
  { minLength: 1, maxLength: 4 },
)

const place = {
  partitionId: 1,
  base: 0,
  previous: NO_LINK,
  logTime: 5,
  maxTimestampSoFar: 0,
  sealed: true,
  checked: false,
}

describe('a block in used memory', () => {
  it('is the same as in new memory', () => {
    fc.assert(
      fc.property(groups, fc.integer({ min: 1, max: 255 }), (lists, dirt) => {
        const buffer = new RecordBuffer()
        const used = lists.map((list) => {
          const columns = new RecordBuffer()
          for (const r of list) columns.add(r, 7)
          return { columns, from: 0, to: columns.count }
        })
        const next = used.reduce((sum, { to }) => sum + to, 0)
        const memory = new BlockMemory()
        memory.giveBack(new Uint8Array(SEALED_BYTES).fill(dirt))
        const fresh = encodeBlock(used, { ...place, next })
        const reused = encodeBlock(used, { ...place, next }, memory)
        expect(Buffer.compare(reused.bytes, fresh.bytes)).toBe(0)
        expect(reused.link).toEqual(fresh.link)

        // A buffer that was cleared, too.
        for (const list of lists.toReversed()) {
          buffer.clear()
          for (const r of list) buffer.add(r, 7)
        }
        const [first] = used
        const cleared = encodeBlock([{ columns: buffer, from: 0, to: buffer.count }], { ...place, next: buffer.count })
        const alone = encodeBlock([first!], { ...place, next: first!.to })
        expect(Buffer.compare(cleared.bytes, alone.bytes)).toBe(0)
      }),
      { numRuns: 200 },
    )
  })
})
