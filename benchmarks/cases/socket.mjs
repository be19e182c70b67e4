import { alternate, assertEqual } from '../lib/measure.mjs'
import { start } from '../lib/processes.mjs'
import { TRADES_PER_RESULT } from '../lib/trades.mjs'

const MESSAGES = 2_000_000
const WARM_UP = 600_000
const ROUNDS = 3

/** The same end to end over a loopback socket from a second process; CPU seconds of the process that reads. */
export async function socket() {
  const feed = await start(new URL('../lib/feed-server.mjs', import.meta.url), MESSAGES)
  const url = `ws://127.0.0.1:${feed.ready.port}/`
  const answers = new Map()
  const rate = async (script) => {
    const reader = await start(new URL(`../lib/${script}`, import.meta.url), url, WARM_UP / TRADES_PER_RESULT)
    reader.send('go')
    const { seconds, answer } = await reader.next()
    answers.set(script, answer)
    return (MESSAGES - WARM_UP) / seconds
  }
  try {
    const figures = await alternate(ROUNDS, () => rate('socket-ours.mjs'), () => rate('socket-baseline.mjs'))
    assertEqual(answers.get('socket-ours.mjs'), answers.get('socket-baseline.mjs'), 'socket')
    return [{ name: 'socket to result', ...figures, unit: 'messages per CPU second', target: 2, against: 'ws + JSON.parse + Map' }]
  } finally {
    await feed.stop()
  }
}
