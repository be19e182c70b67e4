/** Codes a stream is closed with, after RFC 6455, section 7.4; those from 4000 on are ours. */
export const CLOSE_CODES = {
  /** The query's inputs ended: there is nothing more. */
  complete: 1000,
  /** The server goes away; it may come back. */
  goingAway: 1001,
  /** The query failed. */
  failed: 1011,
  /** The client did not read fast enough. It can resume. */
  tooSlow: 4429,
} as const

/** Whether connecting again is pointless because the stream is over. */
export function isFinalClose(code: number): boolean {
  return code === CLOSE_CODES.complete
}
