import { MillraceError } from '../../kernel/index.ts'

const MIB = 1024 * 1024

/** What a query may hold in state when nobody says otherwise. */
export const DEFAULT_STATE_LIMIT = 1024 * MIB

/** Bytes of state of one query, all operators together, against its limit. */
export class StateBudget {
  readonly #limit: number
  #used = 0

  constructor(limitBytes = DEFAULT_STATE_LIMIT) {
    this.#limit = limitBytes
  }

  get used(): number {
    return this.#used
  }

  /** `node` holds `delta` bytes more (or fewer). Throws LIMIT_STATE beyond the limit. */
  charge(node: string, delta: number): void {
    this.#used += delta
    if (delta > 0 && this.#used > this.#limit) {
      throw new MillraceError('LIMIT_STATE', `state of the query grew over its limit at node "${node}"`, {
        detail: `The query holds ${shownBytes(this.#used)} of state; its limit is ${shownBytes(this.#limit)}.`,
        hint: 'Group by fewer keys, use shorter windows or a smaller allowed_lateness, or raise the limit (`--state-limit`).',
      })
    }
  }
}

function shownBytes(bytes: number): string {
  return bytes < MIB ? `${bytes} bytes` : `${(bytes / MIB).toFixed(1)} MiB`
}
