import type { EncodedRows, Encoder } from '../formats/index.ts'
import type { RecordBatch } from '../kernel/index.ts'

const INSERT = Buffer.from('{"op":"insert","row":')
const DELETE = Buffer.from('{"op":"delete","row":')
const END = Buffer.from('}')
const NOTHING = new Uint8Array(0)

/** A changelog as JSON: `{"op":"insert"|"delete","row":{...}}`, once for every unit of a row's weight. */
export class ChangelogEncoder implements Encoder {
  readonly #rows: Encoder

  /** `rows` encodes the rows themselves, as JSON. */
  constructor(rows: Encoder) {
    this.#rows = rows
  }

  encode(batch: RecordBatch, separator: Uint8Array = NOTHING): EncodedRows {
    const encoded = this.#rows.encode(batch)
    const parts: Uint8Array[] = []
    const offsets: number[] = [0]
    let length = 0
    for (let row = 0; row < batch.length; row++) {
      const weight = batch.weights === null ? 1 : batch.weights[row]!
      const text = encoded.bytes.subarray(encoded.offsets[row], encoded.offsets[row + 1])
      const op = weight > 0 ? INSERT : DELETE
      for (let i = 0; i < Math.abs(weight); i++) {
        parts.push(op, text, END, separator)
        length += op.length + text.length + END.length + separator.length
        offsets.push(length)
      }
    }
    return { bytes: Buffer.concat(parts, length), offsets: Uint32Array.from(offsets) }
  }
}
