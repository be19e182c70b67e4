import { MAX_CONTROL_PAYLOAD } from './opcode.ts'

interface CloseCodeEntry {
  readonly name: string
  /** May stand in a close frame. The others are only reported by an implementation to its own application. */
  readonly sendable: boolean
  readonly meaning: string
}

/** The IANA registry "WebSocket Close Code Number" (RFC 6455, section 7.4.1, and later registrations). */
export const CLOSE_CODES: ReadonlyMap<number, CloseCodeEntry> = new Map([
  [1000, { name: 'NORMAL_CLOSURE', sendable: true, meaning: 'normal closure' }],
  [1001, { name: 'GOING_AWAY', sendable: true, meaning: 'the endpoint is going away' }],
  [1002, { name: 'PROTOCOL_ERROR', sendable: true, meaning: 'protocol error' }],
  [1003, { name: 'UNSUPPORTED_DATA', sendable: true, meaning: 'unsupported kind of data' }],
  [1004, { name: 'RESERVED', sendable: false, meaning: 'reserved' }],
  [1005, { name: 'NO_STATUS_RECEIVED', sendable: false, meaning: 'closed without a code' }],
  [1006, { name: 'ABNORMAL_CLOSURE', sendable: false, meaning: 'the connection was lost without a close frame' }],
  [1007, { name: 'INVALID_PAYLOAD', sendable: true, meaning: 'a text message was not UTF-8' }],
  [1008, { name: 'POLICY_VIOLATION', sendable: true, meaning: 'policy violation' }],
  [1009, { name: 'MESSAGE_TOO_BIG', sendable: true, meaning: 'a message was too big' }],
  [1010, { name: 'MANDATORY_EXTENSION', sendable: true, meaning: 'a required extension is missing' }],
  [1011, { name: 'INTERNAL_ERROR', sendable: true, meaning: 'internal error' }],
  [1012, { name: 'SERVICE_RESTART', sendable: true, meaning: 'the service restarts' }],
  [1013, { name: 'TRY_AGAIN_LATER', sendable: true, meaning: 'try again later' }],
  [1014, { name: 'BAD_GATEWAY', sendable: true, meaning: 'bad gateway' }],
  [1015, { name: 'TLS_HANDSHAKE', sendable: false, meaning: 'the TLS handshake failed' }],
] satisfies [number, CloseCodeEntry][])

/** Codes an endpoint may put into a close frame: the sendable registered ones, 3000-3999 and 4000-4999. */
export function isSendableCloseCode(code: number): boolean {
  if (code >= 3000 && code <= 4999) return Number.isInteger(code)
  return CLOSE_CODES.get(code)?.sendable === true
}

/** `1006: the connection was lost without a close frame`; with the peer's reason, if it gave one, as one printable line. */
export function describeClose(code: number, reason = ''): string {
  const meaning = CLOSE_CODES.get(code)?.meaning ?? (code >= 4000 ? 'application code' : 'registered code')
  return `${code}: ${reason.replace(/\p{C}+/gu, ' ').trim() || meaning}`
}

/** The longest prefix of `reason`, in whole characters, that fits beside the code into a close frame. */
export function truncateReason(reason: string): string {
  const limit = MAX_CONTROL_PAYLOAD - 2
  if (Buffer.byteLength(reason) <= limit) return reason
  let cut = ''
  let bytes = 0
  for (const character of reason) {
    bytes += Buffer.byteLength(character)
    if (bytes > limit) break
    cut += character
  }
  return cut
}
