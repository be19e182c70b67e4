import { MillraceError } from '../../kernel/index.ts'
import { isSendableCloseCode } from '../../wire/index.ts'

/**
 * What breaks on purpose:
 * - `fin`: whole frames are flushed, then TCP ends without a close frame. Nothing is lost.
 * - `reset`: the next frame is cut in its middle and the connection reset. That frame is lost, with all that were in flight.
 * - `close`: whole frames are flushed, then a close frame with this code. Nothing is lost.
 * - `stall`: nothing is sent any more, pongs neither; the connection stays open until the client gives up.
 */
export type FaultAction =
  | { readonly kind: 'fin' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'close'; readonly code: number }
  | { readonly kind: 'stall' }

export interface FaultOptions {
  /** After every N frames of a connection. */
  readonly dropEvery?: number
  /** After these numbers of frames of a connection, counted over its reconnects. */
  readonly dropAt?: readonly number[]
  readonly reset?: boolean
  readonly closeCode?: number
  readonly stall?: boolean
}

/** A fault strikes at places; without places, when the recording ends. */
export interface Fault {
  readonly action: FaultAction
  /** The number of frames after which it strikes next, when `frames` have been sent; Infinity for never. */
  next(frames: number): number
  readonly atEnd: boolean
}

/** @throws MillraceError USAGE for options that have no meaning or exclude each other. */
export function parseFault(options: FaultOptions): Fault | null {
  const { dropEvery, dropAt, closeCode } = options
  const actions: FaultAction[] = []
  if (options.reset === true) actions.push({ kind: 'reset' })
  if (closeCode !== undefined) actions.push({ kind: 'close', code: closeCode })
  if (options.stall === true) actions.push({ kind: 'stall' })
  if (actions.length > 1) {
    throw new MillraceError('USAGE', `faults "${actions[0]!.kind}" and "${actions[1]!.kind}" exclude each other`)
  }
  if (closeCode !== undefined && !isSendableCloseCode(closeCode)) {
    throw new MillraceError('USAGE', `close code ${closeCode} must not be sent`, {
      hint: 'Use 1000-1003, 1007-1014 or 3000-4999.',
    })
  }
  if (dropEvery !== undefined && !(Number.isSafeInteger(dropEvery) && dropEvery > 0)) {
    throw new MillraceError('USAGE', `a connection cannot be dropped every ${dropEvery} frames`)
  }
  if (dropAt?.some((n) => !Number.isSafeInteger(n) || n < 1) === true) {
    throw new MillraceError('USAGE', 'places to drop at are numbers of frames from 1 up')
  }
  const action = actions[0]
  const places = dropEvery !== undefined || dropAt !== undefined
  if (!places) return action === undefined ? null : { action, next: () => Infinity, atEnd: true }
  const sorted = [...new Set(dropAt)].sort((a, b) => a - b)
  return {
    action: action ?? { kind: 'fin' },
    next: (frames) =>
      Math.min(
        dropEvery === undefined ? Infinity : (Math.floor(frames / dropEvery) + 1) * dropEvery,
        sorted.find((n) => n > frames) ?? Infinity,
      ),
    atEnd: false,
  }
}
