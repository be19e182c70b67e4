import type { EncodedRows } from '../../formats/index.ts'
import type { LogBlock } from '../../log/index.ts'
import { ByteWriter } from './byte-writer.ts'
import { CursorText, type Positions } from './cursor.ts'
import { RecordJson } from './record-json.ts'

/** Turns blocks into messages: `{"cursor":"0:41","timestamp":"...","key":"a","value":{...}}`, with headers where there are some. */
export class BlockMessages {
  readonly #out = new ByteWriter()
  readonly #json = new RecordJson()

  /** `positions` are those before the block. */
  encode(block: LogBlock, positions: Positions): EncodedRows {
    const cursor = new CursorText(positions, block.partition)
    const offsets = new Uint32Array(block.count + 1)
    for (let i = 0; i < block.count; i++) {
      this.#json.write(this.#out, `{"cursor":"${cursor.at(block.offset(i))}"`, block, i, false)
      offsets[i + 1] = this.#out.length
    }
    return { bytes: this.#out.take(), offsets }
  }
}
