import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type {
  AttachOptions,
  Broadcast,
  ClientSink,
  RowEncoding,
  RowGap,
  SlowClientPolicy,
} from '../../connectors/index.ts'
import { createBroadcast } from './index.ts'

/** One line a message, so that tests can read them. */
const LINES: RowEncoding = {
  id: 'lines',
  row: (out, bytes, start, end, sequence) =>
    out.appendFrame(Buffer.from(`${sequence} ${Buffer.from(bytes.subarray(start, end)).toString()}\n`)),
  gap: (gap) => Buffer.from(`gap ${JSON.stringify(gap)}\n`),
  hello: () => null,
}

type KnownGap = RowGap & { readonly to: number }

/** The far end of a network: takes bytes at once, or holds them back while it is stalled. */
class Client implements ClientSink {
  text = ''
  writes = 0
  pendingBytes = 0
  closed: { code: number; reason: string } | null = null
  #stalled = false
  #callbacks: (() => void)[] = []

  write(chunk: Buffer): void {
    expect(this.closed).toBeNull()
    this.text += chunk.toString()
    this.writes++
    if (this.#stalled) this.pendingBytes += chunk.length
  }

  whenDrained(callback: () => void): void {
    if (this.pendingBytes === 0) setImmediate(callback)
    else this.#callbacks.push(callback)
  }

  close(code: number, reason: string): void {
    expect(this.closed).toBeNull()
    this.closed = { code, reason }
  }

  stall(): void {
    this.#stalled = true
  }

  release(): void {
    this.#stalled = false
    this.pendingBytes = 0
    for (const callback of this.#callbacks.splice(0)) callback()
  }

  get messages(): string[] {
    return this.text.split('\n').slice(0, -1)
  }

  get sequences(): number[] {
    return this.messages.filter((line) => !line.startsWith('gap')).map((line) => Number.parseInt(line, 10))
  }

  get gaps(): KnownGap[] {
    return this.messages.filter((line) => line.startsWith('gap')).map((line) => JSON.parse(line.slice(4)) as KnownGap)
  }
}

function options(more: Partial<AttachOptions> = {}): AttachOptions {
  return { encoding: LINES, policy: { kind: 'disconnect' }, queueBytes: 4096, ...more }
}

function publish(broadcast: Broadcast, ...texts: string[]): Promise<void> | undefined {
  let end = 0
  const offsets = Uint32Array.from([0, ...texts.map((text) => (end += Buffer.byteLength(text)))])
  return broadcast.publish({ bytes: Buffer.from(texts.join('')), offsets })
}

/** Until nothing is staged and nobody is behind that could go on. */
async function settled(broadcast: Broadcast): Promise<void> {
  await broadcast.flush()
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
const wide = (i: number) => String(i).padEnd(100, '.')

describe('broadcast', () => {
  it('writes the rows of a turn to every client in one write, encoded once', async () => {
    let encoded = 0
    const counting: RowEncoding = { ...LINES, row: (...row) => (encoded++, LINES.row(...row)) }
    const broadcast = createBroadcast({ retainBytes: 1e6 })
    const clients = Array.from({ length: 50 }, () => new Client())
    for (const client of clients) broadcast.attach(client, options({ encoding: counting }))
    void publish(broadcast, 'a', 'b')
    void publish(broadcast, 'c')
    expect(clients[0]!.text).toBe('')
    while (clients.at(-1)!.text === '') await new Promise((resolve) => setImmediate(resolve))
    for (const client of clients) expect([client.text, client.writes]).toEqual(['0 a\n1 b\n2 c\n', 1])
    expect(encoded).toBe(3)
    expect(broadcast.statistics()).toMatchObject({
      clients: 50,
      nextSequence: 3,
      messages: 150,
      bytes: 600,
      queuedBytes: 0,
    })
  })

  it('gives a newcomer what comes after it, and nobody anything twice', async () => {
    const broadcast = createBroadcast({ retainBytes: 1e6 })
    const [first, second] = [new Client(), new Client()]
    broadcast.attach(first, options())
    void publish(broadcast, 'a')
    broadcast.attach(second, options())
    void publish(broadcast, 'b')
    await broadcast.flush()
    expect([first.text, second.text]).toEqual(['0 a\n1 b\n', '1 b\n'])
  })

  it('evaluates a filter once for all clients that share it', async () => {
    let evaluated = 0
    const odd = (id: string) => ({
      id,
      matches: (bytes: Uint8Array, start: number) => (evaluated++, bytes[start]! % 2 === 1),
    })
    const broadcast = createBroadcast({ retainBytes: 1e6 })
    const clients = [new Client(), new Client(), new Client()]
    for (const client of clients) broadcast.attach(client, options({ filter: odd('odd') }))
    const all = new Client()
    broadcast.attach(all, options())
    for (let i = 0; i < 9; i++) await publish(broadcast, String(i))
    await broadcast.flush()
    for (const client of clients) expect(client.sequences).toEqual([1, 3, 5, 7])
    expect(all.sequences).toEqual(range(0, 9))
    expect(evaluated).toBe(9)
  })

  it('disconnects a client that is too slow, with the row to resume from; it resumes without a hole', async () => {
    const broadcast = createBroadcast({ retainBytes: 1e6 })
    const [slow, quick, resumed] = [new Client(), new Client(), new Client()]
    broadcast.attach(slow, options())
    broadcast.attach(quick, options())
    slow.stall()
    for (let i = 0; i < 100; i++) {
      void publish(broadcast, wide(i))
      await broadcast.flush()
    }
    expect(quick.sequences).toEqual(range(0, 100))
    expect(slow.closed?.code).toBe(4429)
    const [, from, stream] = /from=(\d+)&stream=(\w+)/.exec(slow.closed!.reason)!
    expect(slow.sequences).toEqual(range(0, Number(from)))
    expect(Number(from)).toBeLessThan(60)
    broadcast.attach(resumed, options({ from: Number(from), stream: stream! }))
    await settled(broadcast)
    void publish(broadcast, 'last')
    await broadcast.flush()
    expect(resumed.sequences).toEqual(range(Number(from), 101))
    expect(resumed.gaps).toEqual([])
    expect(broadcast.statistics()).toMatchObject({ clients: 2, disconnectedClients: 1, droppedRows: 0 })
  })

  it('drops the oldest rows of a client that is too slow and tells it which', async () => {
    const broadcast = createBroadcast({ retainBytes: 1e6 })
    const client = new Client()
    broadcast.attach(client, options({ policy: { kind: 'drop_oldest' } }))
    client.stall()
    for (let i = 0; i < 200; i++) {
      void publish(broadcast, wide(i))
      await broadcast.flush()
      expect(broadcast.statistics().queuedBytes).toBeLessThanOrEqual(4096 + 200)
    }
    client.release()
    await settled(broadcast)
    void publish(broadcast, 'last')
    await broadcast.flush()
    expect(client.gaps).toHaveLength(1)
    const { from, to, count, reason } = client.gaps[0]!
    expect(reason).toBe('slow_client')
    expect(count).toBe(to - from + 1)
    expect(client.sequences).toEqual([...range(0, from), ...range(to + 1, 201)])
    expect(client.messages.findIndex((line) => line.startsWith('gap'))).toBe(from)
    expect(broadcast.statistics()).toMatchObject({ droppedRows: count, queuedBytes: 0 })
  })

  it('keeps the latest row of every key for a client that is too slow', async () => {
    const keyOf = (bytes: Uint8Array, start: number) => String.fromCharCode(bytes[start]!)
    const broadcast = createBroadcast({ retainBytes: 1e6 })
    const client = new Client()
    broadcast.attach(client, options({ policy: { kind: 'conflate', keyOf } }))
    client.stall()
    for (let i = 0; i < 1000; i++) {
      void publish(broadcast, `${'abc'[i % 3]!}${wide(i)}`)
      await broadcast.flush()
    }
    client.release()
    await settled(broadcast)
    const { sequences } = client
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b))
    expect(sequences.slice(-3)).toEqual([997, 998, 999])
    expect(sequences.length).toBeLessThan(100)
    expect(client.closed).toBeNull()
    const { conflatedRows, droppedRows } = broadcast.statistics()
    expect([conflatedRows, droppedRows]).toEqual([1000 - sequences.length, 0])
  })

  it('disconnects when even the latest rows are too many', async () => {
    const broadcast = createBroadcast({ retainBytes: 1e6 })
    const client = new Client()
    const keyOf = (bytes: Uint8Array, start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString()
    broadcast.attach(client, options({ policy: { kind: 'conflate', keyOf } }))
    client.stall()
    for (let i = 0; i < 1000 && client.closed === null; i++) {
      void publish(broadcast, wide(i))
      await broadcast.flush()
    }
    expect(client.closed?.code).toBe(4429)
  })

  it('states what is not there any more, and what belongs to another stream', async () => {
    const broadcast = createBroadcast({ retainBytes: 128 * 1024 })
    for (let i = 0; i < 5000; i++) await publish(broadcast, wide(i))
    const [late, ahead, foreign, next] = [new Client(), new Client(), new Client(), new Client()]
    broadcast.attach(late, options({ from: 10, stream: broadcast.stream }))
    broadcast.attach(ahead, options({ from: 9000 }))
    broadcast.attach(foreign, options({ from: 4990, stream: 'other' }))
    broadcast.attach(next, options({ from: 5000 }))
    await settled(broadcast)
    const [{ from, to, count, reason }] = late.gaps as [KnownGap]
    expect([from, count, reason]).toEqual([10, to - 9, 'not_retained'])
    expect(late.sequences).toEqual(range(to + 1, 5000))
    for (const client of [ahead, foreign]) {
      expect(client.gaps[0]).toMatchObject({ to: null, count: null, reason: 'restarted' })
      expect(client.sequences).toEqual(late.sequences)
    }
    expect(next.text).toBe('')
  })

  it('writes in slices: the event loop goes on between clients', async () => {
    const broadcast = createBroadcast({ retainBytes: 1e6 })
    let written = 0
    class Busy extends Client {
      override write(): void {
        written++
        const until = performance.now() + 0.2
        while (performance.now() < until);
      }
    }
    for (let i = 0; i < 500; i++) broadcast.attach(new Busy(), options())
    const seen: number[] = []
    let going = true
    const look = () => {
      seen.push(written)
      if (going) setImmediate(look)
    }
    setImmediate(look)
    void publish(broadcast, 'a')
    await broadcast.flush()
    going = false
    expect(written).toBe(500)
    expect(seen.filter((count) => count > 0 && count < 500).length).toBeGreaterThan(5)
  })

  it('asks the publisher to wait while sockets are being written, not for slow clients', async () => {
    const broadcast = createBroadcast({ retainBytes: 1e7 })
    const stalled = new Client()
    stalled.stall()
    broadcast.attach(stalled, options({ policy: { kind: 'drop_oldest' } }))
    for (let i = 0; i < 100; i++) {
      const room = publish(broadcast, ...range(0, 1000).map(wide))
      if (room !== undefined) await room
    }
    expect(broadcast.statistics().nextSequence).toBe(100_000)
  })

  it('waits at the end for clients that are behind, within the grace', async () => {
    const broadcast = createBroadcast({ retainBytes: 1e6 })
    const [slow, dead] = [new Client(), new Client()]
    for (const client of [slow, dead]) {
      broadcast.attach(client, options({ policy: { kind: 'drop_oldest' } }))
      client.stall()
    }
    for (let i = 0; i < 30; i++) void publish(broadcast, wide(i))
    await broadcast.flush()
    for (let i = 30; i < 35; i++) void publish(broadcast, wide(i))
    const closing = broadcast.close(1000, 'over', 100)
    slow.release()
    await closing
    expect(slow.sequences).toEqual(range(0, 35))
    expect([slow.closed, dead.closed]).toEqual([
      { code: 1000, reason: 'over' },
      { code: 1000, reason: 'over' },
    ])
    const late = new Client()
    broadcast.attach(late, options())
    expect(late.closed).toEqual({ code: 1000, reason: 'over' })
    expect(broadcast.statistics().clients).toBe(0)
  })

  it('accounts for every row under any interleaving', async () => {
    const keyOf = (bytes: Uint8Array, start: number) => String(bytes[start]! % 7)
    const policies: SlowClientPolicy[] = [{ kind: 'disconnect' }, { kind: 'drop_oldest' }, { kind: 'conflate', keyOf }]
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ do: fc.constant('publish' as const), rows: fc.integer({ min: 1, max: 40 }) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('attach' as const), policy: fc.nat(2), back: fc.option(fc.nat(60)) }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('stall' as const), client: fc.nat() }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), client: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('detach' as const), client: fc.nat() }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const broadcast = createBroadcast({ retainBytes: 1e6 })
        const clients: {
          client: Client
          policy: SlowClientPolicy
          start: number
          detach(): void
          detached: boolean
        }[] = []
        let count = 0
        for (const s of steps) {
          const chosen = 'client' in s ? clients[s.client % Math.max(1, clients.length)] : undefined
          switch (s.do) {
            case 'publish':
              void publish(broadcast, ...range(count, count + s.rows).map(wide))
              count += s.rows
              break
            case 'attach': {
              const client = new Client()
              const policy = policies[s.policy]!
              const start = s.back === null ? count : Math.max(0, count - s.back)
              const { detach } = bound(
                broadcast.attach(client, options({ policy, ...(s.back === null ? {} : { from: start }) })),
              )
              clients.push({ client, policy, start, detach, detached: false })
              break
            }
            case 'stall':
              chosen?.client.stall()
              break
            case 'release':
              chosen?.client.release()
              break
            case 'detach':
              chosen?.detach()
              if (chosen !== undefined) chosen.detached = true
              break
            case 'turn':
              await new Promise((resolve) => setImmediate(resolve))
          }
        }
        for (const { client } of clients) client.release()
        await settled(broadcast)
        await new Promise((resolve) => setTimeout(resolve, 6))
        await settled(broadcast)
        for (const { client, policy, start, detached } of clients) {
          for (const line of client.messages)
            if (!line.startsWith('gap'))
              expect(line).toBe(`${Number.parseInt(line, 10)} ${wide(Number.parseInt(line, 10))}`)
          const { sequences } = client
          if (detached) {
            expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b))
          } else if (client.closed !== null) {
            expect(policy.kind).not.toBe('drop_oldest')
            const from = Number(/from=(\d+)/.exec(client.closed.reason)![1])
            if (policy.kind === 'disconnect') expect(sequences).toEqual(range(start, from))
          } else if (policy.kind === 'conflate') {
            expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b))
            const latest = (all: number[]) => new Map(all.map((i) => [keyOf(Buffer.from(wide(i)), 0), i]))
            expect(latest(sequences)).toEqual(latest(range(start, count)))
          } else {
            const lost = client.gaps.flatMap((gap) => range(gap.from, gap.to + 1))
            expect(lost).toHaveLength(client.gaps.reduce((sum, gap) => sum + gap.count!, 0))
            expect([...sequences, ...lost].sort((a, b) => a - b)).toEqual(range(start, count))
            if (policy.kind === 'disconnect') expect(lost).toEqual([])
          }
        }
      }),
      { numRuns: 150 },
    )
  })
})

function bound(attachment: { detach(): void }): { detach(): void } {
  return { detach: () => attachment.detach() }
}
