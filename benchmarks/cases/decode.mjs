import { blocksOf, compile, runBlocks, TumbleSum } from '../lib/engine.mjs'
import { alternate, assertEqual, cpuSeconds } from '../lib/measure.mjs'
import { NaiveTumble, TRADES_TABLE, tradePayloads, TUMBLING_QUERY } from '../lib/trades.mjs'

const MESSAGES = 300_000
const ROUNDS = 5
const BLOCK = 1000

/** Decode with full validation and a tumbling SUM and COUNT by key, no socket on either side. */
export async function decode() {
  const payloads = tradePayloads(MESSAGES)
  const blocks = blocksOf(payloads, BLOCK)
  const script = compile(`${TRADES_TABLE(`connector = 'websocket', endpoint = 'ws://localhost:1'`)}\n${TUMBLING_QUERY}`)

  const ours = async () => {
    const sum = new TumbleSum()
    await runBlocks(script, blocks, (batch) => sum.add(batch))
    return sum.finish()
  }
  const baseline = async () => {
    const naive = new NaiveTumble()
    for (const payload of payloads) naive.add(payload.toString())
    return naive.finish()
  }
  assertEqual(await ours(), await baseline(), 'decode')
  const rate = async (work) => MESSAGES / (await cpuSeconds(work)).seconds
  const figures = await alternate(ROUNDS, () => rate(ours), () => rate(baseline))
  return [{ name: 'decode + tumble', ...figures, unit: 'messages per CPU second', target: 4, against: 'JSON.parse + Map' }]
}
