/** Reads the feed at URL with `ws`, JSON.parse and Maps; tells CPU seconds after WARM results, and the answer. */
import WebSocket from 'ws'
import { SteadyCpu } from './measure.mjs'
import { NaiveTumble } from './trades.mjs'

const [, , url, warm] = process.argv
process.send({ ready: true })
process.once('message', () => {
  const steady = new SteadyCpu(Number(warm))
  const naive = new NaiveTumble((results) => steady.mark(results))
  const socket = new WebSocket(url, { perMessageDeflate: false })
  socket.on('message', (data) => naive.add(data.toString()))
  socket.on('error', (error) => {
    throw error
  })
  socket.on('close', () => process.send({ seconds: steady.seconds(), answer: naive.finish() }, () => process.exit(0)))
})
