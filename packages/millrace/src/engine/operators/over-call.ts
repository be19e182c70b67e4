import type { Value } from '../../kernel/index.ts'
import type { OverCall } from '../../plan/index.ts'
import type { ByteReader, ByteWriter } from '../state/bytes.ts'

export type FramedCall = Extract<OverCall, { kind: 'aggregate' | 'nth' }>

/**
 * One call over a sliding frame, for many partitions. Its frame is the rows at positions [start, end) of a partition; both only grow.
 * Results depend on the frame's rows, and for floating point on how the frame got there: never on batches or restarts.
 */
export interface FrameCall {
  /** Begins a partition, with an empty frame. */
  open(partition: number): void
  close(partition: number): void
  /** The rows at [from, to) leave at the start of the frame that ends at `end`; they can still be read. */
  leave(partition: number, from: number, to: number, end: number): void
  /** The row at `position` enters at the end. */
  enter(partition: number, position: number): void
  /** The row at `position` has been put inside the frame, whose rows behind it stand one further now. */
  insert(partition: number, position: number, start: number, end: number): void
  result(partition: number, start: number, end: number): Value
  /** The result over any frame, which moves nothing. */
  resultOf(partition: number, start: number, end: number): Value
  readonly bytes: number
  /** What `read` needs beside the rows of the frame to go on exactly. */
  write(partition: number, to: ByteWriter): void
  /** The partition is open and its rows are there. */
  read(partition: number, start: number, end: number, from: ByteReader): void
}
