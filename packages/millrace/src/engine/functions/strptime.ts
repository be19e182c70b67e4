import type { NumberField, PatternPiece } from './date-pattern.ts'
import { STRFTIME } from './time-format.ts'

const number = (field: NumberField, most: number, least = 1): PatternPiece => ({ kind: 'number', field, least, most })
const text = (plain: string): PatternPiece => ({ kind: 'text', text: plain })

const YEAR = number('year', 6, 4)
const MONTH = number('month', 2)
const DAY = number('day', 2)
const HOUR = number('hour', 2)
const MINUTE = number('minute', 2)
const SECOND = number('second', 2)

/** What the conversions of strftime read, after the `%`. */
const CONVERSIONS: ReadonlyMap<string, readonly PatternPiece[]> = new Map<string, readonly PatternPiece[]>([
  ['Y', [number('year', 4, 4)]],
  ['y', [number('year_of_century', 2, 2)]],
  ['m', [MONTH]],
  ['B', [{ kind: 'month_name' }]],
  ['b', [{ kind: 'month_name' }]],
  ['h', [{ kind: 'month_name' }]],
  ['d', [DAY]],
  ['e', [{ kind: 'space' }, DAY]],
  ['j', [number('day_of_year', 3)]],
  ['A', [{ kind: 'day_name' }]],
  ['a', [{ kind: 'day_name' }]],
  ['H', [HOUR]],
  ['I', [number('half_hour', 2)]],
  ['k', [{ kind: 'space' }, HOUR]],
  ['l', [{ kind: 'space' }, number('half_hour', 2)]],
  ['M', [MINUTE]],
  ['S', [SECOND]],
  ['f', [{ kind: 'fraction', least: 1, most: 9 }]],
  ['.f', [{ kind: 'fraction', least: 1, most: 0 }]],
  ['3f', [{ kind: 'fraction', least: 3, most: 3 }]],
  ['.3f', [text('.'), { kind: 'fraction', least: 3, most: 3 }]],
  ['6f', [{ kind: 'fraction', least: 6, most: 6 }]],
  ['.6f', [text('.'), { kind: 'fraction', least: 6, most: 6 }]],
  ['p', [{ kind: 'half' }]],
  ['P', [{ kind: 'half' }]],
  ['s', [number('epoch', 15)]],
  ['z', [{ kind: 'offset' }]],
  [':z', [{ kind: 'offset' }]],
  ['Z', [{ kind: 'zone' }]],
  ['F', [YEAR, text('-'), MONTH, text('-'), DAY]],
  ['T', [HOUR, text(':'), MINUTE, text(':'), SECOND]],
  ['D', [MONTH, text('/'), DAY, text('/'), number('year_of_century', 2, 2)]],
  ['R', [HOUR, text(':'), MINUTE]],
  ['n', [{ kind: 'space' }]],
  ['t', [{ kind: 'space' }]],
  ['%', [text('%')]],
])

/** The pieces that a strftime format reads; a string says what is wrong with it. */
export function strptime(format: string): readonly PatternPiece[] | string {
  const pieces: PatternPiece[] = []
  for (const [whole, name] of format.matchAll(STRFTIME)) {
    if (name === undefined) {
      if (whole === '%') return 'the date format ends in the middle of a conversion'
      pieces.push(text(whole))
      continue
    }
    const found = CONVERSIONS.get(name.replace(/^-/, ''))
    if (found === undefined) return `the date format has a conversion "%${name}" that reads nothing`
    pieces.push(...found)
  }
  return pieces
}
