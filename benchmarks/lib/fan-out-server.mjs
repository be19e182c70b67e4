/** `fan-out-server.mjs ours|baseline`: a server whose every tick goes to all clients; tells the CPU seconds of a number of ticks. */
import { once } from 'node:events'
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'
import { WebSocketServer } from 'ws'
import { resolveTable } from '../../packages/millrace/dist/connectors/index.js'
import { systemClock } from '../../packages/millrace/dist/kernel/index.js'
import { createBroadcast } from '../../packages/millrace/dist/runtime/subscriptions/index.js'
import { cpuSeconds } from './measure.mjs'

/** Ticks after which all sockets have to be empty: the clients share the machine and must not fall behind. */
const TICKS_IN_FLIGHT = 8

/** 200 bytes as JSON. */
function row(i) {
  return { symbol: 'BTC-USD', price: '61837.63', quantity: '0.0032', id: 1_000_000 + i, venue: 'x'.repeat(113) }
}

async function baseline() {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
  await once(server, 'listening')
  return {
    port: server.address().port,
    path: '/',
    async tick(rows) {
      for (const each of rows) for (const client of server.clients) client.send(JSON.stringify(each))
      await nextTurn()
    },
    waiting() {
      let bytes = 0
      for (const client of server.clients) bytes += client.bufferedAmount
      return bytes
    },
  }
}

async function ours() {
  const { connector, connectorOptions } = resolveTable({ connector: 'websocket_server', port: 0 }, 'benchmark')
  const signal = new AbortController().signal
  let url
  let broadcast
  const sink = await connector.sink(connectorOptions, {
    table: 'benchmark',
    clock: systemClock,
    template: (text) => text,
    notice: () => undefined,
    listening: (address) => (url = new URL(address)),
    broadcast: (options) => (broadcast = createBroadcast(options)),
    stdout: process.stdout,
  })
  await sink.open(signal)
  return {
    port: Number(url.port),
    path: url.pathname,
    async tick(rows) {
      const texts = rows.map((each) => Buffer.from(JSON.stringify(each)))
      let end = 0
      const offsets = Uint32Array.from([0, ...texts.map((text) => (end += text.length))])
      await sink.write({ bytes: Buffer.concat(texts), offsets }, signal)
      await sink.flush(signal)
      await nextTurn()
    },
    waiting: () => broadcast.statistics().queuedBytes,
  }
}

const server = await (process.argv[2] === 'ours' ? ours() : baseline())
let sent = 0

async function ticks(count, perTick) {
  for (let tick = 0; tick < count; tick++) {
    await server.tick(Array.from({ length: perTick }, () => row(sent++)))
    if (tick % TICKS_IN_FLIGHT === TICKS_IN_FLIGHT - 1) while (server.waiting() > 0) await delay(1)
  }
  while (server.waiting() > 0) await delay(1)
}

process.send({ ready: true, port: server.port, path: server.path })
process.on('message', async ({ count, perTick }) => {
  const { seconds } = await cpuSeconds(() => ticks(count, perTick))
  process.send({ seconds })
})
process.on('disconnect', () => process.exit(0))
