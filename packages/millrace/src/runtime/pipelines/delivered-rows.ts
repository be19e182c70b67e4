import type { EncodedRows } from '../../formats/index.ts'
import type { LogBlock } from '../../log/index.ts'

/** The values of a block as a sink takes them, each ended by `separator`. */
export function deliveredRows(block: LogBlock, separator: Uint8Array): EncodedRows {
  const { count } = block
  const first = block.offsets[0]!
  const last = block.offsets[count]!
  if (separator.length === 0) {
    const offsets = first === 0 ? block.offsets : block.offsets.map((offset) => offset - first)
    return { bytes: block.bytes.subarray(first, last), offsets }
  }
  const bytes = new Uint8Array(last - first + count * separator.length)
  const offsets = new Uint32Array(count + 1)
  let end = 0
  for (let i = 0; i < count; i++) {
    const value = block.bytes.subarray(block.offsets[i], block.offsets[i + 1])
    bytes.set(value, end)
    bytes.set(separator, end + value.length)
    end += value.length + separator.length
    offsets[i + 1] = end
  }
  return { bytes, offsets }
}
