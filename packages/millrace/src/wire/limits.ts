/** Limits of one endpoint. Sizes are bytes, times are milliseconds. Each is the default of an option somewhere above. */
export interface WireLimits {
  /** A message from a client of ours. */
  readonly clientMessageBytes: number
  /** A message from a feed we read. */
  readonly feedMessageBytes: number
  /** Fragments of one message. */
  readonly fragments: number
  /** Bytes waiting for one client before its slow-consumer policy applies. */
  readonly queueBytes: number
  /** From the first byte of a handshake to its end, on both sides. */
  readonly handshakeMs: number
  /** Silence after which a peer is pinged. */
  readonly heartbeatMs: number
  /** Silence after a ping that means the peer is dead. */
  readonly pongMs: number
  /** From our close frame to the end of the connection; then the socket is destroyed. */
  readonly closeMs: number
}

export const DEFAULT_LIMITS: WireLimits = {
  clientMessageBytes: 64 * 1024,
  feedMessageBytes: 1024 * 1024,
  fragments: 1024,
  queueBytes: 1024 * 1024,
  handshakeMs: 5_000,
  heartbeatMs: 25_000,
  pongMs: 8_000,
  closeMs: 5_000,
}
