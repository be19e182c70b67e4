/** Reads the feed at URL with `ws`, JSON.parse and Maps; tells CPU seconds and the answer. */
import WebSocket from 'ws'
import { cpuSeconds } from './measure.mjs'
import { NaiveTumble } from './trades.mjs'

const url = process.argv[2]
process.send({ ready: true })
process.once('message', async () => {
  const naive = new NaiveTumble()
  const { seconds } = await cpuSeconds(
    () =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(url, { perMessageDeflate: false, skipUTF8Validation: false })
        socket.on('message', (data) => naive.add(data.toString()))
        socket.on('close', resolve)
        socket.on('error', reject)
      }),
  )
  process.send({ seconds, answer: naive.finish() }, () => process.exit(0))
})
