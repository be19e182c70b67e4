export { CLOSE_CODES, isFinalClose } from './close-codes.ts'
export { type Hello, parseMessage, type RowGap, type ServerMessage } from './messages.ts'
export { ENVELOPE_PROTOCOL, PROTOCOL_VERSION, streamUrl, type StreamPosition } from './stream.ts'
