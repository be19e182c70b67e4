export { OPCODE, MAX_CONTROL_PAYLOAD, type Opcode } from './opcode.ts'
export {
  applyMask,
  encodeCloseFrame,
  encodeFrame,
  frameHeaderBytes,
  writeFrameHeader,
  type FramePayload,
} from './frame.ts'
export { FrameBuffer } from './frame-buffer.ts'
export { CLOSE_CODES, describeClose, isSendableCloseCode, truncateReason } from './close-codes.ts'
export { DEFAULT_LIMITS, type WireLimits } from './limits.ts'
export { KeepAlive, type KeepAliveAction, type KeepAliveOptions } from './keep-alive.ts'
export {
  authority,
  listen,
  type CloseOptions,
  type Listener,
  type ListenOptions,
  type ServerConnection,
} from './listen.ts'
export { connect, parseEndpoint, type ClientConnection, type ConnectOptions } from './connect.ts'
