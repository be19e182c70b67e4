import type { DecodeColumn } from '../format.ts'

/**
 * Columns by where their values stand: one node per object key that leads to a column, shared prefixes shared.
 * `columns` take the value whole, `children` look into it if it is an object; both may be present (`data` as JSON and
 * `data.p`).
 */
export interface LayoutNode {
  readonly key: string
  readonly columns: number[]
  readonly children: Map<string, LayoutNode>
}

export function layoutOf(columns: readonly DecodeColumn[]): LayoutNode {
  const root: LayoutNode = { key: '', columns: [], children: new Map() }
  columns.forEach((column, i) => {
    let node = root
    for (const key of column.path ?? [column.name]) {
      let child = node.children.get(key)
      if (child === undefined) node.children.set(key, (child = { key, columns: [], children: new Map() }))
      node = child
    }
    node.columns.push(i)
  })
  return root
}

/** Every column at or below the node. */
export function columnsUnder(node: LayoutNode): number[] {
  return [...node.columns, ...[...node.children.values()].flatMap(columnsUnder)]
}
