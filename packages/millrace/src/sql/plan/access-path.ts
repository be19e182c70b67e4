import type { DataType } from '../../kernel/index.ts'
import { call, type Expr, literal } from '../../plan/index.ts'

/** One step into a STRUCT (the index of the field) or into JSON (null). */
export interface Step {
  readonly name: string
  readonly field: number | null
}

/** A column, or a value inside it that a chain of field accesses leads to. */
export interface AccessPath {
  readonly column: number
  readonly steps: readonly Step[]
}

const JSON_GET = 'json_get'

/** The path an expression is; undefined if it is anything else. */
export function accessPath(expr: Expr): AccessPath | undefined {
  const steps: Step[] = []
  let node = expr
  for (;;) {
    if (node.kind === 'column') return { column: node.index, steps: steps.reverse() }
    if (node.kind === 'field' && node.input.type.kind === 'STRUCT') {
      steps.push({ name: node.input.type.fields[node.index]!.name, field: node.index })
      node = node.input
    } else if (
      node.kind === 'call' &&
      node.name === JSON_GET &&
      node.args.length === 2 &&
      node.args[0]!.type.kind === 'JSON'
    ) {
      const key = node.args[1]
      if (key?.kind !== 'literal' || key.type.kind !== 'TEXT' || key.text === null) return undefined
      steps.push({ name: key.text, field: null })
      node = node.args[0]!
    } else {
      return undefined
    }
  }
}

/** The steps taken from `expr` on. */
export function follow(expr: Expr, steps: readonly Step[]): Expr {
  let at = expr
  for (const { name, field } of steps) {
    const type = stepType(at.type, field)
    at =
      field === null
        ? call(JSON_GET, type, at, literal({ kind: 'TEXT' }, name))
        : { kind: 'field', type, input: at, index: field }
  }
  return at
}

export function typeAlong(type: DataType, steps: readonly Step[]): DataType {
  return steps.reduce((t, step) => stepType(t, step.field), type)
}

function stepType(type: DataType, field: number | null): DataType {
  return field !== null && type.kind === 'STRUCT' ? type.fields[field]!.type : { kind: 'JSON' }
}

export function pathKey({ column, steps }: AccessPath): string {
  return [column, ...steps.map((s) => s.name)].join('\u0000')
}

/** Paths that somebody needs, without those that lie inside another one. */
export class PathSet {
  readonly #paths = new Map<string, AccessPath>()

  add(path: AccessPath): void {
    const key = pathKey(path)
    if (!this.#paths.has(key)) this.#paths.set(key, path)
  }

  addColumn(column: number): void {
    this.add({ column, steps: [] })
  }

  /** Every path the expression reads; a path is not looked into. */
  addExpr(expr: Expr, children: (expr: Expr) => readonly Expr[]): void {
    const path = accessPath(expr)
    if (path !== undefined) this.add(path)
    else for (const child of children(expr)) this.addExpr(child, children)
  }

  /** Columns in order; paths into one column in the order in which they were asked for. */
  toList(): AccessPath[] {
    const paths = [...this.#paths.values()].filter(({ column, steps }) => {
      for (let length = 0; length < steps.length; length++) {
        if (this.#paths.has(pathKey({ column, steps: steps.slice(0, length) }))) return false
      }
      return true
    })
    return paths.sort((a, b) => a.column - b.column)
  }
}
