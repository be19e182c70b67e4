import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  BIGINT,
  DECIMAL,
  type DataType,
  formatDecimal,
  type Decimal,
  JSON_TYPE,
  parseDecimal,
  TEXT,
  TIMESTAMP,
  normalizeDecimal,
  valueAt,
} from '../../kernel/index.ts'
import type { DecodeColumn, Decoder } from '../format.ts'
import { GeneratedDecoder } from './generated-decoder.ts'
import { InterpretedDecoder } from './interpreter.ts'

const DATA = fileURLToPath(new URL('../../../../../../shared/data/', import.meta.url))
const available = existsSync(DATA)
const unless = available ? '' : ' (skipped: there is no ../shared/data)'

const column = (name: string, type: DataType, path?: readonly string[]): DecodeColumn => ({
  name,
  path,
  type,
  nullable: true,
})

describe.skipIf(!available)(`malformed JSON${unless}`, () => {
  interface Case {
    readonly name: string
    readonly verdict: 'accept' | 'reject' | 'either'
    readonly b64: string
  }
  const cases = available
    ? gunzipSync(readFileSync(`${DATA}malformed-json/frames.jsonl.gz`))
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Case)
    : []
  const columnSets: Readonly<Record<string, readonly DecodeColumn[]>> = {
    none: [],
    whole: [column('value', JSON_TYPE, [])],
    few: [column('a', TEXT), column('b', DECIMAL)],
    nested: [column('title', JSON_TYPE), column('x', TIMESTAMP, ['a', 'b', 'c'])],
  }
  const decoders: Readonly<Record<string, (columns: readonly DecodeColumn[]) => Decoder>> = {
    interpreted: (columns) => new InterpretedDecoder(columns, 'auto'),
    generated: (columns) => new GeneratedDecoder(columns, 'auto', 0),
  }

  for (const [columnSet, columns] of Object.entries(columnSets)) {
    for (const [kind, make] of Object.entries(decoders)) {
      if (kind === 'generated' && columns.some((c) => c.path?.length === 0)) continue
      it(`is told from JSON by the ${kind} decoder, columns: ${columnSet}`, () => {
        const verdicts = cases.map(({ name, verdict, b64 }) => {
          const bytes = Buffer.from(b64, 'base64')
          const decoder = make(columns)
          const accepted = decoder.decode(bytes, 0, bytes.length) === 1
          expect(accepted || decoder.bad!.reason).toBe(accepted || 'invalid')
          return [name, verdict === 'either' ? verdict : accepted ? 'accept' : 'reject']
        })
        expect(verdicts).toEqual(cases.map(({ name, verdict }) => [name, verdict]))
      })
    }
  }
})

describe.skipIf(!available)(`binance frames${unless}`, () => {
  const frames = available
    ? gunzipSync(readFileSync(`${DATA}binance-spot/frames.txt.gz`))
        .toString()
        .trimEnd()
        .split('\n')
        .slice(0, 30_000)
        .map((line) => line.slice(line.indexOf(' ') + 1))
    : []

  it('decode to what JSON.parse reads', { timeout: 60_000 }, () => {
    const columns = [
      column('stream', TEXT),
      column('kind', TEXT, ['data', 'e']),
      column('symbol', TEXT, ['data', 's']),
      column('price', DECIMAL, ['data', 'p']),
      column('id', BIGINT, ['data', 't']),
      column('time', TIMESTAMP, ['data', 'T']),
      column('bids', JSON_TYPE, ['data', 'b']),
    ]
    const decoder = new GeneratedDecoder(columns, 'auto')
    const text = (value: unknown) => (value === undefined ? null : value)
    let expected: unknown[][] = []
    for (const [i, frame] of frames.entries()) {
      const bytes = Buffer.from(frame)
      expect(decoder.decode(bytes, 0, bytes.length)).toBe(1)
      const { stream, data } = JSON.parse(frame)
      expected.push([
        text(stream),
        text(data?.e),
        text(data?.s),
        data?.p === undefined ? null : formatDecimal(normalizeDecimal(parseDecimal(data.p)!)),
        text(data?.t),
        data?.T === undefined ? null : data.T * 1000,
        data?.b === undefined ? null : JSON.stringify(data.b),
      ])
      if (decoder.length < 1000 && i < frames.length - 1) continue
      const taken = decoder.take()
      const rows = expected.map((_, row) =>
        taken.map((c) => {
          const value = valueAt(c, row)
          return c.type.kind === 'DECIMAL' && value !== null ? formatDecimal(normalizeDecimal(value as Decimal)) : value
        }),
      )
      expect(rows).toEqual(expected)
      expected = []
    }
  })
})
