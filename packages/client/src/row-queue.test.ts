import { describe, expect, it } from 'vitest'
import { retryDelay } from './backoff.ts'
import { RowQueue } from './row-queue.ts'

describe('RowQueue', () => {
  it('hands out what came before its end', async () => {
    const queue = new RowQueue<number>()
    for (let i = 0; i < 3000; i++) queue.push(i)
    queue.end()
    queue.push(-1)
    const seen: number[] = []
    for (let r = await queue.next(); r.done !== true; r = await queue.next()) seen.push(r.value)
    expect(seen).toEqual(Array.from({ length: 3000 }, (_, i) => i))
  })

  it('wakes a waiting reader, with a value or an error', async () => {
    const queue = new RowQueue<number>()
    const first = queue.next()
    queue.push(1)
    expect(await first).toEqual({ done: false, value: 1 })
    const second = queue.next()
    queue.end(new Error('gone'))
    await expect(second).rejects.toThrow('gone')
  })
})

describe('retryDelay', () => {
  it('doubles up to its limit, spread over half its range', () => {
    const options = { initialMs: 100, maxMs: 1000 }
    expect([0, 1, 2, 3, 4, 99].map((n) => retryDelay(n, options, () => 1))).toEqual([100, 200, 400, 800, 1000, 1000])
    expect(retryDelay(0, options, () => 0)).toBe(50)
  })
})
