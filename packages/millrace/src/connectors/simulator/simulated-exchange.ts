import { formatTimestamp } from '../../kernel/index.ts'
import { type Random, seededRandom } from './random.ts'

export interface SimulatedExchangeOptions {
  readonly seed: number
  readonly symbols: readonly string[]
  /** How `timestamp` is written: a number of milliseconds, or text. */
  readonly timestampFormat?: 'unix_millis' | 'rfc3339'
}

export interface SimulatedTrade {
  /** From 1, without holes. */
  readonly id: number
  readonly symbol: string
  /** Exact decimals as text, as real feeds send them. */
  readonly price: string
  readonly quantity: string
  readonly side: 'buy' | 'sell'
  /** Microseconds. */
  readonly timestamp: number
}

interface Market {
  readonly symbol: string
  /** In cents. */
  readonly start: number
  cents: number
}

/**
 * Trades of a made-up exchange: every symbol's price is a random walk around where it started. The n-th trade is the same for equal seeds and
 * symbols, but for its time, which is handed in.
 */
export class SimulatedExchange {
  readonly symbols: readonly string[]
  readonly #random: Random
  readonly #markets: readonly Market[]
  readonly #timestampFormat: 'unix_millis' | 'rfc3339'
  #id = 0

  constructor(options: SimulatedExchangeOptions) {
    this.symbols = options.symbols
    this.#random = seededRandom(options.seed)
    this.#timestampFormat = options.timestampFormat ?? 'unix_millis'
    this.#markets = options.symbols.map((symbol, i) => {
      const start = START_CENTS[symbol] ?? 1_000 + ((i * 7_919) % 90_000)
      return { symbol, start, cents: start }
    })
  }

  /** How many trades there were. */
  get count(): number {
    return this.#id
  }

  next(timestamp: number): SimulatedTrade {
    const random = this.#random
    // Some symbols trade more than others.
    const skewed = random()
    const market = this.#markets[Math.floor(skewed * skewed * this.#markets.length)]!
    const pull = (market.start - market.cents) / market.start / 100
    const step = Math.round((random() - 0.5 + pull) * Math.max(4, market.start / 500))
    market.cents = Math.max(1, market.cents + step)
    const lots = 1 + Math.floor(random() ** 3 * 50_000)
    return {
      id: ++this.#id,
      symbol: market.symbol,
      price: decimalText(market.cents, 2),
      quantity: decimalText(lots, 4),
      side: random() < 0.5 ? 'buy' : 'sell',
      timestamp,
    }
  }

  /** Passes over trades that were delivered before. */
  skip(count: number): void {
    for (let i = 0; i < count; i++) this.next(0)
  }

  /** The trade as its message. */
  encode(trade: SimulatedTrade): string {
    const time =
      this.#timestampFormat === 'unix_millis'
        ? String(Math.floor(trade.timestamp / 1000))
        : `"${formatTimestamp(trade.timestamp)}"`
    return `{"type":"trade","id":${trade.id},"symbol":${JSON.stringify(trade.symbol)},"price":"${trade.price}","quantity":"${trade.quantity}","side":"${trade.side}","timestamp":${time}}`
  }
}

/** What the markets open at, in cents. Others get a made-up price. */
const START_CENTS: Readonly<Record<string, number>> = {
  'BTC-USD': 6_183_763,
  'ETH-USD': 341_250,
  'SOL-USD': 14_820,
  'XRP-USD': 58,
  'ADA-USD': 46,
  'DOGE-USD': 13,
  'AVAX-USD': 2_855,
  'LINK-USD': 1_402,
  'LTC-USD': 7_190,
  'DOT-USD': 621,
}

export const SYMBOLS: readonly string[] = Object.keys(START_CENTS)

/** The first `count` symbols: well-known ones, then SYM11-USD and so on. */
export function symbolNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => SYMBOLS[i] ?? `SYM${i + 1}-USD`)
}

function decimalText(units: number, scale: number): string {
  const digits = String(units).padStart(scale + 1, '0')
  return `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}
