import { afterAll, describe, expect, it } from 'vitest'
import { Scratch } from '../cli/millrace.ts'
import { closed, connect, serve, type Serving } from './serving.ts'

const scratch = new Scratch()
afterAll(() => scratch.remove())

const ROUNDS = 5
/** Records under way at most. */
const WINDOW = 500

interface Ack {
  readonly sequence: number
  readonly partition: number
  readonly offset: number
}

/** Sends numbers in order and notes what was acknowledged. Connects again to whatever server there is, and sends again what was not. */
class Writer {
  readonly acks: Ack[] = []
  #sent = 0
  /** Over all connections: what was sent may be in the log. */
  #everSent = 0
  #stopped = false

  /** Resolves after `stop`, once everything ever sent was acknowledged. */
  async run(url: () => string): Promise<void> {
    while (!this.#stopped || this.acks.length < this.#everSent) {
      let send = (): void => undefined
      const ws = await connect(url(), `/v1/ingest/kept?producer_id=writer&sequence=${this.acks.length}`, (text) => {
        const message = JSON.parse(text) as { ack?: Ack; error?: unknown }
        if (message.error !== undefined) throw new Error(text)
        if (message.ack === undefined) return
        if (message.ack.sequence !== this.acks.length) throw new Error(`ack ${message.ack.sequence} after ${this.acks.length - 1}`)
        this.acks.push(message.ack)
        send()
      })
      if (ws === null) continue
      this.#sent = this.acks.length
      send = () => {
        const end = this.#stopped ? this.#everSent : this.acks.length + WINDOW
        while (this.#sent < end) ws.send(`{"value":${this.#sent++}}`)
        this.#everSent = Math.max(this.#everSent, this.#sent)
        if (this.#stopped && this.acks.length === this.#everSent) ws.close()
      }
      send()
      await closed(ws)
    }
  }

  stop(): void {
    this.#stopped = true
  }
}

/** Reads from where it was, and keeps everything it was told. */
class Reader {
  readonly seen: number[] = []
  readonly cursors: string[] = []
  #stopped = false
  #terminate = (): void => undefined

  async run(url: () => string): Promise<void> {
    while (!this.#stopped) {
      const ws = await connect(url(), `/v1/subscribe/kept?from=${this.cursors.at(-1) ?? 'earliest'}`, (text) => {
        const message = JSON.parse(text) as { cursor?: string; value: number }
        if (message.cursor === undefined) return
        this.cursors.push(message.cursor)
        this.seen.push(message.value)
      })
      if (ws === null) continue
      this.#terminate = () => ws.terminate()
      if (this.#stopped) ws.terminate()
      await closed(ws)
    }
  }

  stop(): void {
    this.#stopped = true
    this.#terminate()
  }
}

/** Posts numbers over HTTP, each until it is answered. */
async function post(url: () => string, stopped: () => boolean): Promise<number[]> {
  const offsets: number[] = []
  for (let answered = true; !answered || !stopped(); ) {
    const sequence = offsets.length
    const body = Array.from({ length: 10 }, (_, i) => `{"value":${sequence + i}}`).join('\n')
    const headers = { 'content-type': 'application/x-ndjson', 'producer-id': 'poster', 'producer-sequence': String(sequence) }
    const answer = await fetch(`${url()}/v1/topics/posted/records`, { method: 'POST', body, headers })
      .then((response) => response.json() as Promise<{ offsets: { offset: number }[] }>)
      .catch(() => null)
    answered = answer !== null
    if (answer !== null) offsets.push(...answer.offsets.map(({ offset }) => offset))
  }
  return offsets
}

describe('millrace serve', () => {
  it('keeps every acknowledged record once and in order over kill -9', { timeout: 120_000 }, async () => {
    const dataDir = scratch.path('data')
    let serving: Serving = await serve(['--data-dir', dataDir])
    const url = () => serving.url
    const empty = { method: 'POST', body: '', headers: { 'content-type': 'application/x-ndjson' } }
    expect((await fetch(`${url()}/v1/topics/kept/records`, empty)).status).toBe(200)
    const writer = new Writer()
    const reader = new Reader()
    let stopped = false
    const writing = Promise.all([writer.run(url), post(url, () => stopped)])
    const reading = reader.run(url)
    for (let round = 0; round < ROUNDS; round++) {
      const wanted = writer.acks.length + 200 + Math.floor(Math.random() * 3000)
      while (writer.acks.length < wanted) await new Promise((resolve) => setTimeout(resolve, 1 + Math.random() * 5))
      serving.child.kill('SIGKILL')
      expect((await serving.exit).signal).toBe('SIGKILL')
      serving = await serve(['--data-dir', dataDir])
    }
    writer.stop()
    stopped = true
    const lines = async (topic: string) => {
      const text = await (await fetch(`${url()}/v1/topics/${topic}/records?limit=10000000`)).text()
      return text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as { offset: number; value: number })
    }
    const [, posted] = await writing
    const count = writer.acks.length
    while (reader.seen.length < count) await new Promise((resolve) => setTimeout(resolve, 5))
    reader.stop()
    await reading
    const all = Array.from({ length: count }, (_, n) => n)
    expect(count).toBeGreaterThan(ROUNDS * 200)
    expect(writer.acks).toEqual(all.map((n) => ({ sequence: n, partition: 0, offset: n })))
    expect((await lines('kept')).map(({ offset, value }) => [offset, value])).toEqual(all.map((n) => [n, n]))
    expect(reader.seen).toEqual(all)
    expect(reader.cursors).toEqual(all.map((n) => `0:${n}`))
    expect(posted).toEqual(posted.map((_, n) => n))
    expect((await lines('posted')).map(({ value }) => value)).toEqual(posted.map((_, n) => n))
    serving.child.kill('SIGTERM')
    expect(await serving.exit).toEqual({ code: 0, signal: null })
  })
})
