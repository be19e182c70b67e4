import type { BadDataPolicy } from '../kernel/index.ts'
import { describeTable } from '../connectors/index.ts'
import { functionCatalog } from '../engine/index.ts'
import { parseScript, planScript, STANDARD } from '../sql/index.ts'
import type { CompiledScript, ScriptSource } from './script.ts'

export interface CompileOptions {
  /** For tables that say nothing. */
  readonly badData?: BadDataPolicy
}

/** Parses, binds and plans a script. Never throws for what the user wrote: all errors are in the result, in order of position. */
export function compileScript(source: ScriptSource, options: CompileOptions = {}): CompiledScript {
  const parsed = parseScript(source.text, STANDARD)
  const planned = planScript(
    parsed.statements,
    { functions: functionCatalog, describeTable, dialect: STANDARD },
    { defaultBadData: options.badData ?? 'fail', partial: parsed.errors.length > 0 },
  )
  const errors = [...parsed.errors, ...planned.errors].sort((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0))
  return {
    source,
    dataflow: errors.length === 0 ? planned.dataflow : null,
    tables: planned.tables,
    outputs: planned.outputs,
    warnings: planned.warnings,
    errors,
    bounded: planned.dataflow?.nodes.every((n) => n.kind !== 'source' || isBounded(planned.tables, n.table)) ?? false,
  }
}

function isBounded(tables: CompiledScript['tables'], name: string): boolean {
  return tables.find((t) => t.name === name)?.description.bounded ?? false
}
