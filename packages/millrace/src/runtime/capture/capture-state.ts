import type { Position } from '../../connectors/index.ts'

/** What the log keeps of a capture, in the transactions of its records. */
export interface CaptureState {
  /** Of a source that can be replayed: it goes on strictly after it. */
  readonly position: Position | null
  /** Microseconds: arrival of the last record. */
  readonly at: number
  /** The source came to its end. */
  readonly finished: boolean
}

export function captureKey(table: string): string {
  return `capture/${table}`
}

export function encodeCapture(state: CaptureState): Uint8Array {
  return Buffer.from(JSON.stringify(state))
}

export function decodeCapture(bytes: Uint8Array): CaptureState {
  return JSON.parse(Buffer.from(bytes).toString()) as CaptureState
}
