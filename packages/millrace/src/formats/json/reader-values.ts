import type { DataType, TimestampUnit } from '../../kernel/index.ts'
import type { DecodeColumn } from '../format.ts'

/**
 * Source for one value of the generated reader. On entry `i` is at the value and `c` its first byte; on exit `i` is
 * behind it and `c` the byte there. What the source does not cover goes to `general`, the interpreter's rule.
 */

/** Declares what the sources use besides `buf`, `i`, `end`, `row` and `c`. */
export const LOCALS = 'from = 0, x = 0, y = 0, n = 0, m = 0, h = 0'

/** Checks and passes over a value that no column wants. */
export function skipSource(depth: number): string {
  return `if (c === 34) {
            while (plain[buf[++i]] === 1);
            if (buf[i] === 34) c = buf[++i]
            else { i = stringRest(buf, i, end); if (i < 0) return -1; c = buf[i] }
          } else if (c >= 49 && c <= 57) {
            do c = buf[++i]; while (c >= 48 && c <= 57)
            if (c !== 44 && c !== 125) { i = numberRest(buf, i, end); if (i < 0) return -1; c = buf[i] }
          } else if (${literalSource('true')}) c = buf[i += 4]
          else if (${literalSource('false')}) c = buf[i += 5]
          else {
            ${skipCallSource(depth)}
          }`
}

/** The same in little code. */
export function skipCallSource(depth: number): string {
  return `i = skipValue(buf, i, end, ${depth})
            if (i < 0) return -1
            c = buf[i]`
}

export function valueSource(index: number, column: DecodeColumn, unit: TimestampUnit, depth: number): string {
  const general = `{ i = general(${index}, buf, from, end, ${depth}, row); if (i < 0) return -1; c = buf[i] }`
  const fast = fastSource(index, column.type, unit, general)
  if (fast === undefined) return `from = i\n          ${general}`
  const ifNull = column.nullable
    ? `if (${literalSource('null')}) { s${index}.setNull(row); c = buf[i += 4] } else `
    : ''
  return `from = i
          ${ifNull}${fast}`
}

/** One statement. Undefined: no fast path for the type. */
function fastSource(index: number, type: DataType, unit: TimestampUnit, general: string): string | undefined {
  switch (type.kind) {
    case 'TEXT':
      return textSource(index, general)
    case 'BOOLEAN':
      return `if (${literalSource('true')}) { v${index}[row] = 1; c = buf[i += 4] }
          else if (${literalSource('false')}) { v${index}[row] = 0; c = buf[i += 5] }
          else ${general}`
    case 'DOUBLE':
      return numberSource(index, `v${index}[row] = n === 0 ? m : m / powers[n]`, general, 'true', '-m')
    case 'DECIMAL':
      return decimalSource(index, type, general)
    case 'INTEGER': {
      // Beyond 15 digits the value is no exact double anyhow.
      const limit = type.bits === 64 ? 1e15 : 2 ** (type.bits - (type.unsigned ? 0 : 1))
      return numberSource(
        index,
        `v${index}[row] = m`,
        general,
        `n === 0 && m >= ${type.unsigned ? 0 : -limit} && m < ${limit}`,
      )
    }
    case 'TIMESTAMP':
      return timestampSource(index, unit, general)
    default:
      return undefined
  }
}

function textSource(index: number, general: string): string {
  return `if (c === 34) {
            h = 0
            c = buf[++i]
            while (plain[c] === 1) { h = (Math.imul(h, 31) + c) | 0; c = buf[++i] }
            if (c === 34) { v${index}[row] = intern(buf, from + 1, i, h); c = buf[++i] }
            else ${general}
          } else ${general}`
}

/**
 * A number, bare or as a string, without exponent: m its digits as an integer, n how many stand behind the point. More
 * than 15 digits, which m may not hold, go to `long`.
 */
function numberSource(
  index: number,
  store: string,
  general: string,
  condition = 'true',
  negated = 'm === 0 ? 0 : -m',
): string {
  return `{
            y = c === 34 ? 1 : 0
            if (y === 1) c = buf[++i]
            h = c === 45 ? 1 : 0
            if (h === 1) c = buf[++i]
            x = i
            m = 0
            n = 0
            if (c === 48) c = buf[++i]
            else while (c >= 48 && c <= 57) { m = m * 10 + (c - 48); c = buf[++i] }
            if (i > x && c === 46) {
              n = i
              c = buf[++i]
              while (c >= 48 && c <= 57) { m = m * 10 + (c - 48); c = buf[++i] }
              n = i - n - 1
              x++
              if (n === 0) x = i
            }
            if (h === 1) m = ${negated}
            if (i > x && (y === 1 ? c === 34 : c === 44 || c === 125 || c === 32) &&
              (i - x > 15 ? long${index}(buf, from + y, i, n, row) : ${condition})) {
              if (i - x <= 15) { ${store} }
              if (y === 1) c = buf[++i]
            } else ${general}
          }`
}

function decimalSource(index: number, type: Extract<DataType, { kind: 'DECIMAL' }>, general: string): string {
  if (type.precision === undefined) {
    return numberSource(
      index,
      `if (n === s${index}.scale) v${index}[row] = m; else s${index}.setScaled(row, m, n)`,
      general,
    )
  }
  const scale = type.scale ?? 0
  if (scale > type.precision) return `{ ${general} }`
  const limit = `1e${Math.min(type.precision - scale, 15)}`
  const inRange = `n <= ${scale} && m < ${limit} * powers[n] && m > -${limit} * powers[n]`
  return numberSource(
    index,
    `if (n === ${scale}) v${index}[row] = m; else s${index}.setScaled(row, m, n)`,
    general,
    inRange,
  )
}

function timestampSource(index: number, unit: TimestampUnit, general: string): string {
  const number = numberSource(
    index,
    `v${index}[row] = h`,
    general,
    `n === 0 && (h = ${microsSource(unit)}) <= 9007199254740991 && h >= -9007199254740991`,
  )
  return `if (c === 34 && !((x = rfc3339(buf, i + 1)) !== x)) { v${index}[row] = x; i = rfc3339End[0]; c = buf[i] }
          else ${number}`
}

/** Microseconds of m, which counts `unit`s. */
function microsSource(unit: TimestampUnit): string {
  switch (unit) {
    case 'seconds':
      return 'm * 1000000'
    case 'millis':
      return 'm * 1000'
    case 'micros':
      return 'm'
    case 'nanos':
      return '(m - m % 1000) / 1000'
    case 'auto':
      return '(m < 1e11 && m > -1e11 ? m * 1000000 : m < 1e14 && m > -1e14 ? m * 1000 : m)'
  }
}

/** The word stands at `i`, whose byte is `c`. */
function literalSource(word: string): string {
  return [...Buffer.from(word)].map((byte, j) => (j === 0 ? `c === ${byte}` : `buf[i + ${j}] === ${byte}`)).join(' && ')
}
