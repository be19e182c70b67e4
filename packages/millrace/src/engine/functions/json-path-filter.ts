import { compareDecimal, compareText, parseDecimal } from '../../kernel/index.ts'
import { distinctMembers, elementsOf, kindAt, type Slice, sliceText, stringAt } from '../expressions/json-text.ts'
import { type JsonPath, parseSteps, selectPath } from './json-path.ts'

const COMPARISONS = ['==', '!=', '<=', '>=', '<', '>'] as const
type Comparison = (typeof COMPARISONS)[number]

/** A value by its place in a text. */
interface Located {
  readonly text: string
  readonly slice: Slice
}

interface PathOperand {
  readonly kind: 'path'
  /** `@`: the element that is tested; otherwise the whole document. */
  readonly relative: boolean
  readonly path: JsonPath
}

type Operand = PathOperand | { readonly kind: 'literal'; readonly value: Located }

export type PathFilter =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly PathFilter[] }
  | { readonly kind: 'not'; readonly term: PathFilter }
  | { readonly kind: 'exists'; readonly operand: PathOperand }
  | { readonly kind: 'compare'; readonly comparison: Comparison; readonly left: Operand; readonly right: Operand }

/** What stands at a place of a path and where it ends; a sentence fragment says what is wrong. */
export type Parsed<T> = { readonly value: T; readonly end: number } | string

/** Parentheses and negations inside each other. */
const MAX_DEPTH = 100
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const QUOTED = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/suy
const WORD = /true|false|null/y

/** The logical expression after the `?` of a filter. */
export function parseFilter(path: string, at: number, depth = 0): Parsed<PathFilter> {
  return chain(path, at, 'or', '||', (from) => chain(path, from, 'and', '&&', (next) => parseTerm(path, next, depth)))
}

function chain(
  path: string,
  at: number,
  kind: 'and' | 'or',
  operator: string,
  parse: (at: number) => Parsed<PathFilter>,
): Parsed<PathFilter> {
  const terms: PathFilter[] = []
  for (let from = at; ; ) {
    const parsed = parse(from)
    if (typeof parsed === 'string') return parsed
    terms.push(parsed.value)
    const end = skipSpace(path, parsed.end)
    if (!path.startsWith(operator, end))
      return { value: terms.length === 1 ? terms[0]! : { kind, terms }, end: parsed.end }
    from = end + operator.length
  }
}

function parseTerm(path: string, start: number, depth: number): Parsed<PathFilter> {
  if (depth > MAX_DEPTH) return 'has a filter that is nested too deep'
  const at = skipSpace(path, start)
  if (path[at] === '!' && path[at + 1] !== '=') {
    const term = parseTerm(path, at + 1, depth + 1)
    return typeof term === 'string' ? term : { value: { kind: 'not', term: term.value }, end: term.end }
  }
  if (path[at] === '(') {
    const inner = parseFilter(path, at + 1, depth + 1)
    if (typeof inner === 'string') return inner
    const end = skipSpace(path, inner.end)
    return path[end] === ')' ? { value: inner.value, end: end + 1 } : `has no ")" at ${end + 1}`
  }
  return parseTest(path, at)
}

function parseTest(path: string, at: number): Parsed<PathFilter> {
  const left = parseOperand(path, at)
  if (typeof left === 'string') return left
  const operatorAt = skipSpace(path, left.end)
  const comparison = COMPARISONS.find((c) => path.startsWith(c, operatorAt))
  if (comparison === undefined) {
    return left.value.kind === 'path'
      ? { value: { kind: 'exists', operand: left.value }, end: left.end }
      : `has no comparison at ${operatorAt + 1}`
  }
  const right = parseOperand(path, skipSpace(path, operatorAt + comparison.length))
  if (typeof right === 'string') return right
  return { value: { kind: 'compare', comparison, left: left.value, right: right.value }, end: right.end }
}

function parseOperand(path: string, at: number): Parsed<Operand> {
  const start = path[at]
  if (start === '@' || start === '$') {
    const steps = parseSteps(path, at + 1)
    if (typeof steps === 'string') return steps
    return { value: { kind: 'path', relative: start === '@', path: steps.value }, end: steps.end }
  }
  const quoted = sticky(QUOTED, path, at)
  if (quoted !== null) return literal(JSON.stringify(unescaped(quoted[1] ?? quoted[2]!)), at + quoted[0].length)
  const plain = sticky(NUMBER, path, at) ?? sticky(WORD, path, at)
  return plain === null ? `has no value at ${at + 1}` : literal(plain[0], at + plain[0].length)
}

function literal(text: string, end: number): Parsed<Operand> {
  return { value: { kind: 'literal', value: { text, slice: { start: 0, end: text.length } } }, end }
}

/** A quoted name or text without its backslashes. */
export function unescaped(text: string): string {
  return text.replace(/\\(.)/gsu, '$1')
}

function sticky(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

function skipSpace(path: string, at: number): number {
  let end = at
  while (path[end] === ' ' || path[end] === '\t' || path[end] === '\n' || path[end] === '\r') end++
  return end
}

/** Whether an element of a document passes. */
export function passes(filter: PathFilter, text: string, element: Slice, root: Slice): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.terms.every((term) => passes(term, text, element, root))
    case 'or':
      return filter.terms.some((term) => passes(term, text, element, root))
    case 'not':
      return !passes(filter.term, text, element, root)
    case 'exists':
      return selected(filter.operand, text, element, root).length > 0
    case 'compare': {
      const left = valueOf(filter.left, text, element, root)
      const right = valueOf(filter.right, text, element, root)
      return compared(filter.comparison, left, right)
    }
  }
}

function selected(operand: PathOperand, text: string, element: Slice, root: Slice): readonly Slice[] {
  return selectPath(text, operand.relative ? element : root, operand.path, root)
}

/** A path that leads to more than one value stands for none. */
function valueOf(operand: Operand, text: string, element: Slice, root: Slice): Located | undefined {
  if (operand.kind === 'literal') return operand.value
  const [slice, second] = selected(operand, text, element, root)
  return slice === undefined || second !== undefined ? undefined : { text, slice }
}

function compared(comparison: Comparison, left: Located | undefined, right: Located | undefined): boolean {
  switch (comparison) {
    case '==':
      return equal(left, right)
    case '!=':
      return !equal(left, right)
    case '<':
      return isLess(left, right)
    case '>':
      return isLess(right, left)
    case '<=':
      return isLess(left, right) || equal(left, right)
    case '>=':
      return isLess(right, left) || equal(left, right)
  }
}

/** Only numbers and strings have an order, each among themselves. */
function isLess(left: Located | undefined, right: Located | undefined): boolean {
  if (left === undefined || right === undefined) return false
  const kind = kindOf(left)
  if (kind !== kindOf(right)) return false
  if (kind === 'string') return compareText(stringAt(left.text, left.slice), stringAt(right.text, right.slice)) < 0
  return kind === 'number' && compareNumbers(raw(left), raw(right)) < 0
}

/** Nothing equals nothing. */
function equal(left: Located | undefined, right: Located | undefined): boolean {
  if (left === undefined || right === undefined) return left === right
  const kind = kindOf(left)
  if (kind !== kindOf(right)) return false
  switch (kind) {
    case 'string':
      return stringAt(left.text, left.slice) === stringAt(right.text, right.slice)
    case 'number':
      return compareNumbers(raw(left), raw(right)) === 0
    case 'array': {
      const [a, b] = [elementsOf(left.text, left.slice), elementsOf(right.text, right.slice)]
      return a.length === b.length && a.every((slice, i) => equal({ ...left, slice }, { ...right, slice: b[i]! }))
    }
    case 'object': {
      const [a, b] = [distinctMembers(left.text, left.slice), distinctMembers(right.text, right.slice)]
      if (a.size !== b.size) return false
      return [...a].every(([key, slice]) => {
        const other = b.get(key)
        return other !== undefined && equal({ ...left, slice }, { ...right, slice: other })
      })
    }
    default:
      return raw(left) === raw(right)
  }
}

function kindOf({ text, slice }: Located) {
  return kindAt(text, slice.start)
}

function raw({ text, slice }: Located): string {
  return sliceText(text, slice)
}

/** Exact; as doubles where digits are too many to be written out. */
function compareNumbers(a: string, b: string): number {
  const [x, y] = [parseDecimal(a), parseDecimal(b)]
  return x === undefined || y === undefined ? Number(a) - Number(b) : compareDecimal(x, y)
}
