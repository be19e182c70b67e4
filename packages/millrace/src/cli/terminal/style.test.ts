import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { canRedraw, styleFor, type TerminalStream } from './style.ts'

const terminal: TerminalStream = Object.assign(new PassThrough(), { isTTY: true })
const pipe: TerminalStream = new PassThrough()
const red = '\x1b[31mx\x1b[39m'

describe('styleFor', () => {
  it.each([
    ['a terminal', terminal, {}, red],
    ['a pipe', pipe, {}, 'x'],
    ['NO_COLOR', terminal, { NO_COLOR: '1' }, 'x'],
    ['an empty NO_COLOR', terminal, { NO_COLOR: '' }, red],
    ['a dumb terminal', terminal, { TERM: 'dumb' }, 'x'],
    ['FORCE_COLOR on a pipe', pipe, { FORCE_COLOR: '1' }, red],
    ['FORCE_COLOR=0', terminal, { FORCE_COLOR: '0' }, 'x'],
    ['FORCE_COLOR over NO_COLOR', pipe, { FORCE_COLOR: '1', NO_COLOR: '1' }, red],
  ])('with %s', (_, stream, env, expected) => {
    expect(styleFor(stream, env)('red', 'x')).toBe(expected)
  })
})

describe('canRedraw', () => {
  it('needs a terminal that is not dumb', () => {
    expect(canRedraw(terminal, {})).toBe(true)
    expect(canRedraw(terminal, { TERM: 'dumb' })).toBe(false)
    expect(canRedraw(pipe, {})).toBe(false)
  })
})
