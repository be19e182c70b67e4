import type { Identifier, ObjectName } from '../ast/index.ts'

export type Match<T> =
  | { readonly kind: 'found'; readonly item: T }
  | { readonly kind: 'ambiguous'; readonly items: readonly T[] }
  | { readonly kind: 'none' }

/** The item of exactly this name, else the only one whose name differs in case alone. */
export function matchName<T>(name: string, items: Iterable<T>, nameOf: (item: T) => string): Match<T> {
  const exact: T[] = []
  const similar: T[] = []
  const lower = name.toLowerCase()
  for (const item of items) {
    const candidate = nameOf(item)
    if (candidate === name) exact.push(item)
    else if (candidate.toLowerCase() === lower) similar.push(item)
  }
  const matches = exact.length > 0 ? exact : similar
  if (matches.length === 0) return { kind: 'none' }
  return matches.length === 1 ? { kind: 'found', item: matches[0]! } : { kind: 'ambiguous', items: matches }
}

export function findName<T>(name: string, items: Iterable<T>, nameOf: (item: T) => string): T | undefined {
  const match = matchName(name, items, nameOf)
  return match.kind === 'found' ? match.item : undefined
}

/** A qualified name as one text, parts joined by dots. */
export function nameText(name: ObjectName): string {
  return name.parts.map((p) => p.name).join('.')
}

export function pathText(path: readonly Identifier[]): string {
  return path.map((p) => p.name).join('.')
}

/** The name, or the name with the first free number behind it: `sum`, `sum_2`, `sum_3`. Adds it to `taken`. */
export function uniqueName(name: string, taken: Set<string>): string {
  let unique = name
  for (let i = 2; taken.has(unique); i++) unique = `${name}_${i}`
  taken.add(unique)
  return unique
}
