/** A row of a table `x (id, k, v, ts)`. Times in seconds; null: no event time. */
export interface JoinRow {
  readonly id: number
  readonly k: string | null
  readonly v: number | null
  readonly ts: number | null
}

export interface JoinModel {
  readonly left: readonly JoinRow[]
  readonly right: readonly JoinRow[]
  readonly matches: (left: JoinRow, right: JoinRow) => boolean
}

export const TYPES = ['inner', 'left', 'right', 'full', 'semi', 'anti'] as const
export type ModelType = (typeof TYPES)[number]

/** Rows that are not behind the watermark of their own table: its largest time before them, minus `delay` seconds. */
export function onTime(rows: readonly JoinRow[], delay: number): JoinRow[] {
  let watermark = Number.NEGATIVE_INFINITY
  return rows.filter(({ ts }) => {
    if (ts === null) return false
    const kept = ts >= watermark
    watermark = Math.max(watermark, ts - delay)
    return kept
  })
}

/** Pairs of ids, by looking at every pair of rows. */
export function nestedLoop(type: ModelType, { left, right, matches }: JoinModel): string[] {
  const pair = (a: JoinRow | null, b: JoinRow | null) => JSON.stringify([a?.id ?? null, b?.id ?? null])
  const found = left.flatMap((a) => right.filter((b) => matches(a, b)).map((b) => [a, b] as const))
  const lonely = (side: readonly JoinRow[], at: 0 | 1) => side.filter((row) => !found.some((p) => p[at] === row))
  const pairs = found.map(([a, b]) => pair(a, b))
  const lefts = lonely(left, 0).map((a) => pair(a, null))
  const rights = lonely(right, 1).map((b) => pair(null, b))
  switch (type) {
    case 'inner':
      return pairs
    case 'left':
      return [...pairs, ...lefts]
    case 'right':
      return [...pairs, ...rights]
    case 'full':
      return [...pairs, ...lefts, ...rights]
    case 'semi':
      return left.filter((a) => found.some((p) => p[0] === a)).map((a) => pair(a, null))
    case 'anti':
      return lefts
  }
}

export interface AsofModel {
  readonly left: readonly JoinRow[]
  readonly right: readonly JoinRow[]
  readonly direction: 'backward' | 'forward' | 'nearest'
  readonly strict: boolean
  readonly tolerance: number | null
}

/** Of rows of the same time the last one counts before, the first one after; of two as near as each other the earlier one. */
export function nearest({ left, right, direction, strict, tolerance }: AsofModel): string[] {
  return left.map((a) => {
    const own = right.filter((b) => a.k !== null && b.k === a.k && Math.abs(b.ts! - a.ts!) <= (tolerance ?? Infinity))
    const before = own.filter((b) => (strict ? b.ts! < a.ts! : b.ts! <= a.ts!))
    const after = own.filter((b) => (direction === 'nearest' || strict ? b.ts! > a.ts! : b.ts! >= a.ts!))
    const last = before.length === 0 ? undefined : before.reduce((x, y) => (y.ts! >= x.ts! ? y : x))
    const first = after.length === 0 ? undefined : after.reduce((x, y) => (y.ts! < x.ts! ? y : x))
    const behind = last === undefined ? Infinity : a.ts! - last.ts!
    const ahead = first === undefined ? Infinity : first.ts! - a.ts!
    const found = direction === 'backward' ? last : direction === 'forward' ? first : ahead < behind ? first : last
    return JSON.stringify([a.id, found?.id ?? null])
  })
}
