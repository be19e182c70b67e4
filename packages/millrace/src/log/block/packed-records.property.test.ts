import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readRecords, temporaryLog } from '../../../test/log/temporary-log.ts'
import type { LogRecord, PackedBytes, PackedValues } from '../log.ts'

interface Row {
  readonly value: Uint8Array | null
  readonly key: Uint8Array
  readonly header: Uint8Array
  readonly timestamp: number
}

const someBytes = fc.uint8Array({ maxLength: 20 })
const rows = fc.array(
  fc.record({
    value: fc.option(someBytes, { freq: 4 }),
    key: someBytes,
    header: someBytes,
    timestamp: fc.integer({ min: 0, max: 2 ** 48 }),
  }),
  { minLength: 1, maxLength: 30 },
)

/** `start`: bytes in front that belong to nobody. */
function pack(parts: readonly Uint8Array[], start: number): PackedBytes {
  const offsets = new Uint32Array(parts.length + 1).fill(start)
  for (const [i, part] of parts.entries()) offsets[i + 1] = offsets[i]! + part.length
  return { bytes: Buffer.concat([new Uint8Array(start), ...parts]), offsets }
}

function packed(
  part: readonly Row[],
  has: Record<'keys' | 'headers' | 'tombstones', boolean>,
  start: number,
): PackedValues {
  return {
    ...pack(
      part
        .map(({ value }) => (has.tombstones ? (value ?? []) : (value ?? [1])) as Uint8Array)
        .map((each) => Uint8Array.from(each)),
      start,
    ),
    timestamps: Float64Array.from(part, ({ timestamp }) => timestamp),
    ...(has.keys
      ? {
          keys: pack(
            part.map(({ key }) => key),
            start,
          ),
        }
      : {}),
    ...(has.tombstones ? { tombstones: Uint8Array.from(part, ({ value }) => (value === null ? 1 : 0)) } : {}),
    ...(has.headers
      ? {
          headers: [
            { name: 'same', value: Uint8Array.of(7) },
            {
              name: 'own',
              value: pack(
                part.map(({ header }) => header),
                start,
              ),
            },
          ],
        }
      : {}),
  }
}

function single(row: Row, has: Record<'keys' | 'headers' | 'tombstones', boolean>): LogRecord {
  const own = row.header.length === 0 ? [] : [{ name: 'own', value: row.header }]
  return {
    value: row.value ?? (has.tombstones ? null : Uint8Array.of(1)),
    key: has.keys ? row.key : null,
    headers: has.headers ? [{ name: 'same', value: Uint8Array.of(7) }, ...own] : [],
    timestamp: row.timestamp,
  }
}

describe('packed records', () => {
  it('are the same as records one by one, whatever they are appended among', async () => {
    const log = await temporaryLog()
    let topics = 0
    const flags = fc.record({ keys: fc.boolean(), headers: fc.boolean(), tombstones: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(rows, flags, fc.boolean(), fc.nat(3)), { minLength: 1, maxLength: 4 }),
        async (parts) => {
          const [one, other] = [`one-${topics}`, `other-${topics++}`]
          await log.createTopic(one)
          await log.createTopic(other)
          const asSingle = (part: readonly Row[], has: (typeof parts)[number][1]) => part.map((row) => single(row, has))
          await log.commit({ appends: parts.map(([part, has]) => ({ topic: one, records: asSingle(part, has) })) })
          await log.commit({
            appends: parts.map(([part, has, isPacked, start]) => ({
              topic: other,
              records: isPacked ? packed(part, has, start) : asSingle(part, has),
            })),
          })
          expect(await readRecords(log, other)).toEqual(await readRecords(log, one))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('are refused when their columns do not fit together, or a compacted topic has no keys', async () => {
    const log = await temporaryLog()
    await log.createTopic('t')
    await log.createTopic('c', { compact: true })
    const good = pack([Uint8Array.of(1), Uint8Array.of(2)], 0)
    const refused = (topic: string, records: PackedValues) =>
      expect(log.append({ topic, records })).rejects.toMatchObject({ code: 'LOG_INVALID' })
    await refused('c', good)
    await refused('t', { ...good, offsets: Uint32Array.of(0, 2, 1) })
    await refused('t', { ...good, offsets: Uint32Array.of(0, 1, 3) })
    await refused('t', { ...good, keys: pack([Uint8Array.of(1)], 0) })
    await refused('t', { ...good, tombstones: Uint8Array.of(0) })
    await refused('t', { ...good, headers: [{ name: 'h', value: pack([], 0) }] })
    await refused('t', { ...good, timestamps: Float64Array.of(0, 2 ** 60) })
    await log.append({ topic: 'c', records: { ...good, keys: good } })
    expect(await readRecords(log, 'c')).toHaveLength(2)
  })
})
