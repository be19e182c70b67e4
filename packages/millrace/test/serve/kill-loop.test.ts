import { afterAll, describe, expect, it } from 'vitest'
import { Scratch } from '../cli/millrace.ts'
import { killRounds, Reader, showRound, Writer } from './kill-clients.ts'
import { serve, type Serving } from './serving.ts'

const scratch = new Scratch()
afterAll(() => scratch.remove())

const ROUNDS = killRounds(5)

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
  it('keeps every acknowledged record once and in order over kill -9', { timeout: 120_000 + ROUNDS * 10_000 }, async () => {
    const dataDir = scratch.path('data')
    let serving: Serving = await serve(['--data-dir', dataDir])
    const url = () => serving.url
    const empty = { method: 'POST', body: '', headers: { 'content-type': 'application/x-ndjson' } }
    expect((await fetch(`${url()}/v1/topics/kept/records`, empty)).status).toBe(200)
    const writer = new Writer('kept', (n) => n)
    const reader = new Reader('kept')
    let stopped = false
    const writing = Promise.all([writer.run(url), post(url, () => stopped)])
    const reading = reader.run(url)
    for (let round = 0; round < ROUNDS; round++) {
      showRound(round + 1, ROUNDS, writer.acks.length)
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
    expect(reader.seen.map(({ value }) => value)).toEqual(all)
    expect(reader.seen.map(({ cursor }) => cursor)).toEqual(all.map((n) => `0:${n}`))
    expect(posted).toEqual(posted.map((_, n) => n))
    expect((await lines('posted')).map(({ value }) => value)).toEqual(posted.map((_, n) => n))
    serving.child.kill('SIGTERM')
    expect(await serving.exit).toEqual({ code: 0, signal: null })
  })
})
