import { MillraceError } from '../kernel/index.ts'

/** What a pending or later call rejects with after an abort or `close`. */
export function cancelled(signal?: AbortSignal): MillraceError {
  return new MillraceError('CANCELLED', 'the connector was told to stop', { cause: signal?.reason })
}
