import { distinctMembers, elementOf, elementsOf, kindAt, memberOf, type Slice } from '../expressions/json-text.ts'
import { type Parsed, parseFilter, passes, type PathFilter, unescaped } from './json-path-filter.ts'

/**
 * JSONPath (RFC 9535) without functions: `$`, `.name`, `['name']`, `[0]`, `[-1]`, `[0:2]`, `[0,2]`, `.*`, `[*]`, `..` and `[?@.a > 1]`.
 * A path that does not start with `$` is read as if it did.
 */
export type JsonPath = readonly PathStep[]

type PathStep = { readonly selectors: readonly Selector[]; readonly descend: boolean }

type Selector =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | {
      readonly kind: 'slice'
      readonly from: number | undefined
      readonly to: number | undefined
      readonly step: number
    }
  | { readonly kind: 'all' }
  | { readonly kind: 'filter'; readonly filter: PathFilter }

const NAME = /[\p{L}_$][\p{L}\p{N}_$-]*/uy
const INDEX = /\s*(-?\d{1,9})\s*/y
const SLICE = /\s*(-?\d{1,9})?\s*:\s*(-?\d{1,9})?\s*(?::\s*(-?\d{1,9})?)?\s*/y
const QUOTED = /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*/suy
const QUESTION = /\s*\?/y
const SPACE = /\s*/y
const ANYTHING = /\s*\*\s*/y

/** The path, or a sentence fragment that says why it is none. */
export function parseJsonPath(text: string): JsonPath | string {
  const path = text.trim()
  const rooted = path.startsWith('$')
  if (!rooted && path !== '' && !/^[.[]/.test(path)) return parseJsonPath(`$.${path}`)
  const steps = parseSteps(path, rooted ? 1 : 0)
  if (typeof steps === 'string') return steps
  return steps.end === path.length ? steps.value : `has an unexpected "${path[steps.end]}" at ${steps.end + 1}`
}

/** As many steps as stand at a place of a path. */
export function parseSteps(path: string, start: number): Parsed<JsonPath> {
  const steps: PathStep[] = []
  let at = start
  while (path[at] === '.' || path[at] === '[') {
    const descend = path.startsWith('..', at)
    if (descend) at += 2
    else if (path[at] === '.') at += 1
    const parsed = path[at] === '[' ? bracket(path, at) : dotted(path, at)
    if (typeof parsed === 'string') return parsed
    steps.push({ selectors: parsed.value, descend })
    at = parsed.end
  }
  return { value: steps, end: at }
}

function dotted(path: string, at: number): Parsed<readonly Selector[]> {
  if (path[at] === '*') return { value: [{ kind: 'all' }], end: at + 1 }
  const name = sticky(NAME, path, at)
  return name === null
    ? `has no name at ${at + 1}`
    : { value: [{ kind: 'name', name: name[0] }], end: at + name[0].length }
}

function bracket(path: string, start: number): Parsed<readonly Selector[]> {
  const selectors: Selector[] = []
  let at = start + 1
  for (;;) {
    const question = sticky(QUESTION, path, at)
    const parsed = question === null ? selector(path, at) : filter(path, at + question[0].length)
    if (parsed === undefined) return `has no selector at ${at + 1}`
    if (typeof parsed === 'string') return parsed
    selectors.push(parsed.value)
    at = parsed.end
    if (path[at] === ']') return { value: selectors, end: at + 1 }
    if (path[at] !== ',') return `has no "]" at ${at + 1}`
    at++
  }
}

function filter(path: string, at: number): Parsed<Selector> {
  const parsed = parseFilter(path, at)
  if (typeof parsed === 'string') return parsed
  const space = sticky(SPACE, path, parsed.end)
  return { value: { kind: 'filter', filter: parsed.value }, end: parsed.end + (space?.[0].length ?? 0) }
}

function selector(path: string, at: number): Parsed<Selector> | undefined {
  const quoted = sticky(QUOTED, path, at)
  if (quoted !== null) {
    const name = unescaped(quoted[1] ?? quoted[2]!)
    return { value: { kind: 'name', name }, end: at + quoted[0].length }
  }
  const slice = sticky(SLICE, path, at)
  if (slice !== null) {
    const [whole, from, to, step] = slice
    return {
      value: { kind: 'slice', from: integer(from), to: integer(to), step: integer(step) ?? 1 },
      end: at + whole.length,
    }
  }
  const index = sticky(INDEX, path, at)
  if (index !== null) return { value: { kind: 'index', index: Number(index[1]) }, end: at + index[0].length }
  const all = sticky(ANYTHING, path, at)
  return all === null ? undefined : { value: { kind: 'all' }, end: at + all[0].length }
}

function integer(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

function sticky(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

/** Every value the path leads to from a value, in the order of the text. `root`: what `$` means in filters. */
export function selectPath(text: string, start: Slice, path: JsonPath, root: Slice = start): readonly Slice[] {
  let current: readonly Slice[] = [start]
  for (const step of path) {
    const from = step.descend ? current.flatMap((slice) => [...withDescendants(text, slice)]) : current
    current = from.flatMap((slice) => step.selectors.flatMap((s) => select(text, slice, s, root)))
    if (current.length === 0) break
  }
  return current
}

/** The value and all values inside it, outermost first; nesting costs no stack. */
function* withDescendants(text: string, root: Slice): Generator<Slice> {
  const pending: Slice[] = [root]
  for (let slice = pending.pop(); slice !== undefined; slice = pending.pop()) {
    yield slice
    pending.push(...children(text, slice).reverse())
  }
}

function children(text: string, slice: Slice): Slice[] {
  switch (kindAt(text, slice.start)) {
    case 'array':
      return elementsOf(text, slice)
    case 'object':
      return [...distinctMembers(text, slice).values()]
    default:
      return []
  }
}

function select(text: string, slice: Slice, by: Selector, root: Slice): readonly Slice[] {
  switch (by.kind) {
    case 'name':
      return present(memberOf(text, slice, by.name))
    case 'index':
      return present(elementOf(text, slice, by.index))
    case 'all':
      return children(text, slice)
    case 'slice':
      return sliced(elementsOf(text, slice), by.from, by.to, by.step)
    case 'filter':
      return children(text, slice).filter((child) => passes(by.filter, text, child, root))
  }
}

/** From one place to before another, counted from the end where negative; backwards by a negative step. */
function sliced(elements: readonly Slice[], from: number | undefined, to: number | undefined, step: number): Slice[] {
  const { length } = elements
  const place = (index: number, least: number, most: number) =>
    Math.min(Math.max(index < 0 ? length + index : index, least), most)
  const result: Slice[] = []
  if (step > 0) {
    const end = place(to ?? length, 0, length)
    for (let i = place(from ?? 0, 0, length); i < end; i += step) result.push(elements[i]!)
  } else if (step < 0) {
    const end = to === undefined ? -1 : place(to, -1, length - 1)
    for (let i = place(from ?? length - 1, -1, length - 1); i > end; i += step) result.push(elements[i]!)
  }
  return result
}

function present(slice: Slice | undefined): readonly Slice[] {
  return slice === undefined ? [] : [slice]
}
