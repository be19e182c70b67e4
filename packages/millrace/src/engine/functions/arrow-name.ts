import { type DataType, unreachable } from '../../kernel/index.ts'

/** The Arrow type that holds the values of a type, by the name DataFusion prints. */
export function arrowName(type: DataType): string {
  switch (type.kind) {
    case 'NULL':
      return 'Null'
    case 'BOOLEAN':
      return 'Boolean'
    case 'INTEGER':
      return `${type.unsigned ? 'UInt' : 'Int'}${type.bits}`
    case 'REAL':
      return 'Float32'
    case 'DOUBLE':
      return 'Float64'
    case 'DECIMAL':
      return `Decimal128(${type.precision ?? 38}, ${type.scale ?? 10})`
    case 'TEXT':
    case 'JSON':
      return 'Utf8'
    case 'BYTEA':
      return 'Binary'
    case 'TIMESTAMP':
      return 'Timestamp(Microsecond, None)'
    case 'DATE':
      return 'Date32'
    case 'TIME':
      return 'Time64(Microsecond)'
    case 'INTERVAL':
      return 'Interval(MonthDayNano)'
    case 'ARRAY':
      return `List(${arrowName(type.element)})`
    case 'STRUCT':
      return `Struct(${type.fields.map((f) => `"${f.name}": ${arrowName(f.type)}`).join(', ')})`
    default:
      return unreachable(type)
  }
}
