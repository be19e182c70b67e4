import type { RetryPolicy } from '../../connectors/index.ts'

/** Microseconds to wait before attempt `attempt` (from 0): between half and all of min(maxDelay, initialDelay * 2^attempt). */
export function backoffDelay(policy: RetryPolicy, attempt: number, random: () => number): number {
  const ceiling = Math.min(policy.maxDelay, policy.initialDelay * 2 ** Math.min(attempt, 30))
  return ceiling * (0.5 + random() / 2)
}
