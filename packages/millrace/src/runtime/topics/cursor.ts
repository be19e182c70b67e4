import { MillraceError, parseTimestamp } from '../../kernel/index.ts'

/** The next offset wanted of each partition. A partition beyond the end is wanted from its beginning. */
export type Positions = readonly number[]

/** Where a subscription starts. */
export type SubscribeFrom =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'timestamp'; readonly micros: number }
  /** Strictly after these offsets. */
  | { readonly kind: 'cursor'; readonly positions: Positions }

const ENTRY = /^(\d{1,5}):(-1|\d{1,16})$/

/**
 * `earliest`, `latest`, a timestamp (RFC 3339), or a cursor as messages carry it: `partition:offset` of the last message had, for every
 * partition, with commas. -1 is before the first.
 *
 * @throws MillraceError REQUEST_INVALID
 */
export function parseSubscribeFrom(text: string): SubscribeFrom {
  if (text === 'earliest' || text === 'latest') return { kind: text }
  const entries = text.split(',').map((entry) => ENTRY.exec(entry))
  if (entries.every((entry) => entry !== null)) {
    const positions: number[] = []
    for (const [, partition, offset] of entries) positions[Number(partition)] = Number(offset) + 1
    if (positions.every((p) => Number.isSafeInteger(p))) return { kind: 'cursor', positions: Array.from(positions, (p) => p ?? 0) }
  }
  const micros = parseTimestamp(text)
  if (typeof micros === 'number') return { kind: 'timestamp', micros }
  throw new MillraceError('REQUEST_INVALID', `${JSON.stringify(text.slice(0, 100))} is no place to start from`, {
    hint: 'Write earliest, latest, a timestamp like 2026-01-31T12:00:00Z, or the cursor of a message.',
  })
}

/** The cursor of somebody who wants these offsets next. */
export function cursorBefore(positions: Positions): string {
  return positions.map((position, partition) => `${partition}:${position - 1}`).join(',')
}

/** The cursors of messages of one partition, while the others stand where they are. */
export class CursorText {
  readonly #before: string
  readonly #after: string

  constructor(positions: Positions, partition: number) {
    const entries = positions.map((position, p) => `${p}:${position - 1}`)
    this.#before = entries.slice(0, partition).map((entry) => `${entry},`).join('')
    this.#after = entries.slice(partition + 1).map((entry) => `,${entry}`).join('')
    this.#before += `${partition}:`
  }

  at(offset: number): string {
    return `${this.#before}${offset}${this.#after}`
  }
}
