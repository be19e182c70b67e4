import { type EncodedRows, type Encoder, jsonFormat, type JsonOptions } from '../../formats/index.ts'
import { parseOptions, type RecordBatch, type Schema, typeName, visibleFields } from '../../kernel/index.ts'
import { ChangelogEncoder } from '../changelog-encoder.ts'
import type { QueryGap } from './topic-query.ts'

const JSON_OPTIONS = parseOptions(jsonFormat.options, [], 'format "json"').value as JsonOptions
const ROW = Buffer.from('{"row":')
const INSERT = Buffer.from('{"op":"insert","row":')
const END = Buffer.from('}')

/** Rows of a result as JSON with exact numbers, without anything around them. */
export function rowEncoder(schema: Schema): Encoder {
  return jsonFormat.encoder(schema, JSON_OPTIONS)
}

/** Messages of a subscription: `{"row":{...}}`, of an updating result `{"op":"insert"|"delete","row":{...}}`. */
export function messageEncoder(schema: Schema, updating: boolean): Encoder {
  const rows = rowEncoder(schema)
  return updating ? new ChangelogEncoder(rows) : { encode: (batch: RecordBatch) => wrapped(rows.encode(batch)) }
}

/** The message that says that this row stands. */
export function standingMessage(row: string): Buffer {
  return Buffer.concat([INSERT, Buffer.from(row), END])
}

/** Something beside rows: what the subscription is, a gap, that it is live. */
export function noticeMessage(content: object): Buffer {
  return Buffer.from(JSON.stringify({ $millrace: content }))
}

/** `{"$millrace":{"gap":{"table","topic","partition","from","to","reason":"retention"}}}`; `to` is the last that is missing. */
export function gapMessage(gap: QueryGap): Buffer {
  return noticeMessage({ gap: { ...gap, to: gap.to - 1, reason: 'retention' } })
}

/** The columns of a result, as subscribers are told of them. */
export function schemaJson(schema: Schema): readonly object[] {
  return visibleFields(schema).map(({ name, type, nullable }) => ({ name, type: typeName(type), nullable }))
}

function wrapped({ bytes, offsets }: EncodedRows): EncodedRows {
  const count = offsets.length - 1
  const around = ROW.length + END.length
  const out = Buffer.allocUnsafe(offsets[count]! - offsets[0]! + count * around)
  const ends = new Uint32Array(count + 1)
  let at = 0
  for (let i = 0; i < count; i++) {
    out.set(ROW, at)
    out.set(bytes.subarray(offsets[i], offsets[i + 1]), at + ROW.length)
    at += offsets[i + 1]! - offsets[i]! + around
    out.set(END, at - END.length)
    ends[i + 1] = at
  }
  return { bytes: out, offsets: ends }
}
