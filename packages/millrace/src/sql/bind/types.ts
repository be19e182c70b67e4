import {
  arrayOf,
  BIGINT,
  BOOLEAN,
  BYTEA,
  DATE,
  type DataType,
  DECIMAL,
  didYouMean,
  DOUBLE,
  type Field,
  INT,
  INTERVAL,
  JSON_TYPE,
  REAL,
  SMALLINT,
  structOf,
  TEXT,
  TIME,
  TIMESTAMP,
  TINYINT,
} from '../../kernel/index.ts'
import type { ScalarTypeName, StructTypeName, TypeName } from '../ast/index.ts'
import type { Report } from './report.ts'

/** Every spelling of a type without parameters of its own. */
const TYPES: ReadonlyMap<string, DataType> = new Map<string, DataType>([
  ['BOOLEAN', BOOLEAN],
  ['BOOL', BOOLEAN],
  ['TINYINT', TINYINT],
  ['INT1', TINYINT],
  ['SMALLINT', SMALLINT],
  ['INT2', SMALLINT],
  ['INT', INT],
  ['INTEGER', INT],
  ['INT4', INT],
  ['BIGINT', BIGINT],
  ['INT8', BIGINT],
  ['LONG', BIGINT],
  ['REAL', REAL],
  ['FLOAT', REAL],
  ['FLOAT4', REAL],
  ['DOUBLE', DOUBLE],
  ['DOUBLE PRECISION', DOUBLE],
  ['FLOAT8', DOUBLE],
  ['DECIMAL', DECIMAL],
  ['NUMERIC', DECIMAL],
  ['DEC', DECIMAL],
  ['TEXT', TEXT],
  ['VARCHAR', TEXT],
  ['CHAR', TEXT],
  ['STRING', TEXT],
  ['CHARACTER', TEXT],
  ['CHARACTER VARYING', TEXT],
  ['BYTEA', BYTEA],
  ['BYTES', BYTEA],
  ['BINARY', BYTEA],
  ['VARBINARY', BYTEA],
  ['BLOB', BYTEA],
  ['TIMESTAMP', TIMESTAMP],
  ['DATETIME', TIMESTAMP],
  ['DATE', DATE],
  ['TIME', TIME],
  ['INTERVAL', INTERVAL],
  ['JSON', JSON_TYPE],
  ['JSONB', JSON_TYPE],
])

const MAX_PRECISION = 1000

/** Types that exist elsewhere, and what to write instead. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['UUID', 'Declare it as TEXT.'],
  ['TIMESTAMPTZ', 'Declare it as TIMESTAMP: instants are kept in UTC, offsets in the input are applied.'],
  ['TIMETZ', 'Declare it as TIME.'],
  ['MONEY', 'Declare it as DECIMAL.'],
  ['MAP', "Declare it as JSON and read entries with `column -> 'key'`."],
])

/** The type a name denotes; undefined when it denotes none, which is then reported. */
export function bindType(name: TypeName, report: Report): DataType | undefined {
  switch (name.kind) {
    case 'scalar-type':
      return bindScalarType(name, report)
    case 'array-type': {
      const element = bindType(name.element, report)
      return element === undefined ? undefined : arrayOf(element)
    }
    case 'struct-type':
      return bindStructType(name, report)
    case 'map-type':
      return report.error('SQL_UNSUPPORTED', 'type MAP is not supported', name.span, { hint: REFUSED.get('MAP') })
  }
}

function bindScalarType(name: ScalarTypeName, report: Report): DataType | undefined {
  const refused = name.modifier === 'WITH TIME ZONE' ? REFUSED.get('TIMESTAMPTZ') : REFUSED.get(name.name)
  if (refused !== undefined) {
    const shown = name.modifier === 'WITH TIME ZONE' ? `${name.name} WITH TIME ZONE` : name.name
    return report.error('SQL_UNSUPPORTED', `type ${shown} is not supported`, name.span, { hint: refused })
  }
  const type = TYPES.get(name.name)
  if (type === undefined) {
    return report.error('SQL_UNKNOWN_TYPE', `there is no type "${name.name}"`, name.span, {
      hint: didYouMean(name.name, TYPES.keys()),
    })
  }
  if (name.modifier === 'UNSIGNED') {
    if (type.kind === 'INTEGER') return parameterless({ ...type, unsigned: true }, name, report)
    return report.error('SQL_TYPE', `type ${name.name} has no UNSIGNED form`, name.span, {
      hint: 'Only integers may be UNSIGNED.',
    })
  }
  switch (type.kind) {
    case 'DECIMAL':
      return bindDecimal(name, report)
    case 'TIMESTAMP':
    case 'TIME':
      return bindTimePrecision(type, name, report)
    case 'TEXT':
      if (name.parameters.length > 0)
        report.warn(`the length of ${name.name}(${name.parameters[0]}) is not enforced`, name.span)
      return type
    case 'REAL':
      if (name.name === 'FLOAT' && name.parameters.length === 1) return name.parameters[0]! > 24 ? DOUBLE : REAL
      return parameterless(type, name, report)
    case 'BYTEA':
      return type
    default:
      return parameterless(type, name, report)
  }
}

function parameterless(type: DataType, name: ScalarTypeName, report: Report): DataType | undefined {
  if (name.parameters.length === 0) return type
  return report.error('SQL_TYPE', `type ${name.name} takes no parameters`, name.span)
}

function bindDecimal(name: ScalarTypeName, report: Report): DataType | undefined {
  const [precision, scale = 0] = name.parameters
  if (precision === undefined) return DECIMAL
  if (name.parameters.length > 2 || precision < 1 || precision > MAX_PRECISION || scale < 0 || scale > precision) {
    return report.error('SQL_TYPE', `${name.name}(${name.parameters.join(', ')}) is no type`, name.span, {
      hint: `Write ${name.name}(p, s) with 1 <= p <= ${MAX_PRECISION} and 0 <= s <= p, or ${name.name} alone for any number of digits.`,
    })
  }
  return { kind: 'DECIMAL', precision, scale }
}

function bindTimePrecision(type: DataType, name: ScalarTypeName, report: Report): DataType | undefined {
  const [precision] = name.parameters
  if (precision === undefined || (name.parameters.length === 1 && precision >= 0 && precision <= 6)) return type
  if (precision === 9) {
    return report.error('SQL_UNSUPPORTED', `type ${name.name}(9) is not supported`, name.span, {
      detail: 'Times are kept in microseconds.',
      hint: 'Declare the column as BIGINT and convert it with to_timestamp_nanos(column).',
    })
  }
  return report.error('SQL_TYPE', `${name.name}(${name.parameters.join(', ')}) is no type`, name.span, {
    hint: `Write ${name.name}(0), ${name.name}(3), ${name.name}(6) or ${name.name} alone.`,
  })
}

function bindStructType(name: StructTypeName, report: Report): DataType | undefined {
  const fields: Field[] = []
  const taken = new Set<string>()
  let failed = false
  for (const field of name.fields) {
    if (taken.has(field.name.name)) {
      report.error('SQL_DUPLICATE', `field "${field.name.name}" appears twice in the STRUCT`, field.name.span)
      failed = true
    }
    taken.add(field.name.name)
    const type = bindType(field.type, report)
    if (type === undefined) failed = true
    else fields.push({ name: field.name.name, type, nullable: !field.notNull })
  }
  return failed ? undefined : structOf(fields)
}
