import type { TimestampUnit } from '../../kernel/index.ts'
import type { RowStore } from '../column-store.ts'
import type { DecodeColumn } from '../format.ts'
import type { KeyOrder } from './key-order.ts'
import { columnsUnder, type LayoutNode } from './layout.ts'
import { readerEnvironment } from './reader-environment.ts'
import {
  arrange,
  findSource,
  jumpSource,
  type KnownKey,
  lookUpSource,
  predicted,
  SPACE,
  tailSource,
} from './reader-keys.ts'
import { LOCALS, skipCallSource, skipSource, valueSource } from './reader-values.ts'

export interface RecordReader {
  /** Reads one payload into `row` of the stores; false: not read, the row's contents are void. */
  read(bytes: Uint8Array, start: number, end: number, row: number): boolean
  /** To be called when the stores have replaced their arrays. */
  bind(): void
  /** Keys that did not come where they were predicted, since the last call. */
  takeMisses(): number
}

/**
 * Generates the reader of one set of columns for records whose keys come in `order`. One function per object that leads
 * to a column; in it one switch case per known key, laid out in the order learnt, so that a record as predicted runs
 * straight through: compare the next key's bytes, read or skip its value, fall into the next case. Other keys are
 * looked up by length and bytes.
 *
 * Reads behind `end` are harmless: they stay in the array or give undefined, which no test accepts, and a record is
 * accepted only if it stops exactly at `end`. User text enters the code only as numbers, the bytes of keys.
 */
export function recordReader(
  columns: readonly DecodeColumn[],
  layout: LayoutNode,
  order: KeyOrder,
  unit: TimestampUnit,
  rows: RowStore,
): RecordReader {
  const env = readerEnvironment(columns, unit, rows)
  const writer = new ReaderWriter(columns, unit)
  writer.object(layout, order, 0)
  const source = `
'use strict'
const { ${Object.keys(env).join(', ')} } = env
${columns.map((_, c) => `const s${c} = stores[${c}], long${c} = longs[${c}]; let v${c} = s${c}.values`).join('\n')}
${writer.functions.join('\n')}
function read(buf, start, end, row) {
  let i = start
  if (buf[i] !== 123) {
    i = skipSpace(buf, i, end)
    if (i >= end || buf[i] !== 123) return false
  }
  i = o0(buf, i + 1, end, row)
  if (i < 0) return false
  return i === end || (i < end && skipSpace(buf, i, end) === end)
}
function bind() {
${columns.map((_, c) => `  v${c} = s${c}.values`).join('\n')}
}
function takeMisses() {
  const count = misses[0]
  misses[0] = 0
  return count
}
return { read, bind, takeMisses }`
  // oxlint-disable-next-line typescript/no-implied-eval -- the source is ours; user text is in it only as numbers
  return new Function('env', source)(env) as RecordReader
}

/** V8 does not optimise functions of more than 60 kB of bytecode; a key takes about one. */
const MAX_INLINE_KEYS = 32

class ReaderWriter {
  readonly functions: string[] = []
  readonly #columns: readonly DecodeColumn[]
  readonly #unit: TimestampUnit
  #objects = 0

  constructor(columns: readonly DecodeColumn[], unit: TimestampUnit) {
    this.#columns = columns
    this.#unit = unit
  }

  /** Writes the function for one object and returns its number. */
  object(layout: LayoutNode, order: KeyOrder, depth: number): number {
    const id = this.#objects++
    const keys = arrange(layout, order)
    const wanted = keys.filter((k) => k.node !== null)
    const unknown = keys.length
    const next = unknown + 1
    const first = predicted('', keys, order).map((k) => jumpSource('', keys[k]!, k, ''))
    first.push(`{ ${lookUpSource(id)} }`)
    const masks = Math.ceil(wanted.length / 30)
    const declared = Array.from({ length: masks }, (_, m) => `, seen${m} = 0`).join('')
    const roomy = keys.length <= MAX_INLINE_KEYS
    const cases = keys.map((key, index) => this.#case(key, index, keys, order, depth, roomy))
    this.functions.push(
      findSource(id, keys),
      `
function o${id}(buf, i, end, row) {
  let c = buf[i], state = ${unknown}, ${LOCALS}${declared}
  ${SPACE}
  if (c === 125) i++
  else {
    ${first.join(' else ')}
    for (;;) {
      c = buf[i]
      ${SPACE}
      switch (state) {
${cases.join('\n')}
        case ${unknown}:
          i = skipValue(buf, i, end, ${depth + 1})
          if (i < 0) return -1
          state = ${next}
          continue
        case ${next}:
          if (c === 125) { i++; break }
          if (c !== 44) return -1
          c = buf[++i]
          ${SPACE}
          ${lookUpSource(id)}
          continue
      }
      break
    }
  }
${this.#missing(wanted)}
  return i
}`,
    )
    return id
  }

  #case(
    key: KnownKey,
    index: number,
    keys: readonly KnownKey[],
    order: KeyOrder,
    depth: number,
    roomy: boolean,
  ): string {
    return `
        case ${index}: {
          ${this.#read(key, order, depth, roomy)}
          ${tailSource(key.name, index, keys, order)}
        }`
  }

  #read(key: KnownKey, order: KeyOrder, depth: number, roomy: boolean): string {
    if (key.node === null) return roomy ? skipSource(depth + 1) : skipCallSource(depth + 1)
    const bit = 1 << (key.wanted % 30)
    const mask = `seen${Math.floor(key.wanted / 30)}`
    return `if (${mask} & ${bit}) return -1
          ${mask} |= ${bit}
          ${this.#value(key, key.node, order, depth, roomy)}`
  }

  #value(key: KnownKey, node: LayoutNode, order: KeyOrder, depth: number, roomy: boolean): string {
    const [only] = node.columns
    if (node.children.size === 0 && node.columns.length === 1) {
      const source = valueSource(only!, this.#columns[only!]!, this.#unit, depth + 1)
      return roomy ? source : this.#apart(only!, source)
    }
    const inner =
      node.children.size === 0
        ? `i = skipValue(buf, i, end, ${depth + 1})`
        : `if (c === 123) i = o${this.object(node, order.child(key.name), depth + 1)}(buf, i + 1, end, row)
          else { i = skipValue(buf, i, end, ${depth + 1}); ${this.#absent(childColumns(node))} }`
    return `from = i
          ${inner}
          if (i < 0) return -1
          ${node.columns.map((c) => `if (!convert(${c}, buf, from, i, row)) return -1`).join('\n          ')}
          c = buf[i]`
  }

  /** The same as a call of a function of its own. */
  #apart(column: number, source: string): string {
    this.functions.push(`
function value${column}(buf, i, end, row) {
  let c = buf[i], ${LOCALS}
  ${source}
  return i
}`)
    return `i = value${column}(buf, i, end, row)
          if (i < 0) return -1
          c = buf[i]`
  }

  #missing(wanted: readonly KnownKey[]): string {
    return wanted
      .map((key) => {
        const absent = this.#absent(columnsUnder(key.node!))
        return `  if ((seen${Math.floor(key.wanted / 30)} & ${1 << (key.wanted % 30)}) === 0) { ${absent} }`
      })
      .join('\n')
  }

  #absent(columns: readonly number[]): string {
    if (columns.some((c) => !this.#columns[c]!.nullable)) return 'return -1'
    return columns.map((c) => `s${c}.setNull(row)`).join('; ')
  }
}

function childColumns(node: LayoutNode): number[] {
  return [...node.children.values()].flatMap(columnsUnder)
}
