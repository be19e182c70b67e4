import { describe, expect, it } from 'vitest'
import { findName, matchName, uniqueName } from './names.ts'

const same = (name: string) => name

describe('matchName', () => {
  it('prefers the exact name', () => {
    expect(matchName('price', ['Price', 'price', 'PRICE'], same)).toEqual({ kind: 'found', item: 'price' })
  })

  it('takes another case when only one is like it', () => {
    expect(matchName('PRICE', ['symbol', 'price'], same)).toEqual({ kind: 'found', item: 'price' })
  })

  it('does not choose between several', () => {
    expect(matchName('PRICE', ['Price', 'price'], same)).toEqual({ kind: 'ambiguous', items: ['Price', 'price'] })
    expect(matchName('price', ['price', 'price'], same).kind).toBe('ambiguous')
    expect(findName('PRICE', ['Price', 'price'], same)).toBeUndefined()
  })

  it('finds nothing where there is nothing', () => {
    expect(matchName('price', [], same)).toEqual({ kind: 'none' })
  })
})

describe('uniqueName', () => {
  it('numbers from the second on and never repeats', () => {
    const taken = new Set(['sum_2'])
    expect(['sum', 'sum', 'sum'].map((n) => uniqueName(n, taken))).toEqual(['sum', 'sum_3', 'sum_4'])
  })
})
