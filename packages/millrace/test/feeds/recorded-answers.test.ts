import { describe, expect, it } from 'vitest'
import { ReplayServer } from '../../src/runtime/index.ts'
import { expectAnswer, textRow } from './compare-answer.ts'
import { runScript } from './run-script.ts'
import { expectedAnswer, hasSharedData, NO_SHARED_DATA, sharedFile } from './shared-data.ts'

interface Question {
  /** Of the answer, in the folder of the feed. */
  readonly answer: string
  /** A file in the folder of the feed. */
  readonly input: string
  /** Of the messages of one connection: those of the table below. */
  readonly conn?: string
  /** Columns and watermark of the table "feed", as records of the file or as messages of the connection. */
  readonly columns: string
  readonly options?: string
  readonly query: string
}

const folderOf = ({ answer }: Question) => answer.slice(0, answer.indexOf('/'))

const AIS = `
  "Timestamp" BIGINT, "MMSI" BIGINT, "Speed" DECIMAL, "Heading" INT,
  ts TIMESTAMP GENERATED ALWAYS AS (to_timestamp_nanos("Timestamp")),
  WATERMARK FOR ts AS ts - INTERVAL '1 second'`

const files: readonly Question[] = [
  {
    answer: 'ais/q1_vessels_5s',
    input: 'positions.jsonl',
    columns: AIS,
    query: `
      SELECT window.start AS window_start, reports, vessels, avg_speed, max_speed, no_heading FROM (
        SELECT TUMBLE(INTERVAL '5 seconds') AS window, COUNT(*) AS reports, COUNT(DISTINCT "MMSI") AS vessels,
          AVG("Speed") AS avg_speed, MAX("Speed") AS max_speed, COUNT_IF("Heading" = 511) AS no_heading
        FROM feed GROUP BY window
      )`,
  },
  {
    answer: 'ais/q4_exact_nanoseconds',
    input: 'positions.jsonl',
    columns: AIS,
    query: `
      SELECT MIN("Timestamp") AS min_ts, MAX("Timestamp") AS max_ts, SUM("Timestamp") AS sum_ts,
        COUNT(DISTINCT "Timestamp") AS distinct_ts, SUM("Timestamp" % 1000) AS sum_mod_1000
      FROM feed`,
  },
  {
    answer: 'twitch-chat/q1_active_users_hop',
    input: 'chat.jsonl',
    columns: `
      command TEXT, room_id TEXT, user_id TEXT, sent_ts TIMESTAMP,
      WATERMARK FOR sent_ts AS sent_ts - INTERVAL '1 second'`,
    options: `, 'json.timestamp_format' = 'unix_millis'`,
    query: `
      SELECT window.start AS window_start, window.end AS window_end, messages, active_users FROM (
        SELECT HOP(INTERVAL '30 seconds', INTERVAL '5 minutes') AS window, room_id, COUNT(*) AS messages,
          COUNT(DISTINCT user_id) AS active_users
        FROM feed WHERE command = 'PRIVMSG' GROUP BY window, room_id
      )`,
  },
  {
    answer: 'stellar/q1_operations_10s',
    input: 'operations.jsonl',
    columns: `
      closed_at TIMESTAMP, type_string TEXT, operation_trace_code TEXT, source_account TEXT, transaction_id BIGINT,
      WATERMARK FOR closed_at AS closed_at - INTERVAL '2 minutes'`,
    query: `
      SELECT window.start AS window_start, type, operations, not_success, accounts, transactions FROM (
        SELECT TUMBLE(INTERVAL '10 seconds') AS window, type_string AS type, COUNT(*) AS operations,
          COUNT_IF(operation_trace_code NOT LIKE '%Success') AS not_success, COUNT(DISTINCT source_account) AS accounts,
          COUNT(DISTINCT transaction_id) AS transactions
        FROM feed GROUP BY window, type_string
      )`,
  },
  {
    answer: 'stellar/q2_contract_events_by_asset',
    input: 'token_transfers.jsonl',
    columns: 'event_topic TEXT, asset TEXT, amount_raw TEXT, transaction_hash TEXT',
    query: `
      SELECT event_topic, asset, COUNT(*) AS events, SUM(amount_raw::BIGINT) AS amount_raw,
        SUM(amount_raw::BIGINT) / 10000000.0 AS amount_exact, COUNT(DISTINCT transaction_hash) AS transactions
      FROM feed GROUP BY event_topic, asset`,
  },
]

const frames: readonly Question[] = [
  {
    answer: 'coinbase/pro_q1_vwap_10s',
    input: 'pro-2021.frames.jsonl',
    conn: 'COINBASE.ws.28.0',
    columns: `
      type TEXT, product_id TEXT, price DECIMAL, size DECIMAL, time TIMESTAMP,
      ts TIMESTAMP GENERATED ALWAYS AS (CASE WHEN type = 'match' THEN time END),
      WATERMARK FOR ts AS ts - INTERVAL '1 second'`,
    query: `
      SELECT window.start AS window_start, product_id, trades, volume, notional / volume AS vwap FROM (
        SELECT TUMBLE(INTERVAL '10 seconds') AS window, product_id, COUNT(*) AS trades, SUM(size) AS volume, SUM(price * size) AS notional
        FROM feed WHERE type = 'match' GROUP BY window, product_id
      )`,
  },
  {
    answer: 'kraken/q1_trades_10s',
    input: 'frames.jsonl',
    conn: 'KRAKEN.ws.48.0',
    // All trades of a frame are of one moment.
    columns: `
      value JSON,
      ts TIMESTAMP GENERATED ALWAYS AS (CASE WHEN value ->> 2 = 'trade' THEN to_timestamp((value -> 1 -> 0 ->> 2)::DECIMAL) END),
      WATERMARK FOR ts AS ts - INTERVAL '1 second'`,
    options: `, 'json.unstructured' = 'true'`,
    query: `
      SELECT window.start AS window_start, pair, trades, volume, buy_volume, notional / volume AS vwap FROM (
        SELECT TUMBLE(INTERVAL '10 seconds') AS window, value ->> 3 AS pair, COUNT(*) AS trades, SUM((trade ->> 1)::DECIMAL) AS volume,
          COALESCE(SUM((trade ->> 1)::DECIMAL) FILTER (WHERE trade ->> 3 = 'b'), 0) AS buy_volume,
          SUM((trade ->> 0)::DECIMAL * (trade ->> 1)::DECIMAL) AS notional
        FROM feed CROSS JOIN UNNEST(value -> 1) AS trades (trade) WHERE value ->> 2 = 'trade' GROUP BY window, pair
      )`,
  },
  {
    answer: 'kraken/q2_latest_ticker',
    input: 'frames.jsonl',
    conn: 'KRAKEN.ws.49.0',
    columns: 'value JSON',
    options: `, 'json.unstructured' = 'true'`,
    query: `
      SELECT pair, LAST_VALUE(ticker -> 'a' ->> 0) AS ask, LAST_VALUE(ticker -> 'b' ->> 0) AS bid, LAST_VALUE(ticker -> 'c' ->> 0) AS last_price,
        LAST_VALUE(ticker -> 'v' ->> 1) AS volume_24h, LAST_VALUE((ticker -> 't' -> 1)::BIGINT) AS trades_24h
      FROM (SELECT value ->> 3 AS pair, value -> 1 AS ticker FROM feed WHERE value ->> 2 = 'ticker') GROUP BY pair`,
  },
  {
    answer: 'exchange-zoo/q4_phemex_exact_integers',
    input: 'phemex.frames.jsonl.gz',
    conn: 'PHEMEX.ws.1.0',
    columns: 'symbol TEXT, type TEXT, trades JSON[]',
    query: `
      SELECT symbol, COUNT(*) AS trades, SUM((trade -> 3)::BIGINT) AS qty, SUM((trade -> 2)::DECIMAL * (trade -> 3)::BIGINT) AS notional_scaled,
        MAX((trade -> 0)::BIGINT) AS last_ts_ns
      FROM feed CROSS JOIN UNNEST(trades) AS t (trade) WHERE type = 'incremental' GROUP BY symbol`,
  },
]

const ways = [1, 7, 4096].flatMap((batchRows) => [true, false].map((codegen) => ({ batchRows, codegen })))

async function expectAnswered(question: Question, script: string, executor: (typeof ways)[number]): Promise<void> {
  const run = await runScript(script, { executor })
  expect(run.end).toEqual({ kind: 'finished' })
  expect(Object.values(run.statistics.sources)[0]).toMatchObject({ bad: 0 })
  expect(run.statistics.counters).toEqual({})
  const [feed, name] = question.answer.split('/')
  expectAnswer(run.standing.map(textRow), expectedAnswer(`${feed}/expected/${name}.json`))
}

describe.skipIf(!hasSharedData)(hasSharedData ? 'recorded feeds' : NO_SHARED_DATA, () => {
  describe.each(files)('$answer', (question) => {
    it.each(ways)('read from the file, $batchRows rows, generated $codegen', async (way) => {
      const path = sharedFile(`${folderOf(question)}/${question.input}`)
      const options = `connector = 'single_file', path = '${path}', format = 'json'${question.options ?? ''}`
      await expectAnswered(
        question,
        `CREATE TABLE feed (${question.columns}) WITH (${options});${question.query};`,
        way,
      )
    })
  })

  describe.each(frames)('$answer', (question) => {
    it.each(ways)('served over a WebSocket, $batchRows rows, generated $codegen', async (way) => {
      const recording = sharedFile(`${folderOf(question)}/${question.input}`)
      const server = await ReplayServer.start({ recording, conn: question.conn!, speed: 'max', once: true })
      try {
        const options = `connector = 'websocket', endpoint = '${server.url}', format = 'json', end_of_input = 'clean_close'${question.options ?? ''}`
        await expectAnswered(
          question,
          `CREATE TABLE feed (${question.columns}) WITH (${options});${question.query};`,
          way,
        )
      } finally {
        await server.close()
      }
    })
  })
})
