/** `fan-out-clients.mjs PORT PATH COUNT`: WebSocket clients that only count and hash what they get, as cheaply as possible. */
import { createHash } from 'node:crypto'
import { connect } from 'node:net'

const [port, path, count] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])]
const HANDSHAKE_END = '\r\n\r\n'
let open = 0
/** Bytes after the handshake of all clients, and a hash of those of the first. */
let bytes = 0
const hash = createHash('sha256')

for (let i = 0; i < count; i++) {
  let upgraded = false
  const onBytes = (length, buffer) => {
    let from = 0
    if (!upgraded) {
      from = buffer.indexOf(HANDSHAKE_END) + HANDSHAKE_END.length
      upgraded = true
      if (++open === count) process.send({ ready: true })
    }
    bytes += length - from
    if (i === 0) hash.update(buffer.subarray(from, length))
    return true
  }
  const socket = connect({
    port,
    host: '127.0.0.1',
    onread: { buffer: Buffer.allocUnsafe(64 * 1024), callback: onBytes },
  })
  socket.on('error', () => undefined)
  const key = Buffer.alloc(16, i).toString('base64')
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  )
}

process.on('message', () => process.send({ bytes, hash: hash.copy().digest('hex') }))
process.on('disconnect', () => process.exit(0))
