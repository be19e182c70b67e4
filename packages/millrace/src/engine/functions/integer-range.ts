import { type DataType, type Int, integerRange, typeName } from '../../kernel/index.ts'
import { rowError } from './definition.ts'

const INT64_MIN = -(1n << 63n)
const INT64_MAX = (1n << 63n) - 1n

/**
 * A check that an exact result fits its type (INTEGER of any width, DATE, TIME, TIMESTAMP); it returns the value or
 * throws.
 */
export function rangeCheck(type: DataType): (value: Int) => Int {
  const name = typeName(type)
  const [min, max] = bounds(type)
  return (value) => {
    if (value < min || value > max) throw rowError(`${value} is out of range for ${name}`)
    return value
  }
}

function bounds(type: DataType): readonly [Int, Int] {
  switch (type.kind) {
    case 'INTEGER': {
      const { min, max } = integerRange(type)
      return type.bits === 64 ? [min, max] : [Number(min), Number(max)]
    }
    case 'DATE':
      // The years PostgreSQL takes, give or take: what a TIMESTAMP of 64 bits can hold.
      return [-106_751_991, 106_751_991]
    case 'TIME':
      return [0, 86_399_999_999]
    default:
      return [INT64_MIN, INT64_MAX]
  }
}
