import type { Writable } from 'node:stream'
import fc from 'fast-check'
import * as ws from 'ws'
import { describe, expect, it } from 'vitest'
import { encodeCloseFrame, encodeFrame, frameHeaderBytes } from './frame.ts'
import { FrameBuffer } from './frame-buffer.ts'
import { OPCODE } from './opcode.ts'

// The type declarations of ws lack its receiver.
const { Receiver } = ws as unknown as { readonly Receiver: new (options: object) => Writable }

interface Received {
  readonly kind: 'text' | 'binary' | 'ping' | 'pong' | 'close'
  readonly payload: Buffer
  readonly code?: number
}

/** What an independent implementation reads from the bytes. Rejects when it sees an error. */
function receive(bytes: Buffer, isServer: boolean, chunkBytes = bytes.length): Promise<Received[]> {
  return new Promise((resolve, reject) => {
    const received: Received[] = []
    const receiver = new Receiver({ isServer, allowSynchronousEvents: true, maxPayload: 0 })
    receiver.on('message', (data: Buffer, binary: boolean) => {
      received.push({ kind: binary ? 'binary' : 'text', payload: Buffer.from(data) })
    })
    receiver.on('ping', (payload: Buffer) => received.push({ kind: 'ping', payload }))
    receiver.on('pong', (payload: Buffer) => received.push({ kind: 'pong', payload }))
    receiver.on('conclude', (code: number, payload: Buffer) => received.push({ kind: 'close', code, payload }))
    receiver.on('error', reject)
    for (let at = 0; at < bytes.length; at += chunkBytes)
      receiver.write(Buffer.from(bytes.subarray(at, at + chunkBytes)))
    receiver.end(() => resolve(received))
  })
}

const BOUNDARIES = [0, 1, 124, 125, 126, 127, 128, 65_534, 65_535, 65_536, 65_537, 200_000]
const payload = fc
  .oneof(fc.nat(300), fc.constantFrom(...BOUNDARIES), fc.integer({ min: 65_500, max: 65_600 }))
  .chain((length) => fc.integer({ min: 0, max: 255 }).map((seed) => Buffer.alloc(length, seed)))

describe('encodeFrame', () => {
  it.each([
    [0, 2],
    [125, 2],
    [126, 4],
    [65_535, 4],
    [65_536, 10],
    [5_000_000_000, 10],
  ])('a payload of %i bytes has a header of %i', (length, header) => {
    expect(frameHeaderBytes(length)).toBe(header)
    expect(frameHeaderBytes(length, true)).toBe(header + 4)
  })

  it('gives the examples of RFC 6455, section 5.7', () => {
    expect(encodeFrame(OPCODE.text, 'Hello').toString('hex')).toBe('810548656c6c6f')
    expect(encodeFrame(OPCODE.ping, 'Hello').toString('hex')).toBe('890548656c6c6f')
    expect(encodeFrame(OPCODE.binary, Buffer.alloc(256)).subarray(0, 4).toString('hex')).toBe('827e0100')
    expect(encodeFrame(OPCODE.binary, Buffer.alloc(65_536)).subarray(0, 10).toString('hex')).toBe(
      '827f0000000000010000',
    )
  })

  it('is read back by an independent receiver, in both roles', async () => {
    await fc.assert(
      fc.asyncProperty(payload, fc.constantFrom('server', 'client'), async (bytes, role) => {
        const frame = encodeFrame(OPCODE.binary, bytes, role)
        expect(frame.length).toBe(frameHeaderBytes(bytes.length, role === 'client') + bytes.length)
        const received = await receive(frame, role === 'client')
        expect(received.map((r) => r.kind)).toEqual(['binary'])
        expect(received[0]!.payload.equals(bytes)).toBe(true)
      }),
      { numRuns: 150 },
    )
  })

  it('encodes text as UTF-8', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.constantFrom('server', 'client'), async (text, role) => {
        const frame = encodeFrame(OPCODE.text, text, role)
        expect(await receive(frame, role === 'client')).toEqual([{ kind: 'text', payload: Buffer.from(text) }])
      }),
    )
  })

  it('refuses a control frame over 125 bytes', () => {
    expect(encodeFrame(OPCODE.pong, Buffer.alloc(125)).length).toBe(127)
    expect(() => encodeFrame(OPCODE.pong, Buffer.alloc(126))).toThrow('over 125 bytes')
  })
})

describe('encodeCloseFrame', () => {
  it('carries code and reason', async () => {
    expect(await receive(encodeCloseFrame(4400, 'bye'), false)).toEqual([
      { kind: 'close', code: 4400, payload: Buffer.from('bye') },
    ])
    expect(encodeCloseFrame().toString('hex')).toBe('8800')
  })

  it('cuts a long reason between characters', async () => {
    const [close] = await receive(encodeCloseFrame(1000, '€'.repeat(60)), false)
    expect(close!.payload.toString()).toBe('€'.repeat(41))
  })

  it('refuses codes that must not be sent', () => {
    for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000]) {
      expect(() => encodeCloseFrame(code)).toThrow('must not be sent')
    }
  })
})

describe('FrameBuffer', () => {
  const frames = fc.array(
    fc.record({
      payload: fc.oneof(payload, fc.string({ unit: 'grapheme', maxLength: 200 })),
      encoded: fc.boolean(),
    }),
    { maxLength: 12 },
  )

  it('packs frames back to back, whatever the cuts of the reader', async () => {
    await fc.assert(
      fc.asyncProperty(frames, fc.integer({ min: 50, max: 70_000 }), async (list, chunkBytes) => {
        const buffer = new FrameBuffer(64)
        for (const { payload, encoded } of list) {
          if (encoded) buffer.appendFrame(encodeFrame(OPCODE.binary, payload))
          else buffer.append(OPCODE.binary, payload)
        }
        expect(buffer.frames).toBe(list.length)
        const received = await receive(buffer.bytes(), false, chunkBytes)
        expect(received).toHaveLength(list.length)
        list.forEach((f, i) => expect(received[i]!.payload.equals(Buffer.from(f.payload as string))).toBe(true))
      }),
      { numRuns: 60 },
    )
  })

  it('reuses its memory after clear and gives it away with take', () => {
    const buffer = new FrameBuffer(64)
    buffer.append(OPCODE.text, 'one')
    const first = buffer.take()
    buffer.append(OPCODE.text, 'two')
    expect(first.subarray(2).toString()).toBe('one')
    expect(buffer.bytes().subarray(2).toString()).toBe('two')
    buffer.clear()
    expect([buffer.length, buffer.frames]).toEqual([0, 0])
    buffer.append(OPCODE.text, 'three')
    expect(buffer.bytes().subarray(2).toString()).toBe('three')
  })
})
