import { BOOLEAN, type DataType } from '../kernel/index.ts'

/**
 * A bound expression: plain data, every node typed, every coercion explicit (a `cast`). Columns are indexes into the input schema.
 * Functions and operators are both `call`s, by the registry's canonical name; arguments have exactly the types the signature asks for.
 */
export type Expr =
  | Literal
  | ColumnRef
  | CallExpr
  | CastExpr
  | LogicExpr
  | NotExpr
  | IsNullExpr
  | CaseExpr
  | CoalesceExpr
  | InExpr
  | FieldExpr
  | StructExpr
  | ArrayExpr

/** `text` is the value's canonical text (literal.ts); null is NULL. */
export interface Literal {
  readonly kind: 'literal'
  readonly type: DataType
  readonly text: string | null
}
export interface ColumnRef {
  readonly kind: 'column'
  readonly type: DataType
  readonly index: number
}
export interface CallExpr {
  readonly kind: 'call'
  readonly type: DataType
  readonly name: string
  readonly args: readonly Expr[]
}
/** `safe` casts (TRY_CAST) give NULL where others give a row error. */
export interface CastExpr {
  readonly kind: 'cast'
  readonly type: DataType
  readonly input: Expr
  readonly safe: boolean
}
/** Three-valued AND / OR over two or more BOOLEAN arguments. */
export interface LogicExpr {
  readonly kind: 'and' | 'or'
  readonly type: DataType
  readonly args: readonly Expr[]
}
export interface NotExpr {
  readonly kind: 'not'
  readonly type: DataType
  readonly input: Expr
}
export interface IsNullExpr {
  readonly kind: 'is_null'
  readonly type: DataType
  readonly input: Expr
  readonly negated: boolean
}
/** Searched CASE: the first branch whose condition is true; only that branch is evaluated. */
export interface CaseExpr {
  readonly kind: 'case'
  readonly type: DataType
  readonly branches: readonly { readonly when: Expr; readonly then: Expr }[]
  readonly otherwise: Expr | null
}
/** The first argument that is not NULL; later ones are not evaluated. */
export interface CoalesceExpr {
  readonly kind: 'coalesce'
  readonly type: DataType
  readonly args: readonly Expr[]
}
/** `input [NOT] IN (list)`, with SQL's NULL rules; all of one type. */
export interface InExpr {
  readonly kind: 'in'
  readonly type: DataType
  readonly input: Expr
  readonly list: readonly Expr[]
  readonly negated: boolean
}
/** Field `index` of a STRUCT. */
export interface FieldExpr {
  readonly kind: 'field'
  readonly type: DataType
  readonly input: Expr
  readonly index: number
}
export interface StructExpr {
  readonly kind: 'struct'
  readonly type: DataType
  readonly fields: readonly Expr[]
}
export interface ArrayExpr {
  readonly kind: 'array'
  readonly type: DataType
  readonly elements: readonly Expr[]
}

export function columnRef(index: number, type: DataType): ColumnRef {
  return { kind: 'column', type, index }
}

export function call(name: string, type: DataType, ...args: readonly Expr[]): CallExpr {
  return { kind: 'call', type, name, args }
}

export function and(args: readonly Expr[]): Expr {
  return args.length === 1 ? args[0]! : { kind: 'and', type: BOOLEAN, args }
}

/** Direct sub-expressions, in evaluation order. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'literal':
    case 'column':
      return []
    case 'call':
    case 'and':
    case 'or':
    case 'coalesce':
      return expr.args
    case 'cast':
    case 'not':
    case 'is_null':
    case 'field':
      return [expr.input]
    case 'case':
      return [
        ...expr.branches.flatMap((b) => [b.when, b.then]),
        ...(expr.otherwise === null ? [] : [expr.otherwise]),
      ]
    case 'in':
      return [expr.input, ...expr.list]
    case 'struct':
      return expr.fields
    case 'array':
      return expr.elements
  }
}

/** The expression with every direct sub-expression replaced by `change` of it. */
export function mapChildren(expr: Expr, change: (child: Expr) => Expr): Expr {
  switch (expr.kind) {
    case 'literal':
    case 'column':
      return expr
    case 'call':
    case 'and':
    case 'or':
    case 'coalesce':
      return { ...expr, args: expr.args.map(change) }
    case 'cast':
    case 'not':
    case 'is_null':
    case 'field':
      return { ...expr, input: change(expr.input) }
    case 'case':
      return {
        ...expr,
        branches: expr.branches.map((b) => ({ when: change(b.when), then: change(b.then) })),
        otherwise: expr.otherwise === null ? null : change(expr.otherwise),
      }
    case 'in':
      return { ...expr, input: change(expr.input), list: expr.list.map(change) }
    case 'struct':
      return { ...expr, fields: expr.fields.map(change) }
    case 'array':
      return { ...expr, elements: expr.elements.map(change) }
  }
}

/** Indexes of all columns the expression reads. */
export function columnsOf(expr: Expr, into: Set<number> = new Set()): Set<number> {
  if (expr.kind === 'column') into.add(expr.index)
  for (const child of childrenOf(expr)) columnsOf(child, into)
  return into
}
