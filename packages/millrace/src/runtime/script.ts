import type { MillraceError } from '../kernel/index.ts'
import type { Dataflow } from '../plan/index.ts'
import type { PlannedOutput, PlannedTable, PlanWarning } from '../sql/index.ts'

export interface ScriptSource {
  /** For messages: the file's name. */
  readonly name: string
  readonly text: string
}

/** A script after parsing, binding and planning. With errors, `dataflow` is null and `errors` holds all of them. */
export interface CompiledScript {
  readonly source: ScriptSource
  readonly dataflow: Dataflow | null
  readonly tables: readonly PlannedTable[]
  /** Bare SELECTs, or the last view of a script of views: in the script's order. */
  readonly outputs: readonly PlannedOutput[]
  readonly warnings: readonly PlanWarning[]
  readonly errors: readonly MillraceError[]
  /** Whether every input comes to an end by itself. */
  readonly bounded: boolean
}
