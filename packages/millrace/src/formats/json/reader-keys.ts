import type { KeyOrder } from './key-order.ts'
import type { LayoutNode } from './layout.ts'

/**
 * Source for getting from one key of an object to the next. Every known key is a case of the reader's switch, named by
 * its index.
 */

export interface KnownKey {
  readonly name: string
  /** Null: the value is checked and skipped. */
  readonly node: LayoutNode | null
  /** Position among the keys that have a node. */
  readonly wanted: number
}

/** Passes over white space at `i`; one blank is the common case. */
export const SPACE = `if (c <= 32) {
            if (c === 32) c = buf[++i]
            if (c <= 32) { i = skipSpace(buf, i, end); c = buf[i] }
          }`

/** Known keys in the order learnt: from the first one along the most frequent follower, then the rest as first seen. */
export function arrange(layout: LayoutNode, order: KeyOrder): KnownKey[] {
  const names = new Set<string>()
  const seen = [...order.keys, ...[...layout.children.keys()].filter((k) => !order.keys.includes(k))]
  let last = ''
  for (let next = 0; next < seen.length; ) {
    const follower = order.after(last, 4).find((k) => !names.has(k))
    if (follower !== undefined) {
      names.add(follower)
      last = follower
    } else if (names.has(seen[next]!)) {
      next++
    } else {
      last = seen[next++]!
      names.add(last)
    }
  }
  let wanted = 0
  return [...names].map((name) => {
    const node = layout.children.get(name) ?? null
    return { name, node, wanted: node === null ? -1 : wanted++ }
  })
}

/**
 * After a known key's value: falls into the next case if its key follows, jumps to the case of another key that often
 * does, else to the case that looks the key up. Comma, the usual white space and key are one comparison.
 */
export function tailSource(key: string, index: number, keys: readonly KnownKey[], order: KeyOrder): string {
  const candidates = predicted(key, keys, order)
  const lead = `,${order.gap}`
  const branches = candidates.filter((k) => k !== index + 1).map((k) => jumpSource(lead, keys[k]!, k, ' continue'))
  if (candidates.includes(index + 1)) {
    const text = Buffer.from(`${lead}"${keys[index + 1]!.name}":`)
    branches.unshift(`if (${matchSource(text)}) {
            c = buf[i += ${text.length}]
            ${SPACE}
          }`)
  }
  return [...branches, 'if (c === 125) { i++; break }', `{ state = ${keys.length + 1}; continue }`].join(' else ')
}

/** If `lead` and the key stand at `i`: sets `state`, leaves `i` behind the colon and goes on as `then` says. */
export function jumpSource(lead: string, key: KnownKey, index: number, then: string): string {
  const text = Buffer.from(`${lead}"${key.name}":`)
  return `if (${matchSource(text)}) { i += ${text.length}; state = ${index};${then} }`
}

/** Looks up the key whose quote stands at `i`. */
export function lookUpSource(id: number): string {
  return `misses[0]++; state = find${id}(buf, i, end); if (state < 0) return -1; i = at[0]`
}

/** Cases of the keys that mostly follow `key`. */
export function predicted(key: string, keys: readonly KnownKey[], order: KeyOrder): number[] {
  return order
    .after(key, 3)
    .map((name) => keys.findIndex((k) => k.name === name))
    .filter((k) => k >= 0)
}

/** The text stands at `i`. */
function matchSource(text: Buffer): string {
  return [...text].map((byte, j) => `buf[i + ${j}] === ${byte}`).join(' && ')
}

/**
 * Looks up the key at `i`: its case, the number of known keys for others, or -1 (escapes, bad text). `at[0]` is then
 * behind the colon.
 */
export function findSource(id: number, keys: readonly KnownKey[]): string {
  const byLength = new Map<number, string[]>()
  keys.forEach((key, k) => {
    const bytes = [...Buffer.from(key.name)]
    const test = bytes.map((byte, j) => `buf[from + ${j}] === ${byte}`).join(' && ') || 'true'
    const tests = byLength.get(bytes.length) ?? []
    tests.push(`if (${test}) return ${k}`)
    byLength.set(bytes.length, tests)
  })
  const cases = [...byLength].map(
    ([length, tests]) => `    case ${length}:\n      ${tests.join('\n      ')}\n      break`,
  )
  return `
function find${id}(buf, i, end) {
  if (buf[i] !== 34) return -1
  const from = i + 1
  while (plain[buf[++i]] === 1);
  if (buf[i] !== 34) {
    i = skipValue(buf, from - 1, end, 0) - 1
    if (i < 0 || hasEscape(buf, from, i)) return -1
  }
  const length = i++ - from
  if (buf[i] !== 58) {
    i = skipSpace(buf, i, end)
    if (buf[i] !== 58) return -1
  }
  at[0] = i + 1
  switch (length) {
${cases.join('\n')}
  }
  return ${keys.length}
}`
}
