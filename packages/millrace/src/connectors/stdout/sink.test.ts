import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { never } from '../../../test/connectors/context.ts'
import { StdoutSink } from './sink.ts'

function rows(text: string) {
  const bytes = Buffer.from(text)
  return { bytes, offsets: Uint32Array.from([0, bytes.length]) }
}

describe('stdout sink', () => {
  it('waits for a slow reader', async () => {
    const stream = new PassThrough({ highWaterMark: 4 })
    const sink = new StdoutSink(stream)
    await sink.open()
    let written = false
    const writing = sink.write(rows('{"a":1}\n'), never).then(() => (written = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(written).toBe(false)
    expect(String(stream.read())).toBe('{"a":1}\n')
    await writing
    await sink.write(rows('x\n'), never)
    await sink.flush(never)
    await sink.close()
    expect(String(stream.read())).toBe('x\n')
    expect(stream.writableEnded).toBe(false)
  })

  it('stops waiting when it is told to', async () => {
    const stream = new PassThrough({ highWaterMark: 1 })
    const sink = new StdoutSink(stream)
    await sink.open()
    const abort = new AbortController()
    const writing = sink.write(rows('abc\n'), abort.signal)
    abort.abort()
    await expect(writing).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  it('ends quietly when nobody reads any more', async () => {
    const server = createServer((socket) => socket.destroy())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    const sink = new StdoutSink(socket)
    await sink.open()
    await once(socket, 'connect')
    const end = await (async () => {
      for (;;) {
        await sink.write(rows('x'.repeat(1000)), never)
        await sink.flush(never)
      }
    })().catch((error: unknown) => error)
    expect((end as { code: string }).code).toBe('CANCELLED')
    await sink.close()
    server.close()
  })

  it('takes EPIPE for the end and other errors for errors', async () => {
    for (const [code, expected] of [
      ['EPIPE', 'CANCELLED'],
      ['EIO', 'CONNECTOR_IO'],
    ] as const) {
      const stream = new PassThrough()
      const sink = new StdoutSink(stream)
      await sink.open()
      stream.destroy(Object.assign(new Error(`write ${code}`), { code }))
      await new Promise((resolve) => stream.once('close', resolve))
      await expect(sink.write(rows('x\n'), never)).rejects.toMatchObject({ code: expected })
      await expect(sink.flush(never)).rejects.toMatchObject({ code: expected })
      await sink.close()
    }
  })
})
