import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/connectors/simulator/random.ts'
import { ReplayServer } from '../../src/runtime/index.ts'
import { textRow } from './compare-answer.ts'
import { runScript } from './run-script.ts'

const WINDOW_MILLIS = 500

function sqlFor(url: string): string {
  return `
CREATE TABLE exchange (
  type TEXT, symbol TEXT, price DECIMAL, quantity DECIMAL, timestamp TIMESTAMP,
  WATERMARK FOR timestamp AS timestamp
) WITH (
  connector = 'websocket', endpoint = '${url}', subscription_messages.0 = '{"op":"subscribe"}', format = 'json',
  end_of_input = 'clean_close', reconnect.initial_delay = '1ms'
);
SELECT symbol, window.start AS start, trades, volume, notional, ROUND(notional / volume, 8) AS vwap FROM (
  SELECT symbol, TUMBLE(INTERVAL '${WINDOW_MILLIS} milliseconds') AS window, COUNT(*) AS trades,
    SUM(quantity) AS volume, SUM(price * quantity) AS notional
  FROM exchange WHERE type = 'trade' GROUP BY symbol, window
);`
}

interface Trade {
  readonly type: string
  readonly symbol: string
  readonly price: string
  readonly quantity: string
  readonly timestamp: number
}

/** The messages of a recording, as its lines say. */
function messagesOf(file: string): readonly Trade[] {
  return gunzipSync(readFileSync(file))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly t: string; readonly data: string })
    .filter(({ t }) => t === 'recv')
    .map(({ data }) => JSON.parse(data) as Trade)
}

/** `"12.3"` in units of 10 to the power of -`scale`. */
function units(text: string, scale: number): bigint {
  const [whole = '', fraction = ''] = text.split('.')
  expect(fraction.length).toBeLessThanOrEqual(scale)
  return BigInt(whole + fraction.padEnd(scale, '0'))
}

/** What the query should give, one line a row, computed with integers: prices in cents, quantities in ten-thousandths. */
function naiveRows(messages: readonly Trade[]): readonly string[] {
  const groups = new Map<string, { trades: number; volume: bigint; notional: bigint }>()
  for (const { type, symbol, price, quantity, timestamp } of messages) {
    if (type !== 'trade') continue
    const key = `${symbol} ${timestamp - (timestamp % WINDOW_MILLIS)}`
    const group = groups.get(key) ?? { trades: 0, volume: 0n, notional: 0n }
    const lots = units(quantity, 4)
    group.trades++
    group.volume += lots
    group.notional += units(price, 2) * lots
    groups.set(key, group)
  }
  return [...groups]
    .map(([key, { trades, volume, notional }]) => {
      // notional is in 10^-6, volume in 10^-4: their quotient in 10^-8, half away from zero, as all are positive.
      const vwap = (2n * notional * 10n ** 6n + volume) / (2n * volume)
      return `${key} ${trades} ${volume} ${notional} ${vwap}`
    })
    .sort()
}

function queriedRows(rows: readonly string[]): readonly string[] {
  return rows
    .map(textRow)
    .map(({ symbol, start, trades, volume, notional, vwap }) => {
      const numbers = [units(String(volume), 4), units(String(notional), 6), units(String(vwap), 8)]
      return `${String(symbol)} ${Date.parse(String(start))} ${String(trades)} ${numbers.join(' ')}`
    })
    .sort()
}

/** Between 1 and 9 places in a recording of `frames` frames. */
function randomPlaces(seed: number, frames: number): readonly number[] {
  const random = seededRandom(seed)
  const places = Array.from({ length: 1 + Math.floor(random() * 9) }, () => 1 + Math.floor(random() * (frames - 1)))
  return [...new Set(places)]
}

const ways = [1, 7, 1000].flatMap((batchRows) =>
  [true, false].flatMap((codegen) => [false, true].map((worker) => ({ batchRows, codegen, worker }))),
)

describe.each(['all-symbols', 'two-symbols'])('the recording %s', (name) => {
  const file = fileURLToPath(new URL(`../recordings/${name}.jsonl.gz`, import.meta.url))
  const messages = messagesOf(file)
  const expected = naiveRows(messages)

  it('holds enough to tell right from wrong', () => {
    expect(expected.length).toBeGreaterThan(10)
    expect(messages.some(({ type }) => type !== 'trade')).toBe(true)
  })

  it.each(ways.map((way, i) => ({ ...way, seed: i + 1 })))(
    'gives the exact averages, whole and dropped: $batchRows rows, generated $codegen, worker $worker, seed $seed',
    async ({ seed, worker, ...executor }) => {
      for (const dropAt of [[], randomPlaces(seed, messages.length)]) {
        const server = await ReplayServer.start({ recording: file, speed: 'max', once: true, waitForMessages: 1, dropAt })
        try {
          const run = await runScript(sqlFor(server.url), { executor, worker })
          expect(run.end).toEqual({ kind: 'finished' })
          expect(queriedRows(run.rows)).toEqual(expected)
          expect(run.gaps.length).toBe(dropAt.length)
          expect(run.statistics.reconnects).toBe(dropAt.length)
          expect(Object.values(run.statistics.sources)[0]).toMatchObject({ payloads: messages.length, bad: 0 })
          expect(run.statistics.counters).toEqual({})
        } finally {
          await server.close()
        }
      }
    },
  )
})
