import type { Broadcast, BroadcastOptions } from '../../connectors/index.ts'
import { RowBroadcast } from './row-broadcast.ts'

export function createBroadcast(options: BroadcastOptions): Broadcast {
  return new RowBroadcast(options)
}
