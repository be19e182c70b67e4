import {
  type DataType,
  type Decimal,
  divideInt,
  formatDate,
  formatDecimal,
  formatInterval,
  formatTime,
  formatTimestamp,
  type Int,
  type Interval,
  multiplyInt,
  normalizeDecimal,
  remainderInt,
  rescaleUp,
  subtractInt,
  unreachable,
  type Value,
} from '../../kernel/index.ts'
import type { JsonOptions } from './options.ts'

/** The JSON text of one value: the rule that the encoder's fast paths follow. */
export function jsonText(type: DataType, value: Value, options: JsonOptions): string {
  if (value === null) return 'null'
  switch (type.kind) {
    case 'NULL':
      return 'null'
    case 'BOOLEAN':
      return value === true ? 'true' : 'false'
    case 'INTEGER':
      return String(value)
    case 'DOUBLE':
      return doubleText(value as number)
    case 'REAL':
      return realText(value as number)
    case 'DECIMAL':
      return decimalText(type, value as Decimal, options)
    case 'TEXT':
      return JSON.stringify(value)
    case 'JSON':
      return oneLine(value as string)
    case 'BYTEA':
      return `"${Buffer.from(value as Uint8Array).toString('base64')}"`
    case 'TIMESTAMP':
      return timestampText(value as Int, options)
    case 'DATE':
      return `"${formatDate(Number(value))}"`
    case 'TIME':
      return `"${formatTime(Number(value))}"`
    case 'INTERVAL':
      return `"${formatInterval(value as Interval)}"`
    case 'ARRAY': {
      const { element } = type
      return `[${(value as readonly Value[]).map((v) => jsonText(element, v, options)).join(',')}]`
    }
    case 'STRUCT': {
      const values = value as readonly Value[]
      const members = type.fields.map(
        (f, i) => `${JSON.stringify(f.name)}:${jsonText(f.type, values[i] ?? null, options)}`,
      )
      return `{${members.join(',')}}`
    }
    default:
      return unreachable(type)
  }
}

/** Raw line breaks in JSON text can only be white space between tokens; rows may be separated by them. */
export function oneLine(json: string): string {
  return json.includes('\n') || json.includes('\r') ? json.replace(/[\r\n]+/g, ' ') : json
}

function doubleText(value: number): string {
  if (!Number.isFinite(value)) return 'null'
  return Object.is(value, -0) ? '-0' : String(value)
}

/** The shortest text that rounds to the same float32; whole numbers as they are. */
function realText(value: number): string {
  if (!Number.isFinite(value) || Number.isSafeInteger(value)) return doubleText(value)
  for (let digits = 6; digits < 9; digits++) {
    const text = value.toPrecision(digits)
    if (Math.fround(Number(text)) === value) return String(Number(text))
  }
  return String(Number(value.toPrecision(9)))
}

function decimalText(type: Extract<DataType, { kind: 'DECIMAL' }>, value: Decimal, options: JsonOptions): string {
  const places = type.precision === undefined ? undefined : Math.max(type.scale ?? 0, value.scale)
  const shown =
    places === undefined
      ? normalizeDecimal(value)
      : { unscaled: rescaleUp(value.unscaled, value.scale, places), scale: places }
  switch (options['json.decimal_encoding']) {
    case 'number':
      return formatDecimal(shown)
    case 'string':
      return `"${formatDecimal(shown)}"`
    case 'bytes':
      return `"${twosComplement(BigInt(shown.unscaled)).toString('base64')}"`
  }
}

/**
 * The fewest bytes that hold the number, big-endian (java.math.BigInteger.toByteArray, which Debezium's decimals use).
 */
function twosComplement(value: bigint): Buffer {
  let length = 1
  while (BigInt.asIntN(length * 8, value) !== value) length++
  return Buffer.from(
    BigInt.asUintN(length * 8, value)
      .toString(16)
      .padStart(length * 2, '0'),
    'hex',
  )
}

function timestampText(micros: Int, options: JsonOptions): string {
  switch (options['json.timestamp_format'] ?? 'rfc3339') {
    case 'rfc3339':
      return `"${formatTimestamp(micros)}"`
    case 'seconds':
      return String(floorDivide(micros, 1_000_000))
    case 'millis':
      return String(floorDivide(micros, 1000))
    case 'micros':
      return String(micros)
    case 'nanos':
      return String(multiplyInt(micros, 1000))
  }
}

function floorDivide(value: Int, divisor: number): Int {
  const remainder = remainderInt(value, divisor)
  const whole = divideInt(subtractInt(value, remainder), divisor)
  return remainder < 0 ? subtractInt(whole, 1) : whole
}
