import { blocksOf, compile, runBlocks, TumbleSum } from '../lib/engine.mjs'
import { alternate, assertEqual, SteadyCpu } from '../lib/measure.mjs'
import { NaiveTumble, TRADES_PER_RESULT, TRADES_TABLE, tradePayloads, TUMBLING_QUERY } from '../lib/trades.mjs'

const MESSAGES = 1_000_000
const WARM_UP = 300_000
const ROUNDS = 5
const BLOCK = 1000

/** Decode with full validation and a tumbling SUM and COUNT by key, no socket on either side. */
export async function decode() {
  const payloads = tradePayloads(MESSAGES)
  const blocks = blocksOf(payloads, BLOCK)
  const script = compile(`${TRADES_TABLE(`connector = 'websocket', endpoint = 'ws://localhost:1'`)}\n${TUMBLING_QUERY}`)
  let steady

  const ours = async () => {
    const sum = new TumbleSum((results) => steady.mark(results))
    await runBlocks(script, blocks, (batch) => sum.add(batch))
    return sum.finish()
  }
  const baseline = async () => {
    const naive = new NaiveTumble((results) => steady.mark(results))
    for (const payload of payloads) naive.add(payload.toString())
    return naive.finish()
  }
  const rate = async (work) => {
    steady = new SteadyCpu(WARM_UP / TRADES_PER_RESULT)
    const answer = await work()
    return { rate: (MESSAGES - WARM_UP) / steady.seconds(), answer }
  }
  assertEqual((await rate(ours)).answer, (await rate(baseline)).answer, 'decode')
  const figures = await alternate(ROUNDS, async () => (await rate(ours)).rate, async () => (await rate(baseline)).rate)
  return [{ name: 'decode + tumble', ...figures, unit: 'messages per CPU second', target: 4, against: 'JSON.parse + Map' }]
}
