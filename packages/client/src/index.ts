export {
  connect,
  type ConnectOptions,
  type ConnectionStatus,
  type RowStream,
  type WebSocketConstructor,
} from './connect.ts'
export { type RetryOptions } from './backoff.ts'
export type { RowGap, StreamPosition } from '@millrace/protocol'
