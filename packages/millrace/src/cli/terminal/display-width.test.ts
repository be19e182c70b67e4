import { describe, expect, it } from 'vitest'
import { clip, displayWidth, pad, singleLine } from './display-width.ts'

describe('displayWidth', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['naïve', 5],
    ['e\u0301', 1],
    ['日本', 4],
    ['한국어', 6],
    ['Ａ', 2],
    ['ｱ', 1],
    ['👍', 2],
    ['👩‍👩‍👧', 2],
    ['❤️', 2],
    ['€', 1],
    ['\u200b', 0],
  ])('of %j is %d', (text, width) => {
    expect(displayWidth(text)).toBe(width)
  })
})

describe('clip', () => {
  it('leaves what fits', () => {
    expect(clip('abc', 3)).toBe('abc')
  })

  it('ends cut text with an ellipsis within the width', () => {
    expect(clip('abcdef', 4)).toBe('abc…')
    expect(clip('日本語', 4)).toBe('日…')
    expect(displayWidth(clip('日本語', 4))).toBeLessThanOrEqual(4)
    expect(clip('abc', 0)).toBe('')
  })

  it('never cuts a grapheme apart', () => {
    expect(clip('👩‍👩‍👧👩‍👩‍👧', 3)).toBe('👩‍👩‍👧…')
  })
})

describe('pad', () => {
  it('counts cells, not characters', () => {
    expect(pad('日', 4, 'left')).toBe('日  ')
    expect(pad('日', 4, 'right')).toBe('  日')
  })
})

describe('singleLine', () => {
  it('takes a terminal escape sequence its power', () => {
    expect(singleLine('\x1b[2Jgone\x07')).toBe('\ufffd[2Jgone\ufffd')
  })

  it('makes line breaks and tabs blanks, and direction marks visible', () => {
    expect(singleLine('a\nb\tc\r')).toBe('a b c ')
    expect(singleLine('a\u202eb')).toBe('a\ufffdb')
  })
})
