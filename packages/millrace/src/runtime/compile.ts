import type { BadDataPolicy } from '../kernel/index.ts'
import { describeTable } from '../connectors/index.ts'
import { functionCatalog } from '../engine/index.ts'
import { parseScript, planScript, STANDARD, type Statement } from '../sql/index.ts'
import type { CompiledScript, ScriptSource } from './script.ts'

export interface CompileOptions {
  /** For tables that say nothing. */
  readonly badData?: BadDataPolicy
  /** There is a log; see `PlanOptions.topics`. Default false. */
  readonly topics?: boolean
  /** Tables and views that the script does not make itself, for what it reads. */
  readonly context?: (script: readonly Statement[]) => readonly Statement[]
}

/** Parses, binds and plans a script. Never throws for what the user wrote: all errors are in the result, in order of position. */
export function compileScript(source: ScriptSource, options: CompileOptions = {}): CompiledScript {
  const parsed = parseScript(source.text, STANDARD)
  const context = options.context?.(parsed.statements) ?? []
  const planned = planScript(
    [...context, ...parsed.statements],
    { functions: functionCatalog, describeTable, dialect: STANDARD },
    { defaultBadData: options.badData ?? 'fail', partial: parsed.errors.length > 0, topics: options.topics ?? false },
  )
  const errors = [...parsed.errors, ...planned.errors].sort((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0))
  return {
    source,
    dataflow: errors.length === 0 ? planned.dataflow : null,
    tables: planned.tables,
    outputs: planned.outputs,
    warnings: planned.warnings,
    errors,
    bounded: planned.dataflow?.nodes.every((n) => n.kind !== 'source' || n.to !== undefined || isBounded(planned.tables, n.table)) ?? false,
  }
}

function isBounded(tables: CompiledScript['tables'], name: string): boolean {
  return tables.find((t) => t.name === name)?.description.bounded ?? false
}
