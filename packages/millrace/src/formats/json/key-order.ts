import { stringText } from '../text.ts'
import type { LayoutNode } from './layout.ts'
import { eachMember } from './walk.ts'

/** More keys than this are a dictionary rather than a record; the rest is treated as unknown. */
const MAX_KEYS = 64
/** Longer keys are not worth predicting. */
const MAX_KEY_BYTES = 64

/** How the keys of one object followed each other. The empty string stands for the object's start and its end. */
export class KeyOrder {
  readonly #followers = new Map<string, Map<string, number>>()
  readonly children = new Map<string, KeyOrder>()
  /** White space between a comma and the next key, as last seen. */
  gap = ''

  /** Keys seen, in order of first sight. */
  get keys(): string[] {
    return [...this.#followers.keys()].filter((k) => k !== '')
  }

  /** What came after `key`, most frequent first, at most `count`. */
  after(key: string, count: number): string[] {
    const followers = [...(this.#followers.get(key) ?? [])]
    const total = followers.reduce((sum, [, n]) => sum + n, 0)
    return followers
      .filter(([name, n]) => name !== '' && n * 16 >= total)
      .sort((a, b) => b[1] - a[1])
      .slice(0, count)
      .map(([name]) => name)
  }

  /** Takes note of the record in [start, end), well-formed JSON, along the nodes that decoding visits. */
  observe(node: LayoutNode, bytes: Uint8Array, start: number, end: number): void {
    if (node.children.size === 0 || bytes[start] !== 0x7b) return
    let last = ''
    eachMember(bytes, start, end, (keyStart, keyEnd, from, to) => {
      const key = stringText(bytes, keyStart, keyEnd)
      const plain = Buffer.byteLength(key) === keyEnd - keyStart - 2
      if (last !== '') this.gap = gapBefore(bytes, keyStart)
      const known = this.#followers.has(key)
      if (key === '' || !plain || keyEnd - keyStart > MAX_KEY_BYTES || (!known && this.#followers.size > MAX_KEYS))
        return
      this.#follow(last, key)
      last = key
      const child = node.children.get(key)
      if (child !== undefined && child.children.size > 0) this.child(key).observe(child, bytes, from, to)
    })
    this.#follow(last, '')
  }

  child(key: string): KeyOrder {
    let child = this.children.get(key)
    if (child === undefined) this.children.set(key, (child = new KeyOrder()))
    return child
  }

  #follow(key: string, next: string): void {
    let followers = this.#followers.get(key)
    if (followers === undefined) this.#followers.set(key, (followers = new Map()))
    followers.set(next, (followers.get(next) ?? 0) + 1)
    if (next !== '' && !this.#followers.has(next)) this.#followers.set(next, new Map())
  }
}

/** More than this is not worth comparing. */
const MAX_GAP = 8

function gapBefore(bytes: Uint8Array, keyStart: number): string {
  let from = keyStart
  while (bytes[from - 1]! <= 0x20) from--
  return keyStart - from > MAX_GAP ? '' : String.fromCharCode(...bytes.subarray(from, keyStart))
}
