/** What happened on a recorded connection: it was opened, the client said something, the server said something. */
export interface RecordedEvent {
  readonly kind: 'connect' | 'send' | 'recv'
  /** Name of the connection; empty where the format has no names. */
  readonly conn: string
  /** Milliseconds since the epoch, fractions kept; NaN where no time was recorded. */
  readonly timeMs: number
  /** A binary frame; otherwise a text frame, whose payload as bytes is UTF-8. */
  readonly binary: boolean
  /** Empty for `connect`. */
  readonly payload: string | Uint8Array
}
