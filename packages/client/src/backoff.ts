export interface RetryOptions {
  /** Milliseconds before the first new attempt; doubled for each further one. Default 500. */
  readonly initialMs?: number | undefined
  /** Default 30,000. */
  readonly maxMs?: number | undefined
  /** Failures in a row before the stream fails. Default: no limit. */
  readonly maxAttempts?: number | undefined
}

/** Milliseconds before attempt `attempt`, counted from 0, spread over half its range so that clients do not return all at once. */
export function retryDelay(attempt: number, options: RetryOptions, random: () => number = Math.random): number {
  const { initialMs = 500, maxMs = 30_000 } = options
  const full = Math.min(maxMs, initialMs * 2 ** Math.min(attempt, 30))
  return full * (0.5 + random() / 2)
}
