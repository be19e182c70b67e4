/**
 * Synthetic trades of exactly 222 bytes, deterministic: one a millisecond, ten symbols. The fields are those of a public trade channel:
 * identifiers, prices and sizes as text, flags, two clocks.
 */
const SYMBOLS = ['BTC-USD', 'ETH-USD', 'SOL-USD', 'XRP-USD', 'ADA-USD', 'DOT-USD', 'LTC-USD', 'UNI-USD', 'BNB-USD', 'TRX-USD']
export const TRADE_BYTES = 222
/** One result per symbol and second, so one for every hundred trades. */
export const TRADES_PER_RESULT = 100
const START = 1_723_161_240_000

export function tradeText(i, timestamp = START + i) {
  const symbol = SYMBOLS[(i * 7) % SYMBOLS.length]
  const price = (100 + ((i * 7919) % 90_000) / 100).toFixed(2).padStart(6, '0')
  const quantity = 1 + ((i * 104_729) % 1000)
  const buyer = 28_457_198_700 + i
  const text =
    `{"type":"trade","sequence":${50_093_000_000 + i},"symbol":"${symbol}","id":${3_709_000_000 + i},` +
    `"price":"${price}","quantity":${quantity},"side":"${i % 2 === 0 ? 'buy' : 'sell'}","buyer":${buyer},"seller":${buyer - 41},` +
    `"maker":${i % 3 === 0},"timestamp":${timestamp},"venue":"`
  const tail = '"}'
  return text + 'spot-frankfurt-primary-book'.slice(0, TRADE_BYTES - text.length - tail.length) + tail
}

export function tradePayloads(count) {
  return Array.from({ length: count }, (_, i) => Buffer.from(tradeText(i)))
}

export const TRADES_TABLE = (connector) => `
CREATE TABLE trades (
  symbol TEXT,
  quantity BIGINT,
  timestamp TIMESTAMP,
  WATERMARK FOR timestamp
) WITH (${connector}, type = 'source', format = 'json', 'json.timestamp_format' = 'unix_millis');`

export const TUMBLING_QUERY = `
SELECT symbol, COUNT(*) AS trades, SUM(quantity) AS volume, TUMBLE(INTERVAL '1 SECOND') AS window
FROM trades
GROUP BY symbol, window;`

/** What people write: parse each message, keep a Map of windows of Maps of symbols, emit a window once it is over. */
export class NaiveTumble {
  #windows = new Map()
  results = 0
  checksum = 0
  #closed

  /** `closed` is told the number of results whenever windows have closed. */
  constructor(closed = () => undefined) {
    this.#closed = closed
  }

  add(text) {
    const trade = JSON.parse(text)
    const start = trade.timestamp - (trade.timestamp % 1000)
    let window = this.#windows.get(start)
    if (window === undefined) {
      this.#close(start)
      window = new Map()
      this.#windows.set(start, window)
    }
    const group = window.get(trade.symbol)
    if (group === undefined) window.set(trade.symbol, { count: 1, sum: trade.quantity })
    else {
      group.count++
      group.sum += trade.quantity
    }
  }

  #close(before) {
    for (const [start, groups] of this.#windows) {
      if (start >= before) continue
      for (const { count, sum } of groups.values()) {
        this.results++
        this.checksum += count * 31 + sum
      }
      this.#windows.delete(start)
    }
    this.#closed(this.results)
  }

  finish() {
    this.#close(Number.POSITIVE_INFINITY)
    return { results: this.results, checksum: this.checksum }
  }
}
