import {
  arrayOf,
  BOOLEAN,
  type DataType,
  type Field,
  NULL_TYPE,
  type Span,
  structOf,
  TEXT,
  typeName,
  unreachable,
} from '../../kernel/index.ts'
import { and, type Expr, type FunctionCatalog, literal } from '../../plan/index.ts'
import type * as ast from '../ast/index.ts'
import type { Dialect } from '../dialect.ts'
import { bindCall, callFunction } from './calls.ts'
import { canCast, castTo } from './cast.ts'
import { compare, distinctFrom, unify } from './comparisons.ts'
import { bindLiteral, literalExample } from './literals.ts'
import { bindBinary, bindUnary, not } from './operators.ts'
import { bindFieldAccess, bindPath } from './paths.ts'
import type { Report } from './report.ts'
import type { Scope } from './scope.ts'
import { bindType } from './types.ts'

export interface BindEnvironment {
  readonly functions: FunctionCatalog
  readonly dialect: Dialect
  readonly report: Report
}

/** What a name came to: how many parts of the path it took, and its value; undefined: a failure reported elsewhere. */
export interface NamedValue {
  readonly expr: Expr | undefined
  readonly parts: number
}

/** How a place in a query differs from a plain expression over the rows of its FROM. */
export interface BindContext {
  /** For messages: `WHERE`, `GROUP BY`. */
  readonly clause: string
  /** Names that go before, or come after, the columns in scope. */
  readonly nameFirst?: (path: readonly ast.Identifier[]) => NamedValue | undefined
  readonly nameLast?: (path: readonly ast.Identifier[]) => NamedValue | undefined
  /** Aggregate calls; absent where none may stand. */
  readonly aggregate?: (call: ast.Call, name: string) => Expr | undefined
  /** TUMBLE, HOP, SESSION and their _START and _END; absent where none may stand. */
  readonly window?: (call: ast.Call) => Expr | undefined
  /** Calls with OVER; absent where none may stand. */
  readonly over?: (call: ast.Call, name: string) => Expr | undefined
  /** row_time(); absent: the event time of the rows in scope. */
  readonly rowtime?: () => Expr
}

/**
 * Turns expressions of the text into expressions of a plan over one scope. `bind` gives undefined for what could not be bound; it has been
 * reported then, and whatever contains it fails silently. Operands are all bound before anything fails, so that every fault is found.
 */
export class ExpressionBinder {
  readonly environment: BindEnvironment
  readonly scope: Scope
  readonly context: BindContext
  readonly #spans = new WeakMap<Expr, Span>()

  constructor(environment: BindEnvironment, scope: Scope, context: BindContext) {
    this.environment = environment
    this.scope = scope
    this.context = context
  }

  get report(): Report {
    return this.environment.report
  }

  /** Where an expression that this binder made stands in the text. */
  spanOf(expr: Expr): Span | undefined {
    return this.#spans.get(expr)
  }

  bind(node: ast.Expression): Expr | undefined {
    const expr = this.#bind(node)
    if (expr !== undefined) this.locate(expr, node.span)
    return expr
  }

  /** Remembers where an expression stands, unless that is known already. */
  locate(expr: Expr, span: Span): void {
    if (!this.#spans.has(expr)) this.#spans.set(expr, span)
  }

  /** All of them, or undefined if any failed. */
  bindAll(nodes: readonly ast.Expression[]): Expr[] | undefined {
    const exprs = nodes.map((n) => this.bind(n))
    return exprs.every((e) => e !== undefined) ? exprs : undefined
  }

  /** An expression that must be BOOLEAN. */
  bindCondition(node: ast.Expression, what: string): Expr | undefined {
    const expr = this.bind(node)
    return expr === undefined ? undefined : this.condition(expr, node.span, what)
  }

  condition(expr: Expr, span: Span, what: string): Expr | undefined {
    if (expr.type.kind === 'BOOLEAN') return expr
    if (expr.type.kind === 'NULL' || expr.type.kind === 'JSON') return castTo(expr, BOOLEAN)
    return this.report.error('SQL_TYPE', `${what} takes BOOLEAN, not ${typeName(expr.type)}`, span, {
      hint: 'Compare it with something, as in x <> 0.',
    })
  }

  #bind(node: ast.Expression): Expr | undefined {
    switch (node.kind) {
      case 'null':
      case 'boolean':
      case 'number':
      case 'string':
      case 'typed-literal':
      case 'interval':
        return bindLiteral(node, this.report)
      case 'column':
        return bindPath(this, node.path, node.span)
      case 'field': {
        const operand = this.bind(node.operand)
        return operand === undefined ? undefined : bindFieldAccess(this, operand, node.field)
      }
      case 'subscript':
        return this.#subscript(node)
      case 'slice':
        return this.#slice(node)
      case 'unary':
        return bindUnary(this, node)
      case 'binary':
        return bindBinary(this, node)
      case 'logical': {
        const operands = node.operands.map((o) => this.bindCondition(o, node.operator))
        if (!operands.every((o) => o !== undefined)) return undefined
        return node.operator === 'AND' ? and(operands) : { kind: 'or', type: BOOLEAN, args: operands }
      }
      case 'is-null': {
        const input = this.bind(node.operand)
        return input === undefined ? undefined : { kind: 'is_null', type: BOOLEAN, input, negated: node.negated }
      }
      case 'is-truth':
        return this.#isTruth(node)
      case 'is-distinct': {
        const sides = this.bindAll([node.left, node.right])
        if (sides === undefined) return undefined
        const distinct = distinctFrom(this, sides[0]!, sides[1]!, node.span)
        return distinct === undefined || !node.negated ? distinct : not(distinct)
      }
      case 'in-list':
        return this.#inList(node)
      case 'between':
        return this.#between(node)
      case 'like':
        return this.#like(node)
      case 'case':
        return this.#case(node)
      case 'cast':
        return this.#cast(node)
      case 'extract': {
        const source = this.bind(node.source)
        if (source === undefined) return undefined
        return callFunction(this, 'extract', [literal(TEXT, node.field.name.toLowerCase()), source], node.span)
      }
      case 'position': {
        const [needle, haystack] = [this.bind(node.needle), this.bind(node.haystack)]
        if (needle === undefined || haystack === undefined) return undefined
        return callFunction(this, 'strpos', [haystack, needle], node.span, 'POSITION')
      }
      case 'trim': {
        const args = this.bindAll([node.operand, ...(node.characters === null ? [] : [node.characters])])
        const name = { BOTH: 'btrim', LEADING: 'ltrim', TRAILING: 'rtrim' }[node.side]
        return args === undefined ? undefined : callFunction(this, name, args, node.span, 'TRIM')
      }
      case 'array': {
        const elements = this.bindAll(node.elements)
        const same = elements && unify(this, elements, node.span, 'the elements of an array')
        return same && { kind: 'array', type: arrayOf(same[0]?.type ?? NULL_TYPE), elements: same }
      }
      case 'struct':
        return this.#struct(node)
      case 'call':
        return bindCall(this, node)
      case 'parameter':
        return this.report.unsupported('parameters are', node.span, 'Write the value itself.')
      case 'in-query':
      case 'exists':
      case 'subquery':
        return this.report.unsupported(
          'a query inside an expression is',
          node.span,
          'Use the query in FROM; EXISTS (query) and x IN (query) stand in WHERE, next to other conditions by AND.',
        )
      case 'quantified':
        return this.report.unsupported(
          `${node.quantifier} is`,
          node.span,
          'Write array_contains(array, x), or x IN (a, b, c).',
        )
      case 'at-time-zone': {
        const sides = this.bindAll([node.operand, node.zone])
        return sides && callFunction(this, 'from_utc_timestamp', sides, node.span, 'AT TIME ZONE')
      }
      case 'row':
        return this.report.unsupported('a row of values without names is', node.span, 'Write STRUCT(a AS x, b AS y).')
      default:
        return unreachable(node)
    }
  }

  #subscript(node: ast.Subscript): Expr | undefined {
    const sides = this.bindAll([node.operand, node.index])
    if (sides === undefined) return undefined
    const name = sides[0]!.type.kind === 'JSON' ? 'json_get' : 'array_element'
    return callFunction(this, name, sides, node.span, 'operator "[]"')
  }

  #slice(node: ast.Slice): Expr | undefined {
    const { from, to } = node
    if (from === null || to === null) {
      return this.report.unsupported('a slice with an open end is', node.span, 'Write both ends, as in a[1:3].')
    }
    const args = this.bindAll([node.operand, from, to])
    return args === undefined ? undefined : callFunction(this, 'array_slice', args, node.span, 'operator "[:]"')
  }

  #isTruth(node: ast.IsTruth): Expr | undefined {
    const input = this.bindCondition(node.operand, `IS ${node.value}`)
    if (input === undefined) return undefined
    if (node.value === 'UNKNOWN') return { kind: 'is_null', type: BOOLEAN, input, negated: node.negated }
    const asked = node.value === 'TRUE' ? input : not(input)
    const holds: Expr = { kind: 'coalesce', type: BOOLEAN, args: [asked, literal(BOOLEAN, false)] }
    return node.negated ? not(holds) : holds
  }

  #inList(node: ast.InList): Expr | undefined {
    const all = this.bindAll([node.operand, ...node.list])
    const same = all && unify(this, all, node.span, 'the operand and the list of IN')
    if (same === undefined) return undefined
    return { kind: 'in', type: BOOLEAN, input: same[0]!, list: same.slice(1), negated: node.negated }
  }

  #between(node: ast.Between): Expr | undefined {
    const all = this.bindAll([node.operand, node.low, node.high])
    if (all === undefined) return undefined
    const within = (low: Expr, high: Expr): Expr | undefined => {
      const above = compare(this, 'ge', all[0]!, low, node.span, 'BETWEEN')
      const below = above && compare(this, 'le', all[0]!, high, node.span, 'BETWEEN')
      return above && below && and([above, below])
    }
    let between = within(all[1]!, all[2]!)
    if (between !== undefined && node.symmetric) {
      const reverse = within(all[2]!, all[1]!)
      between = reverse && { kind: 'or', type: BOOLEAN, args: [between, reverse] }
    }
    return between === undefined || !node.negated ? between : not(between)
  }

  #like(node: ast.Like): Expr | undefined {
    if (node.operator === 'SIMILAR TO') {
      return this.report.unsupported('SIMILAR TO is', node.span, 'Use LIKE, or regexp_like(text, pattern).')
    }
    const args = this.bindAll([node.operand, node.pattern, ...(node.escape === null ? [] : [node.escape])])
    if (args === undefined) return undefined
    const like = callFunction(this, node.operator === 'LIKE' ? 'like' : 'ilike', args, node.span, node.operator)
    return like === undefined || !node.negated ? like : not(like)
  }

  #case(node: ast.Case): Expr | undefined {
    const operand = node.operand === null ? null : this.bind(node.operand)
    const whens = node.branches.map((b) => {
      if (node.operand === null) return this.bindCondition(b.when, 'WHEN')
      const value = this.bind(b.when)
      if (operand === undefined || operand === null || value === undefined) return undefined
      return compare(this, 'eq', operand, value, b.when.span, 'CASE')
    })
    const results = this.bindAll([
      ...node.branches.map((b) => b.then),
      ...(node.otherwise === null ? [] : [node.otherwise]),
    ])
    if (results === undefined || !whens.every((w) => w !== undefined)) return undefined
    const same = unify(this, results, node.span, 'the results of CASE')
    if (same === undefined) return undefined
    return {
      kind: 'case',
      type: same[0]!.type,
      branches: whens.map((when, i) => ({ when, then: same[i]! })),
      otherwise: node.otherwise === null ? null : same.at(-1)!,
    }
  }

  #cast(node: ast.Cast): Expr | undefined {
    const operand = this.bind(node.operand)
    const type = bindType(node.type, this.report)
    if (operand === undefined || type === undefined) return undefined
    return this.cast(operand, type, node.span, node.safe)
  }

  /** CAST: what can never succeed is an error now. */
  cast(operand: Expr, type: DataType, span: Span, safe = false): Expr | undefined {
    if (!canCast(operand.type, type)) {
      return this.report.error('SQL_TYPE', `${typeName(operand.type)} cannot be cast to ${typeName(type)}`, span)
    }
    const cast = castTo(operand, type, safe)
    if (
      cast.kind === 'cast' &&
      !safe &&
      operand.kind === 'literal' &&
      operand.type.kind === 'TEXT' &&
      PARSED.has(type.kind)
    ) {
      return this.report.error('SQL_INVALID', `'${operand.text}' is no ${typeName(type)}`, span, {
        hint: literalExample(type),
      })
    }
    return cast
  }

  #struct(node: ast.StructConstructor): Expr | undefined {
    const values = node.fields.map((f) => this.bind(f.value))
    const fields: Field[] = []
    const taken = new Set<string>()
    let failed = false
    for (const [i, field] of node.fields.entries()) {
      const name = field.name?.name ?? (field.value.kind === 'column' ? field.value.path.at(-1)!.name : `c${i}`)
      if (taken.has(name)) {
        this.report.error('SQL_DUPLICATE', `field "${name}" appears twice in the STRUCT`, field.span)
        failed = true
      }
      taken.add(name)
      fields.push({ name, type: values[i]?.type ?? NULL_TYPE, nullable: true })
    }
    if (failed || !values.every((v) => v !== undefined)) return undefined
    return { kind: 'struct', type: structOf(fields), fields: values }
  }
}

/** Types whose literals are read from text here and now. */
const PARSED: ReadonlySet<DataType['kind']> = new Set([
  'BOOLEAN',
  'INTEGER',
  'DOUBLE',
  'REAL',
  'TIMESTAMP',
  'DATE',
  'TIME',
  'INTERVAL',
  'JSON',
])
