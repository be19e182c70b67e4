import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { BIGINT, batchOf, type Schema, schemaOf, TEXT, type Value, WINDOW } from '../../kernel/index.ts'
import { LatestRows } from './latest-rows.ts'
import { LiveRegion } from './live-region.ts'
import { LiveTable } from './live-table.ts'
import type { TerminalStream } from './style.ts'

const plain = (_: unknown, text: string): string => text
const COUNTS = schemaOf(['symbol', TEXT], ['count', BIGINT])

function changes(schema: Schema, ...rows: readonly (readonly [weight: number, ...values: Value[]])[]) {
  const values = rows.map(([, ...v]) => v)
  return batchOf(
    schema,
    values,
    Int32Array.from(rows, ([weight]) => weight),
  )
}

describe('LatestRows', () => {
  it('shows appended rows latest first and keeps them in order of arrival', () => {
    const rows = new LatestRows(COUNTS, false, 100)
    rows.push(
      batchOf(COUNTS, [
        ['a', 1],
        ['b', 2],
        ['c', 3],
      ]),
    )
    expect(rows.latest(2)).toEqual([
      ['c', '3'],
      ['b', '2'],
    ])
    expect(rows.all()).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ])
  })

  it('forgets the oldest beyond its limit, and counts them', () => {
    const rows = new LatestRows(COUNTS, false, 2)
    rows.push(
      batchOf(COUNTS, [
        ['a', 1],
        ['b', 2],
        ['c', 3],
      ]),
    )
    rows.push(batchOf(COUNTS, [['d', 4]]))
    expect(rows.all()).toEqual([
      ['c', '3'],
      ['d', '4'],
    ])
    expect(rows.forgotten).toBe(2)
  })

  it('follows changes', () => {
    const rows = new LatestRows(COUNTS, true, 100)
    rows.push(changes(COUNTS, [1, 'a', 1], [1, 'b', 1]))
    rows.push(changes(COUNTS, [-1, 'b', 1], [1, 'b', 2]))
    expect(rows.latest(10)).toEqual([
      ['a', '1'],
      ['b', '2'],
    ])
    expect(rows.latest(1)).toEqual([['b', '2']])
    rows.push(changes(COUNTS, [-1, 'a', 1]))
    expect(rows.all()).toEqual([['b', '2']])
  })

  it('shows a row as often as it stands', () => {
    const rows = new LatestRows(COUNTS, true, 100)
    rows.push(changes(COUNTS, [3, 'a', 1], [-1, 'a', 1]))
    expect(rows.all()).toEqual([
      ['a', '1'],
      ['a', '1'],
    ])
  })

  it('puts the newest window on top, and the rows of one window in order of their values', () => {
    const schema = schemaOf(['symbol', TEXT], ['window', WINDOW])
    const rows = new LatestRows(schema, false, 100)
    rows.push(
      batchOf(schema, [
        ['b', [0, 1_000_000]],
        ['a', [0, 1_000_000]],
        ['a', [1_000_000, 2_000_000]],
      ]),
    )
    expect(rows.latest(3)).toEqual([
      ['a', '1970-01-01T00:00:01Z to 00:00:02Z'],
      ['a', '1970-01-01T00:00:00Z to 00:00:01Z'],
      ['b', '1970-01-01T00:00:00Z to 00:00:01Z'],
    ])
  })

  it('hides hidden columns', () => {
    const schema: Schema = {
      fields: [...COUNTS.fields, { name: '$rowtime', type: BIGINT, nullable: true, hidden: true }],
    }
    const rows = new LatestRows(schema, false, 100)
    rows.push(batchOf(schema, [['a', 1, 99]]))
    expect(rows.columns.map((c) => c.title)).toEqual(['symbol', 'count'])
    expect(rows.all()).toEqual([['a', '1']])
  })
})

/** What a terminal of this size shows after the bytes written so far: the few sequences that LiveRegion uses. */
class Screen extends Writable {
  readonly isTTY: boolean
  columns: number
  rows: number
  readonly lines: string[] = ['']
  cursorShown = true
  #row = 0
  #column = 0

  constructor(columns: number, rows: number, isTTY = true) {
    super({ decodeStrings: false })
    this.columns = columns
    this.rows = rows
    this.isTTY = isTTY
  }

  override _write(text: string, _encoding: string, done: () => void): void {
    for (const token of text.match(/\x1b\[\??\d*[A-Za-z]|[^\x1b]/g) ?? []) this.#apply(token)
    done()
  }

  #apply(token: string): void {
    if (token === '\r') this.#column = 0
    else if (token === '\n') {
      this.#row++
      this.#column = 0
      this.lines[this.#row] ??= ''
    } else if (token === '\x1b[2K') this.lines[this.#row] = ''
    else if (token === '\x1b[0J')
      this.lines.splice(this.#row, this.lines.length, this.lines[this.#row]!.slice(0, this.#column))
    else if (token === '\x1b[2J') this.lines.splice(0, this.lines.length, '')
    else if (token === '\x1b[H') this.#row = this.#column = 0
    else if (token === '\x1b[?25l') this.cursorShown = false
    else if (token === '\x1b[?25h') this.cursorShown = true
    else if (/^\x1b\[\d+A$/.test(token)) this.#row -= Number.parseInt(token.slice(2), 10)
    else {
      const line = this.lines[this.#row]!
      this.lines[this.#row] = line.slice(0, this.#column) + token + line.slice(this.#column + 1)
      this.#column++
    }
  }
}

function open(screen: Screen) {
  const stream: TerminalStream = screen
  const region = new LiveRegion(stream, {})
  return new LiveTable(stream, region, plain, [{ title: 'query 1', schema: COUNTS, updating: true }])
}

/** Resolves when the screen has drawn a line that begins so. */
async function shows(screen: Screen, text: string): Promise<void> {
  while (!screen.lines.some((l) => l.startsWith(text))) await new Promise((resolve) => setImmediate(resolve))
}

describe('LiveTable', () => {
  it('redraws in place, hides the cursor and shows it again', async () => {
    const screen = new Screen(40, 10)
    const table = open(screen)
    table.push(0, changes(COUNTS, [1, 'a', 1]))
    await shows(screen, 'a           1')
    expect(screen.cursorShown).toBe(false)
    table.push(0, changes(COUNTS, [-1, 'a', 1], [1, 'a', 2]))
    await shows(screen, 'a           2')
    expect(screen.lines).toEqual(['symbol  count', '──────  ─────', 'a           2', ''])
    table.close('stopped')
    expect(screen.cursorShown).toBe(true)
  })

  it('never draws more lines than the terminal has rows, the footer included', async () => {
    const screen = new Screen(40, 8)
    const table = open(screen)
    table.status('12 rows/s')
    table.push(
      0,
      batchOf(
        COUNTS,
        Array.from({ length: 50 }, (_, i) => [`s${i}`, i]),
      ),
    )
    await shows(screen, 's49')
    expect(screen.lines).toEqual([
      'symbol  count',
      '──────  ─────',
      's47        47',
      's48        48',
      's49        49',
      '',
      '12 rows/s',
      '',
    ])
    table.close('stopped')
  })

  it('starts on a clean screen after a resize', async () => {
    const screen = new Screen(40, 10)
    const table = open(screen)
    table.push(0, changes(COUNTS, [1, 'a', 1]))
    await shows(screen, 'a           1')
    screen.columns = 10
    screen.emit('resize')
    table.push(0, changes(COUNTS, [1, 'b', 7]))
    await shows(screen, 'b')
    expect(screen.lines.every((l) => l.length <= 10)).toBe(true)
    table.close('stopped')
  })

  it('lets other output through above itself', async () => {
    const screen = new Screen(40, 10)
    const table = open(screen)
    table.push(0, changes(COUNTS, [1, 'a', 1]))
    await shows(screen, 'a           1')
    table.above(() => screen.write('notice\n'))
    await shows(screen, 'a           1')
    expect(screen.lines.slice(0, 2)).toEqual(['notice', 'symbol  count'])
    table.close('stopped')
  })

  it('prints the whole result at the end, once, where nothing can be redrawn', () => {
    const screen = new Screen(40, 10, false)
    const table = open(screen)
    table.push(0, changes(COUNTS, [1, 'a', 1], [1, 'b', 2]))
    table.push(0, changes(COUNTS, [-1, 'a', 1]))
    table.close('whole')
    expect(screen.lines).toEqual(['symbol  count', '──────  ─────', 'b           2', '(1 row)', ''])
  })

  it('prints nothing of a result that failed', () => {
    const screen = new Screen(40, 10, false)
    const table = open(screen)
    table.push(0, changes(COUNTS, [1, 'a', 1]))
    table.close('failed')
    expect(screen.lines).toEqual([''])
  })
})
