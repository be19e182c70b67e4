import type { ByteReader, ByteWriter } from '../state/bytes.ts'
import { between } from './summaries.ts'

/** About how many centroids are kept. */
const COMPRESSION = 200
/** Values and centroids that wait to be merged. Groups of no more are exact. */
const BUFFER = 1024

interface Centroid {
  readonly mean: number
  readonly weight: number
  /** All of it is one value, as it was added. */
  readonly single: boolean
}

/**
 * Quantiles of weighted finite values in bounded memory, by the merging t-digest with the scale function k1 of Dunning and Ertl
 * ("Computing extremely accurate quantiles using t-digests", 2019): most exact at both ends. Up to 1,024 values all are kept.
 * What comes out depends on the order of the values, not on when it is asked for.
 */
export class TDigest {
  #centroids: readonly Centroid[] = []
  #waiting: Centroid[] = []

  get bytes(): number {
    return 96 + 40 * (this.#centroids.length + this.#waiting.length)
  }

  /** `weight` above 0. */
  add(value: number, weight: number): void {
    this.#push({ mean: value, weight, single: true })
  }

  #push(centroid: Centroid): void {
    this.#waiting.push(centroid)
    if (this.#waiting.length > BUFFER) {
      this.#centroids = compressed(this.#sorted())
      this.#waiting = []
    }
  }

  merge(other: TDigest): void {
    for (const centroid of other.#centroids) this.#push(centroid)
    for (const centroid of other.#waiting) this.#push(centroid)
  }

  get weight(): number {
    let sum = 0
    for (const { weight } of this.#centroids) sum += weight
    for (const { weight } of this.#waiting) sum += weight
    return sum
  }

  /** The value with a weight of `rank` before it, counted from 0; undefined: there are no values. */
  at(rank: number): number | undefined {
    let before = 0
    let last: { readonly place: number; readonly mean: number } | undefined
    for (const { mean, weight, single } of this.#sorted()) {
      // A single value has all places from `before` on; what was merged is in the middle of its own.
      const first = single ? before : before + (weight - 1) / 2
      const end = single ? before + Math.max(0, weight - 1) : first
      if (rank <= end) {
        if (last === undefined || rank >= first || first <= last.place) return mean
        return between(last.mean, mean, (rank - last.place) / (first - last.place))
      }
      last = { place: end, mean }
      before += weight
    }
    return last?.mean
  }

  #sorted(): Centroid[] {
    return [...this.#centroids, ...this.#waiting].sort((a, b) => a.mean - b.mean)
  }

  write(to: ByteWriter): void {
    for (const list of [this.#centroids, this.#waiting]) {
      to.varint(list.length)
      for (const { mean, weight, single } of list) {
        to.double(mean)
        to.double(weight)
        to.byte(single ? 1 : 0)
      }
    }
  }

  static read(from: ByteReader): TDigest {
    const digest = new TDigest()
    digest.#centroids = readCentroids(from)
    digest.#waiting = readCentroids(from)
    return digest
  }
}

function readCentroids(from: ByteReader): Centroid[] {
  const list: Centroid[] = []
  for (let left = from.varint(); left > 0; left--) {
    const mean = from.double()
    const weight = from.double()
    list.push({ mean, weight, single: from.byte() === 1 })
  }
  return list
}

/** Neighbours become one as long as they span no more than 1 on the scale k1, which is steep at both ends. */
function compressed(sorted: readonly Centroid[]): Centroid[] {
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0)
  const result: Centroid[] = []
  let current: Centroid | undefined
  let before = 0
  let limit = 0
  for (const next of sorted) {
    if (current !== undefined && before + current.weight + next.weight <= limit) {
      const weight: number = current.weight + next.weight
      const single: boolean = current.single && next.single && current.mean === next.mean
      current = { mean: between(current.mean, next.mean, next.weight / weight), weight, single }
      continue
    }
    if (current !== undefined) {
      result.push(current)
      before += current.weight
    }
    current = next
    limit = total * partAt(scaleOf(before / total) + 1)
  }
  if (current !== undefined) result.push(current)
  return result
}

function scaleOf(part: number): number {
  return (COMPRESSION / (2 * Math.PI)) * Math.asin(2 * Math.min(1, part) - 1)
}

function partAt(scale: number): number {
  const limit = COMPRESSION / 4
  return (Math.sin((2 * Math.PI * Math.min(scale, limit)) / COMPRESSION) + 1) / 2
}
