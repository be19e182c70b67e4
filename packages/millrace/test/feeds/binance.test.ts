import { describe, expect, it } from 'vitest'
import { ReplayServer } from '../../src/runtime/index.ts'
import { expectAnswer, textRow } from './compare-answer.ts'
import { runScript } from './run-script.ts'
import { expectedAnswer, hasSharedData, NO_SHARED_DATA, sharedFile } from './shared-data.ts'

const FRAMES = 179_318

function table(url: string, extra = ''): string {
  return `
CREATE TABLE frames (
  stream TEXT,
  data STRUCT<s TEXT, t BIGINT, p DECIMAL, q DECIMAL, T TIMESTAMP, m BOOLEAN>,
  ts TIMESTAMP GENERATED ALWAYS AS (data.T),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH (connector = 'websocket', endpoint = '${url}', format = 'json', end_of_input = 'clean_close'${extra});
`
}

const VWAP = `
SELECT window.start AS window_start, symbol, trades, volume, notional, notional / volume AS vwap, open, high, low, close, taker_buy_volume
FROM (
  SELECT TUMBLE(INTERVAL '1 MINUTE') AS window, data.s AS symbol, COUNT(*) AS trades, SUM(data.q) AS volume,
    SUM(data.p * data.q) AS notional, FIRST_VALUE(data.p ORDER BY data.t) AS open, MAX(data.p) AS high, MIN(data.p) AS low,
    LAST_VALUE(data.p ORDER BY data.t) AS close, SUM(CASE WHEN data.m THEN 0 ELSE data.q END) AS taker_buy_volume
  FROM frames WHERE stream LIKE '%@trade' GROUP BY window, data.s
);`

const IMBALANCE = `
SELECT window.start AS window_start, window.end AS window_end, symbol, trades, buy_volume, sell_volume,
  (buy_volume - sell_volume) / (buy_volume + sell_volume) AS imbalance
FROM (
  SELECT HOP(INTERVAL '10 SECONDS', INTERVAL '1 MINUTE') AS window, data.s AS symbol, COUNT(*) AS trades,
    SUM(CASE WHEN data.m THEN 0 ELSE data.q END) AS buy_volume, SUM(CASE WHEN data.m THEN data.q ELSE 0 END) AS sell_volume
  FROM frames WHERE stream LIKE '%@trade' GROUP BY window, data.s
);`

describe.skipIf(!hasSharedData)(hasSharedData ? 'a recorded exchange feed' : NO_SHARED_DATA, () => {
  const questions = [
    ['q1_vwap_1m', VWAP],
    ['q2_imbalance_hop', IMBALANCE],
  ] as const

  // Other places every time; the name of the test tells which, so that a failure can be run again.
  const places = [...new Set(Array.from({ length: 12 }, () => 1 + Math.floor(Math.random() * (FRAMES - 1))))].sort((x, y) => x - y)
  const faults: readonly (readonly [string, { readonly dropEvery?: number; readonly dropAt?: readonly number[] }, number])[] = [
    ['whole', {}, 0],
    ['dropped every 17,341 frames', { dropEvery: 17_341 }, Math.floor(FRAMES / 17_341)],
    [`dropped after frames ${places.join(', ')}`, { dropAt: places }, places.length],
  ]
  for (const [name, fault, drops] of faults) {
    for (const [question, sql] of questions) {
      it(`${question}, ${name}`, { timeout: 120_000 }, async () => {
        const server = await ReplayServer.start({ recording: sharedFile('binance-spot/frames.txt.gz'), speed: 'max', once: true, ...fault })
        try {
          const run = await runScript(table(server.url, `, 'reconnect.initial_delay' = '1ms'`) + sql)
          expect(run.end).toEqual({ kind: 'finished' })
          expectAnswer(run.rows.map(textRow), expectedAnswer(`binance-spot/expected/${question}.json`))
          expect(Object.values(run.statistics.sources)[0]!.payloads).toBe(FRAMES)
          expect(run.gaps.length).toBe(drops)
        } finally {
          await server.close()
        }
      })
    }
  }
})
