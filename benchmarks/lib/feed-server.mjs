/** A WebSocket feed in a process of its own: `feed-server.mjs COUNT` sends COUNT trades to every client, as fast as it reads, then closes. */
import { createServer } from 'node:http'
import { Sender, WebSocketServer } from 'ws'
import { tradeText } from './trades.mjs'

const count = Number(process.argv[2])
const FRAMES_PER_WRITE = 256
const frame = (text) =>
  Buffer.concat(Sender.frame(Buffer.from(text), { opcode: 1, fin: true, mask: false, readOnly: true, rsv1: false }))
const chunks = []
for (let i = 0; i < count; i += FRAMES_PER_WRITE) {
  chunks.push(Buffer.concat(Array.from({ length: Math.min(FRAMES_PER_WRITE, count - i) }, (_, k) => frame(tradeText(i + k)))))
}
const server = createServer()
const sockets = new WebSocketServer({ noServer: true })
server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, async (client) => {
    for (const chunk of chunks) {
      if (!socket.write(chunk)) await new Promise((resolve) => socket.once('drain', resolve))
      if (socket.destroyed) return
    }
    client.close(1000)
  })
})
server.listen(0, '127.0.0.1', () => process.send({ ready: true, port: server.address().port }))
process.on('disconnect', () => process.exit(0))
