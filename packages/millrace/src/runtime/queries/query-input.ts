import type { NodeId } from '../../plan/index.ts'
import type { MillraceError } from '../../kernel/index.ts'
import type { Step } from '../executor/executor.ts'

/** What is taken of an input at a time. */
export interface Portion {
  readonly inputs: Step['inputs']
  /** Sources whose end comes after these inputs. */
  readonly ended: readonly NodeId[]
  /** The portion was processed, or finally given up. */
  settle(error?: MillraceError): Promise<void>
}

/** Where the payloads of some of a query's sources come from. */
export interface QueryInput {
  readonly sources: readonly NodeId[]
  /** Everything that was there at the start has been taken. */
  readonly caughtUp: boolean
  /** It was stopped, and everything that had been read, or was there, has been taken. */
  readonly drained: boolean
  /** Reading has failed; what was read before can still be taken. */
  readonly failure: MillraceError | null
  /** Resolves when there is something to take, after `millis`, or on `wake`. */
  wait(millis: number): Promise<void>
  wake(): void
  /** About `maxBytes` of payloads. */
  take(maxBytes: number): Portion
  /** Reads no more than what is there now. */
  stop(): void
  /** Idempotent. */
  close(): void
}
