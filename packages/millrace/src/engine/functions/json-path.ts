import { distinctMembers, elementOf, elementsOf, kindAt, memberOf, type Slice } from '../expressions/json-text.ts'

/**
 * JSONPath (RFC 9535) without filters: `$`, `.name`, `['name']`, `[0]`, `[-1]`, `[0:2]`, `[0,2]`, `.*`, `[*]` and `..`.
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

const NAME = /[\p{L}_$][\p{L}\p{N}_$-]*/uy
const INDEX = /\s*(-?\d{1,9})\s*/y
const SLICE = /\s*(-?\d{1,9})?\s*:\s*(-?\d{1,9})?\s*(?::\s*([1-9]\d{0,8})?)?\s*/y
const QUOTED = /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*/suy
const ANYTHING = /\s*\*\s*/y

/** The path, or a sentence fragment that says why it is none. */
export function parseJsonPath(text: string): JsonPath | string {
  const path = text.trim()
  const steps: PathStep[] = []
  let at = path.startsWith('$') ? 1 : 0
  if (at === 0 && path !== '' && !/^[.[]/.test(path)) return parseJsonPath(`$.${path}`)
  while (at < path.length) {
    const descend = path.startsWith('..', at)
    if (descend) at += 2
    else if (path[at] === '.') at += 1
    else if (path[at] !== '[') return `has an unexpected "${path[at]}" at ${at + 1}`
    const parsed = path[at] === '[' ? bracket(path, at) : dotted(path, at)
    if (typeof parsed === 'string') return parsed
    steps.push({ selectors: parsed.selectors, descend })
    at = parsed.end
  }
  return steps
}

interface Parsed {
  readonly selectors: readonly Selector[]
  readonly end: number
}

function dotted(path: string, at: number): Parsed | string {
  if (path[at] === '*') return { selectors: [{ kind: 'all' }], end: at + 1 }
  const name = sticky(NAME, path, at)
  return name === null
    ? `has no name at ${at + 1}`
    : { selectors: [{ kind: 'name', name: name[0] }], end: at + name[0].length }
}

function bracket(path: string, start: number): Parsed | string {
  const selectors: Selector[] = []
  let at = start + 1
  for (;;) {
    if (path[at] === '?') return 'has a filter, which is not supported'
    const parsed = selector(path, at)
    if (parsed === undefined) return `has no selector at ${at + 1}`
    selectors.push(parsed.selector)
    at = parsed.end
    if (path[at] === ']') return { selectors, end: at + 1 }
    if (path[at] !== ',') return `has no "]" at ${at + 1}`
    at++
  }
}

function selector(path: string, at: number): { readonly selector: Selector; readonly end: number } | undefined {
  const quoted = sticky(QUOTED, path, at)
  if (quoted !== null) {
    const name = (quoted[1] ?? quoted[2]!).replace(/\\(.)/gsu, '$1')
    return { selector: { kind: 'name', name }, end: at + quoted[0].length }
  }
  const slice = sticky(SLICE, path, at)
  if (slice !== null) {
    const [whole, from, to, step] = slice
    return {
      selector: { kind: 'slice', from: integer(from), to: integer(to), step: integer(step) ?? 1 },
      end: at + whole.length,
    }
  }
  const index = sticky(INDEX, path, at)
  if (index !== null) return { selector: { kind: 'index', index: Number(index[1]) }, end: at + index[0].length }
  const all = sticky(ANYTHING, path, at)
  return all === null ? undefined : { selector: { kind: 'all' }, end: at + all[0].length }
}

function integer(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

function sticky(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

/** Every value the path names, in the order of the text. */
export function selectPath(text: string, root: Slice, path: JsonPath): readonly Slice[] {
  let current: readonly Slice[] = [root]
  for (const step of path) {
    const from = step.descend ? current.flatMap((slice) => [...withDescendants(text, slice)]) : current
    current = from.flatMap((slice) => step.selectors.flatMap((s) => select(text, slice, s)))
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

function select(text: string, slice: Slice, by: Selector): readonly Slice[] {
  switch (by.kind) {
    case 'name':
      return present(memberOf(text, slice, by.name))
    case 'index':
      return present(elementOf(text, slice, by.index))
    case 'all':
      return children(text, slice)
    case 'slice':
      return elementsOf(text, slice)
        .slice(by.from, by.to)
        .filter((_, i) => i % by.step === 0)
  }
}

function present(slice: Slice | undefined): readonly Slice[] {
  return slice === undefined ? [] : [slice]
}
