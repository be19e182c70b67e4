import { describe, expect, it } from 'vitest'
import { KeepAlive } from './keep-alive.ts'

const OPTIONS = { heartbeatMs: 25_000, pongMs: 8_000 }

describe('KeepAlive', () => {
  it('pings after silence and waits for a sign of life', () => {
    const books = new KeepAlive(OPTIONS, 0)
    expect(books.nextAt()).toBe(25_000)
    expect(books.check(24_999)).toBe('wait')
    expect(books.check(25_000)).toBe('ping')
    expect(books.nextAt()).toBe(33_000)
    books.onLife(25_040)
    expect(books.nextAt()).toBe(50_040)
    expect(books.check(33_000)).toBe('wait')
  })

  it('counts messages as life', () => {
    const books = new KeepAlive(OPTIONS, 0)
    books.onMessage(20_000)
    expect(books.check(25_000)).toBe('wait')
    expect(books.nextAt()).toBe(45_000)
  })

  it('declares a peer dead only at a second look past the deadline', () => {
    const books = new KeepAlive(OPTIONS, 0)
    books.check(25_000)
    expect(books.check(60_000)).toBe('wait')
    expect(books.nextAt()).toBe(60_100)
    expect(books.check(60_100)).toBe('dead')
  })

  it('forgives a peer whose answer was waiting while the process was held up', () => {
    const books = new KeepAlive(OPTIONS, 0)
    books.check(25_000)
    expect(books.check(60_000)).toBe('wait')
    books.onLife(60_001)
    expect(books.check(60_100)).toBe('wait')
    expect(books.nextAt()).toBe(85_001)
  })

  it('reports a peer that answers pings but sends nothing as idle', () => {
    const books = new KeepAlive({ ...OPTIONS, idleMs: 30_000 }, 0)
    expect(books.check(25_000)).toBe('ping')
    books.onLife(25_001)
    expect(books.nextAt()).toBe(30_000)
    expect(books.check(30_000)).toBe('wait')
    books.onLife(30_050)
    expect(books.check(30_100)).toBe('idle')
    books.onMessage(30_200)
    expect(books.check(30_200)).toBe('wait')
  })

  it('watches nothing when told so', () => {
    const books = new KeepAlive({ heartbeatMs: 0, pongMs: 8_000 }, 0)
    expect(books.nextAt()).toBe(Infinity)
    expect(books.check(1e9)).toBe('wait')
  })
})
