import { setTimeout as delay } from 'node:timers/promises'
import { alternate, assertEqual } from '../lib/measure.mjs'
import { start } from '../lib/processes.mjs'

const CLIENTS = 1000
const ROUNDS = 3
/** Ticks of one measurement by messages per tick: about a second of the baseline's time each. */
const SIZES = [
  { perTick: 1, ours: 300, baseline: 300, target: 1.2 },
  { perTick: 8, ours: 400, baseline: 60, target: 8 },
]

/** One stream of 200-byte rows to 1,000 clients in a second process; CPU seconds of the server. */
export async function fanOut() {
  const rows = []
  for (const { perTick, target, ...ticks } of SIZES) {
    assertEqual(await received('ours', perTick), await received('baseline', perTick), `fan-out, ${perTick} per tick`)
    const figures = await alternate(
      ROUNDS,
      () => rate('ours', perTick, ticks.ours),
      () => rate('baseline', perTick, ticks.baseline),
    )
    rows.push({
      name: `fan-out to 1,000 clients, ${perTick} per tick`,
      ...figures,
      unit: 'deliveries per CPU second',
      target,
      against: 'ws.send(JSON.stringify(row)) per client',
    })
  }
  return rows
}

/** What all clients together, and the first in particular, get of a few ticks. */
async function received(which, perTick) {
  return withClients(which, async (server, clients) => {
    server.send({ count: 10, perTick })
    await server.next()
    for (let before = -1; ; ) {
      await delay(100)
      clients.send('digest')
      const digest = await clients.next()
      if (digest.bytes > 0 && digest.bytes === before) return digest
      before = digest.bytes
    }
  })
}

async function rate(which, perTick, ticks) {
  return withClients(which, async (server) => {
    server.send({ count: Math.ceil(ticks / 4), perTick })
    await server.next()
    server.send({ count: ticks, perTick })
    const { seconds } = await server.next()
    return (ticks * perTick * CLIENTS) / seconds
  })
}

async function withClients(which, work) {
  const server = await start(new URL('../lib/fan-out-server.mjs', import.meta.url), which)
  try {
    const clients = await start(
      new URL('../lib/fan-out-clients.mjs', import.meta.url),
      server.ready.port,
      server.ready.path,
      CLIENTS,
    )
    try {
      return await work(server, clients)
    } finally {
      await clients.stop()
    }
  } finally {
    await server.stop()
  }
}
