import { type DataType, TEXT, typeName } from '../../kernel/index.ts'

/** The type as SQL of the standard dialect, which binds to the same type. A column of nothing but NULL is TEXT. */
export function typeSql(type: DataType): string {
  return typeName(declarable(type))
}

function declarable(type: DataType): DataType {
  switch (type.kind) {
    case 'NULL':
      return TEXT
    case 'ARRAY':
      return { ...type, element: declarable(type.element) }
    case 'STRUCT':
      return { ...type, fields: type.fields.map((field) => ({ ...field, type: declarable(field.type) })) }
    default:
      return type
  }
}
