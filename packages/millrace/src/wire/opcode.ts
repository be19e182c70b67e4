/** Frame opcodes (RFC 6455, section 5.2). */
export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const

export type Opcode = (typeof OPCODE)[keyof typeof OPCODE]

/** Control frames carry at most this many payload bytes and are never fragmented (RFC 6455, section 5.5). */
export const MAX_CONTROL_PAYLOAD = 125
