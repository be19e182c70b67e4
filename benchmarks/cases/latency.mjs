import { once } from 'node:events'
import { createServer } from 'node:http'
import WebSocket, { WebSocketServer } from 'ws'
import { median, percentile } from '../lib/measure.mjs'
import { start } from '../lib/processes.mjs'

const RATE = 10_000
const WARM_UP_SECONDS = 2
const SECONDS = 5
const ROUNDS = 3
const TARGET_MS = 5

/**
 * Open loop: 10,000 messages a second go into a relay in another process and come out of its websocket_server; latency from the instant
 * a message was due to the instant it is back here.
 */
export async function latency() {
  const server = createServer()
  const feed = new WebSocketServer({ server, perMessageDeflate: false })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connected = once(feed, 'connection')
  const relay = await start(new URL('../lib/latency-relay.mjs', import.meta.url), `ws://127.0.0.1:${server.address().port}/`)
  try {
    const [upstream] = await connected
    const client = new WebSocket(relay.ready.url, { perMessageDeflate: false })
    await once(client, 'open')
    const rounds = []
    for (let i = 0; i < ROUNDS; i++) rounds.push(await round(upstream, client))
    client.terminate()
    const p50 = median(rounds.map((r) => r.p50))
    const p99 = median(rounds.map((r) => r.p99))
    return [
      {
        name: 'latency at 10,000/s (p99)', ours: p99, baseline: TARGET_MS, ratio: TARGET_MS / p99, target: 1, unit: 'ms',
        against: '5 ms', detail: `p50 ${p50.toFixed(2)} ms`,
      },
    ]
  } finally {
    await relay.stop()
    for (const socket of feed.clients) socket.terminate()
    server.close()
  }
}

async function round(upstream, client) {
  const total = RATE * (WARM_UP_SECONDS + SECONDS)
  const skip = RATE * WARM_UP_SECONDS
  const latencies = new Float64Array(total - skip)
  let back = 0
  const began = performance.now()
  const due = (i) => began + (i * 1000) / RATE
  const done = new Promise((resolve) => {
    const onMessage = (data) => {
      const { id } = JSON.parse(data.toString())
      if (id >= skip) latencies[id - skip] = performance.now() - due(id)
      if (++back === total) {
        client.off('message', onMessage)
        resolve()
      }
    }
    client.on('message', onMessage)
  })
  let sent = 0
  const sendDue = () => {
    const now = performance.now()
    while (sent < total && due(sent) <= now) {
      upstream.send(`{"id":${sent},"symbol":"BTC-USD","price":${100 + (sent % 50)}.25,"sent":${Math.round(now)}}`)
      sent++
    }
    if (sent < total) setImmediate(sendDue)
  }
  sendDue()
  await done
  const sorted = latencies.sort()
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }
}
