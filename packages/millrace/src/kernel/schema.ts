import type { DataType } from './types.ts'

export interface SchemaField {
  readonly name: string
  readonly type: DataType
  readonly nullable: boolean
  /** Carried by operators, never shown to users, never matched by `*`. */
  readonly hidden?: boolean
}

export interface Schema {
  readonly fields: readonly SchemaField[]
}

/** Event time of the row, TIMESTAMP, nullable. */
export const ROWTIME = '$rowtime'
/** The watermark as it stood before the row (design: time), TIMESTAMP, nullable: null while there is none. */
export const WATERMARK = '$watermark'

export function schemaOf(...fields: readonly (readonly [name: string, type: DataType, nullable?: boolean])[]): Schema {
  return { fields: fields.map(([name, type, nullable]) => ({ name, type, nullable: nullable ?? true })) }
}

export function fieldIndex(schema: Schema, name: string): number {
  return schema.fields.findIndex((f) => f.name === name)
}

export function visibleFields(schema: Schema): readonly SchemaField[] {
  return schema.fields.filter((f) => f.hidden !== true)
}
