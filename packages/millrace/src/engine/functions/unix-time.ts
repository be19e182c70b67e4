import {
  BIGINT,
  type Int,
  MICROS_PER_SECOND,
  multiplyInt,
  normalizeInt,
  parseInt64,
  parseTimestamp,
  TEXT,
  TIMESTAMP,
  type TimestampUnit,
  timestampFromInteger,
} from '../../kernel/index.ts'
import { example, type Implementation, rowError, scalar, type ScalarFunction, shown } from './definition.ts'
import { rangeCheck } from './integer-range.ts'
import { overloads, signature } from './signature.ts'

const timestampRange = rangeCheck(TIMESTAMP)
const bigintRange = rangeCheck(BIGINT)

/** Throws a row error. */
export function textTimestamp(text: string): Int {
  const value = parseTimestamp(text)
  if (value === undefined) throw rowError(`${shown(text)} is not a TIMESTAMP`)
  return timestampRange(value)
}

/** `to_timestamp_millis(x)`: an integer in a unit, a text or a timestamp. */
function fromUnit(name: string, unit: Exclude<TimestampUnit, 'auto'>, what: string, sample: string): ScalarFunction {
  return scalar(name, {
    doc: `The TIMESTAMP so many ${what} after 1970-01-01 UTC; also of such a number or a timestamp as text.`,
    examples: [example(`${name}(${sample})`, '2024-08-08T23:54:00Z')],
    resolve: overloads(
      { args: [BIGINT], returns: TIMESTAMP },
      { args: [TIMESTAMP], returns: TIMESTAMP },
      { args: [TEXT], returns: TIMESTAMP },
    ),
    implement: ([type]): Implementation => {
      if (type!.kind === 'TIMESTAMP') return ([a]) => a!
      const ofInteger = (value: Int) => timestampRange(timestampFromInteger(value, unit))
      if (type!.kind === 'INTEGER') return ([a]) => ofInteger(a as Int)
      return ([a]) => {
        const digits = parseInt64(a as string)
        return digits === undefined ? textTimestamp(a as string) : ofInteger(digits)
      }
    },
    inline: ([a], [type]) => (type!.kind === 'INTEGER' ? inlineUnit(a!, unit) : undefined),
  })
}

/** Generated code for an integer in a unit as a TIMESTAMP. */
export function inlineUnit(a: string, unit: Exclude<TimestampUnit, 'auto'>): string | undefined {
  return unit === 'seconds' ? `${a} * 1000000` : unit === 'millis' ? `${a} * 1000` : unit === 'micros' ? a : undefined
}

/**
 * `to_unix_millis(ts)`: whole units of `divisor` microseconds since the epoch, rounded down; without one, nanoseconds.
 */
function toUnit(
  name: string,
  aliases: readonly string[],
  what: string,
  divisor: number | undefined,
  result: string,
): ScalarFunction {
  const convert =
    divisor === undefined ? (micros: Int) => multiplyInt(micros, 1000) : (micros: Int) => floorDivide(micros, divisor)
  return scalar(name, {
    aliases,
    doc: `Whole ${what} from 1970-01-01 UTC to a TIMESTAMP.`,
    examples: [example(`${name}(TIMESTAMP '2024-08-08 23:54:00')`, result)],
    resolve: signature([TIMESTAMP], BIGINT),
    implement:
      () =>
      ([a]) =>
        bigintRange(convert(a as Int)),
    inline: ([a]) => (divisor === undefined ? undefined : `Math.floor(${a} / ${divisor})`),
  })
}

/** Rounded toward -infinity. */
function floorDivide(a: Int, b: number): Int {
  if (typeof a === 'number') return Math.floor(a / b)
  const divisor = BigInt(b)
  const quotient = a / divisor
  return normalizeInt(a % divisor < 0n ? quotient - 1n : quotient)
}

/** From and to numbers since 1970-01-01 UTC. */
export const UNIX_TIME: readonly ScalarFunction[] = [
  fromUnit('to_timestamp_seconds', 'seconds', 'seconds', '1723161240'),
  fromUnit('to_timestamp_millis', 'millis', 'milliseconds', '1723161240000'),
  fromUnit('to_timestamp_micros', 'micros', 'microseconds', '1723161240000000'),
  fromUnit('to_timestamp_nanos', 'nanos', 'nanoseconds (cut to microseconds)', '1723161240000000000'),
  fromUnit('from_unixtime', 'seconds', 'seconds', '1723161240'),
  toUnit('to_unix_seconds', ['to_unixtime'], 'seconds', MICROS_PER_SECOND, '1723161240'),
  toUnit('to_unix_millis', ['epoch_ms', 'unix_millis'], 'milliseconds', 1000, '1723161240000'),
  toUnit('to_unix_micros', ['epoch_us'], 'microseconds', 1, '1723161240000000'),
  toUnit('to_unix_nanos', ['epoch_ns'], 'nanoseconds', undefined, '1723161240000000000'),
]
